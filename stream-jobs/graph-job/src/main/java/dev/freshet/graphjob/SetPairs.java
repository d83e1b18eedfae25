package dev.freshet.graphjob;

import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.incremental.CutSets;
import dev.freshet.graph.incremental.DeltaBatches;
import dev.freshet.graph.incremental.MemberSets;
import dev.freshet.graph.incremental.NodeSets;
import dev.freshet.graph.incremental.NodeStore;
import dev.freshet.graph.incremental.NodeUpdates;
import dev.freshet.graph.incremental.PairDeltas;
import dev.freshet.graph.incremental.SetChanges;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/**
 * Holds sets of nodes: every item's users, or the items that count of every user, keyed by the set's shard. Sends changes of the
 * members' rows, degrees of the sets, and where it cuts, which members count.
 */
final class SetPairs extends AbstractStreamOperator<ShardBatch>
        implements OneInputStreamOperator<ShardBatch, ShardBatch> {

    private static final long serialVersionUID = 1L;

    static final OutputTag<NodeBatch> DEGREES = new OutputTag<>("degrees", Types.POJO(NodeBatch.class));
    static final OutputTag<ShardBatch> COUNTED = new OutputTag<>("counted", Types.POJO(ShardBatch.class));

    /** Changes that are put off, so that they can be consolidated. */
    private static final long MAX_BUFFERED = 1 << 16;

    private final int max;
    private final String count;
    private transient NodeSets sets;
    private transient PairDeltas pairs;
    private transient DeltaBatches rowBatches;
    private transient NodeUpdates degrees;
    private transient SetChanges counted;
    private transient boolean restored;

    /**
     * @param max members of a set that count
     * @param count name of the number of sets among the counts of a snapshot; null for none
     */
    SetPairs(int max, String count) {
        this.max = max;
        this.count = count;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        KeyedStores stores = new KeyedStores(getKeyedStateBackend(), context.getKeyedStateStore());
        NodeStore store = stores.nodes("members");
        sets = max == GraphSettings.UNLIMITED ? new MemberSets(store) : new CutSets(store, stores.pages("pages"), max);
        counted = new SetChanges(false);
        pairs = new PairDeltas();
        rowBatches = new DeltaBatches(
                Batches.BYTES, (shard, batch) -> output.collect(new StreamRecord<>(new ShardBatch(shard, batch))));
        degrees = new NodeUpdates();
        restored = context.isRestored();
        JobMetric.PAIR_UPDATES.gauge(getMetricGroup(), sets::pairUpdates);
    }

    private void greet() {
        if (restored) {
            restored = false;
            sets.restore(this::send);
        }
    }

    private void send(int set, int size) {
        degrees.degree(set, size);
        Batches.sendIfFull(degrees, DEGREES, output);
    }

    @Override
    public void processElement(StreamRecord<ShardBatch> element) {
        greet();
        sets.add(element.getValue().shard, element.getValue().data);
        if (sets.buffered() > MAX_BUFFERED) {
            flush();
        }
    }

    private void flush() {
        sets.flush(pairs, new NodeSets.Sink() {
            @Override
            public void degree(int set, int size) {
                send(set, size);
            }

            @Override
            public void counted(int set, int member, boolean add) {
                counted.change(member, set, 0, add);
            }
        });
        counted.flush((shard, batch) -> output.collect(COUNTED, new StreamRecord<>(new ShardBatch(shard, batch))));
        pairs.drain(rowBatches);
        rowBatches.flush();
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        greet();
        flush();
        Batches.send(degrees, DEGREES, output);
        if (count == null) {
            return;
        }
        CutPart part = new CutPart();
        part.content = "members";
        part.subtask = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
        part.parallelism = getRuntimeContext().getTaskInfo().getNumberOfParallelSubtasks();
        part.manifest = Cut.manifest(List.of(), Map.of(count, sets.liveSets()), List.of());
        output.collect(Cut.TAG, new StreamRecord<>(part));
    }
}

package dev.freshet.graphjob;

import dev.freshet.graph.incremental.NodeTable;
import dev.freshet.graph.incremental.NodeUpdates;
import dev.freshet.graph.incremental.PairRows;
import java.io.File;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Holds the co-occurrence rows of nodes of one kind, keyed by the node's shard; its second input are news of all
 * nodes of the kind, broadcast. At the barrier it scores what changed, sends the lists that changed to the topic
 * neighbors, and writes the graphs of snapshots.
 */
final class RowGraphs extends AbstractStreamOperator<Outbound>
        implements TwoInputStreamOperator<ShardBatch, NodeBatch, Outbound> {

    private static final long serialVersionUID = 1L;

    /** Bytes of changes that are put off in memory. */
    private static final long MAX_PENDING = 32L << 20;

    private final String folder;
    private final ArrayList<Graph> graphs;
    private transient NodeTable nodes;
    private transient PairRows rows;
    private transient GraphOutput lists;
    private transient boolean erased;
    private transient long flushMillis;

    /** A graph over the rows. With {@code minCount} 0 it goes by Jaccard similarity, else by count. */
    record Graph(String name, int minCount, int topK) implements Serializable {}

    RowGraphs(String folder, List<Graph> graphs) {
        this.folder = folder;
        this.graphs = new ArrayList<>(graphs);
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        KeyedStores stores = new KeyedStores(getKeyedStateBackend(), context.getKeyedStateStore());
        nodes = new NodeTable();
        File[] temporary = getContainingTask().getEnvironment().getIOManager().getSpillingDirectories();
        rows = new PairRows(
                stores.nodes("rows"),
                stores.changes("row-changes"),
                nodes,
                MAX_PENDING,
                temporary[getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() % temporary.length].toPath(),
                context.isRestored());
        lists = new GraphOutput(context, folder, getRuntimeContext().getTaskInfo(), output);
        for (Graph graph : graphs) {
            if (graph.minCount() == 0) {
                rows.addJaccard(graph.name(), graph.topK(), stores.nodes(graph.name()));
            } else {
                rows.addCooccurrence(graph.name(), graph.minCount(), graph.topK(), stores.nodes(graph.name()));
            }
        }
        JobMetric.SCORING_MILLIS.gauge(getMetricGroup(), () -> flushMillis);
        JobMetric.SPILLED_BYTES.gauge(getMetricGroup(), rows::spilledBytes);
    }

    @Override
    public void processElement1(StreamRecord<ShardBatch> element) {
        rows.add(element.getValue().shard, element.getValue().data);
    }

    @Override
    public void processElement2(StreamRecord<NodeBatch> element) {
        NodeUpdates.apply(element.getValue().data, nodes);
        erased |= element.getValue().erased || !nodes.erased().isEmpty();
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        long start = System.nanoTime();
        if (erased) {
            erased = false;
            lists.rewrite();
        }
        rows.flush(checkpointId, lists::send);
        for (Graph graph : graphs) {
            String name = graph.name();
            lists.cut(
                    name,
                    checkpointId,
                    rows.listCount(name),
                    rows.edgeCount(name),
                    Map.of(),
                    sink -> rows.forEach(name, sink));
        }
        flushMillis = (System.nanoTime() - start) / 1_000_000;
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        lists.save();
    }

    @Override
    public void close() throws Exception {
        if (lists != null) {
            lists.abort();
        }
        if (rows != null) {
            rows.close();
        }
        super.close();
    }
}

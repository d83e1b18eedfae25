package dev.freshet.graphjob;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.content.ContentGraphs;
import dev.freshet.graph.incremental.UserLinks;
import java.util.Map;
import java.util.Set;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Holds the vectors of all items; its second input are all users' live items. At the barrier it brings the graphs by content up to
 * date, sends the lists that changed to the topic neighbors, and writes the graphs of snapshots. One subtask, which uses all cores
 * for that: every vector is compared with all others. The state are the lists; vectors and users' items come again after a restart.
 *
 * <p>While much is coming in, comparing at every barrier would do the same work over and over, and hold the job up: the graphs then stay
 * behind, and cuts make no snapshots, until less than a tenth of what is put off came since the last barrier.
 */
final class VectorGraphs extends AbstractStreamOperator<Outbound>
        implements TwoInputStreamOperator<ItemVector, NodeBatch, Outbound> {

    private static final long serialVersionUID = 1L;

    /** Multiplications that any barrier may take: about a second on two cores. */
    static final long MAX_WORK = 200_000_000_000L;

    private static final int LULL = 10;

    private final String folder;
    private final int topK;
    private final int exactUpTo;
    private final long maxWork;
    private transient ContentGraphs graphs;
    private transient GraphOutput lists;
    private transient long changesAtBarrier;
    private transient long changesAtFlush;
    private transient long flushMillis;

    VectorGraphs(String folder, GraphSettings settings) {
        this(folder, settings, MAX_WORK);
    }

    VectorGraphs(String folder, GraphSettings settings, long maxWork) {
        this.folder = folder;
        this.topK = settings.contentTopK();
        this.exactUpTo = settings.contentExact();
        this.maxWork = maxWork;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        graphs = new ContentGraphs(
                topK,
                Runtime.getRuntime().availableProcessors(),
                exactUpTo,
                new KeyedStores(getKeyedStateBackend(), context.getKeyedStateStore()).lists("content-lists"),
                context.isRestored());
        lists = new GraphOutput(context, folder, getRuntimeContext().getTaskInfo(), output);
        getMetricGroup().gauge("contentMillis", (Gauge<Long>) () -> flushMillis);
    }

    @Override
    public void processElement1(StreamRecord<ItemVector> element) {
        ItemVector update = element.getValue();
        if (update.modality == null) {
            lists.rewrite();
        } else if (update.vector == null) {
            graphs.remove(update.modality, update.item);
        } else {
            graphs.put(update.modality, update.item, update.vector);
        }
    }

    @Override
    public void processElement2(StreamRecord<NodeBatch> element) {
        if (element.getValue().erased) {
            lists.rewrite();
        }
        UserLinks.apply(element.getValue().data, graphs::link);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        if (isBehind()) {
            CutPart part = new CutPart();
            part.behind = true;
            output.collect(Cut.TAG, new StreamRecord<>(part));
            return;
        }
        long start = System.nanoTime();
        graphs.flush(checkpointId, lists::send);
        // A graph whose vectors have all gone is not known any more after a restart, its files are.
        Set<String> all = lists.graphs();
        all.addAll(graphs.names());
        for (String graph : all) {
            Map<String, Double> means = graphs.meanCosines();
            means.keySet().removeIf(modality -> !graph.equals(GraphNames.itemContent(modality)));
            lists.cut(
                    graph,
                    checkpointId,
                    graphs.nodes(graph),
                    graphs.edges(graph),
                    means,
                    sink -> graphs.forEach(graph, sink));
        }
        flushMillis = (System.nanoTime() - start) / 1_000_000;
    }

    private boolean isBehind() {
        long changes = graphs.changes();
        long since = changes - changesAtBarrier;
        changesAtBarrier = changes;
        boolean behind = LULL * since > changes - changesAtFlush && graphs.work() > maxWork;
        if (!behind) {
            changesAtFlush = changes;
        }
        return behind;
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
        super.close();
    }
}

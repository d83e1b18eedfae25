package dev.freshet.graphjob;

import dev.freshet.graph.incremental.ListSink;
import dev.freshet.graph.incremental.NodeTable;
import dev.freshet.graph.incremental.NodeUpdates;
import dev.freshet.graph.incremental.PairRows;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.metrics.Gauge;
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
    private transient ChainStates chainStates;
    private transient Map<String, SnapshotChain<NeighborList>> chains;
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
                nodes,
                MAX_PENDING,
                temporary[getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() % temporary.length].toPath(),
                context.isRestored());
        chainStates = new ChainStates(context);
        chains = new LinkedHashMap<>();
        for (Graph graph : graphs) {
            if (graph.minCount() == 0) {
                rows.addJaccard(graph.name(), graph.topK(), stores.nodes(graph.name()));
            } else {
                rows.addCooccurrence(graph.name(), graph.minCount(), graph.topK(), stores.nodes(graph.name()));
            }
            chains.put(
                    graph.name(),
                    new SnapshotChain<>(
                            graph.name(),
                            NeighborList.class,
                            folder,
                            getRuntimeContext().getTaskInfo().getIndexOfThisSubtask(),
                            getRuntimeContext().getTaskInfo().getNumberOfParallelSubtasks(),
                            chainStates.restored()));
        }
        getMetricGroup().gauge("scoringMillis", (Gauge<Long>) () -> flushMillis);
        getMetricGroup().gauge("spilledBytes", (Gauge<Long>) rows::spilledBytes);
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
            chains.values().forEach(SnapshotChain::rewrite);
        }
        rows.flush(checkpointId, list -> {
            output.collect(new StreamRecord<>(new Outbound(
                    Topic.NEIGHBORS.name(),
                    Keys.neighbors(list.getGraph(), list.getNode()).getBytes(StandardCharsets.UTF_8),
                    list.getNeighbors().isEmpty()
                            ? null
                            : Topic.NEIGHBORS.codec().encode(list))));
            try {
                chains.get(list.getGraph()).append(list);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        for (Map.Entry<String, SnapshotChain<NeighborList>> chain : chains.entrySet()) {
            String graph = chain.getKey();
            CutPart part = new CutPart();
            List<SnapshotFile> files = new ArrayList<>();
            chain.getValue().cut(checkpointId, writer -> rows.forEach(graph, unchecked(writer)), part, files);
            part.manifest = Cut.manifest(
                    files,
                    Map.of(graph + ".nodes", rows.listCount(graph), graph + ".edges", rows.edgeCount(graph)),
                    List.of());
            output.collect(Cut.TAG, new StreamRecord<>(part));
        }
        flushMillis = (System.nanoTime() - start) / 1_000_000;
    }

    private static ListSink unchecked(SnapshotChain.RowWriter<NeighborList> writer) {
        return list -> {
            try {
                writer.write(list);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        chainStates.save(chains.values());
    }

    @Override
    public void close() throws Exception {
        if (chains != null) {
            for (SnapshotChain<NeighborList> chain : chains.values()) {
                chain.abort();
            }
        }
        if (rows != null) {
            rows.close();
        }
        super.close();
    }
}

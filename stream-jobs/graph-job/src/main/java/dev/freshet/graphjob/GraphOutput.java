package dev.freshet.graphjob;

import dev.freshet.codec.SingleObjectCodec;
import dev.freshet.graph.incremental.ListSink;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** What an operator of graphs puts out at a barrier: changed lists, to the topic neighbors and to the graphs' files. */
final class GraphOutput {

    private final String folder;
    private final TaskInfo task;
    private final Output<StreamRecord<Outbound>> output;
    private final ChainStates states;
    private final List<ChainState> restored = new ArrayList<>();
    private final Map<String, SnapshotChain<NeighborList>> chains = new TreeMap<>();

    GraphOutput(StateInitializationContext context, String folder, TaskInfo task, Output<StreamRecord<Outbound>> output)
            throws Exception {
        this.folder = folder;
        this.task = task;
        this.output = output;
        states = new ChainStates(context);
        for (ChainState state : states.restored()) {
            restored.add(state);
            chain(state.content);
        }
    }

    private SnapshotChain<NeighborList> chain(String graph) throws IOException {
        SnapshotChain<NeighborList> chain = chains.get(graph);
        if (chain == null) {
            chain = new SnapshotChain<>(
                    graph,
                    NeighborList.class,
                    folder,
                    task.getIndexOfThisSubtask(),
                    task.getNumberOfParallelSubtasks(),
                    restored);
            chains.put(graph, chain);
        }
        return chain;
    }

    /** Names of the graphs that have files, from before a restart, too. */
    Set<String> graphs() {
        return new TreeSet<>(chains.keySet());
    }

    /** Makes the next cut write every file anew. */
    void rewrite() {
        chains.values().forEach(SnapshotChain::rewrite);
    }

    /** Sends a list that changed. */
    void send(NeighborList list) {
        byte[] value = Topic.NEIGHBORS.codec().encode(list);
        output.collect(new StreamRecord<>(new Outbound(
                Topic.NEIGHBORS.name(),
                Keys.neighbors(list.getGraph(), list.getNode()).getBytes(StandardCharsets.UTF_8),
                list.getNeighbors().isEmpty() ? null : value)));
        try {
            chain(list.getGraph()).append(SingleObjectCodec.body(value));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every list of a graph. */
    @FunctionalInterface
    interface Lists {
        void forEach(ListSink sink) throws Exception;
    }

    /** Ends a graph's file at a barrier, and sends this subtask's part of the cut. */
    void cut(String graph, long checkpointId, long nodes, long edges, Map<String, Double> meanCosines, Lists lists)
            throws Exception {
        cut(graph, checkpointId, nodes, edges, meanCosines, lists, new CutPart());
    }

    /** The same, in a part that has been begun. */
    void cut(
            String graph,
            long checkpointId,
            long nodes,
            long edges,
            Map<String, Double> meanCosines,
            Lists lists,
            CutPart part)
            throws Exception {
        List<SnapshotFile> files = new ArrayList<>();
        chain(graph).cut(checkpointId, writer -> lists.forEach(unchecked(writer)), part, files);
        part.manifest =
                Cut.manifest(files, Map.of(graph + ".nodes", nodes, graph + ".edges", edges), List.of(), meanCosines);
        output.collect(Cut.TAG, new StreamRecord<>(part));
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

    /** Keeps what goes on after a restart. */
    void save() throws Exception {
        states.save(chains.values());
    }

    /** Gives up what is being written. */
    void abort() throws IOException {
        for (SnapshotChain<NeighborList> chain : chains.values()) {
            chain.abort();
        }
    }
}

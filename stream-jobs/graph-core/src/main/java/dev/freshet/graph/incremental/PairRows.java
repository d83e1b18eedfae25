package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The co-occurrence rows of the nodes that one instance owns, and the graphs over them. Changes are put off until {@link #flush}, when
 * all changes and all degrees of the cut are there: each changed row is read, merged, written and scored once per
 * flush, however many changes it has. Not thread-safe.
 */
public final class PairRows implements AutoCloseable {

    /** Part of all nodes from which on sorting their names pays for choosing among the partners of so many. */
    private static final int SORT_SHARE = 8;

    private final NodeStore rows;
    private final NodeTable nodes;
    private final List<TopKLists> graphs = new ArrayList<>();
    private final PendingChanges pending;
    private final Accumulator sums = new Accumulator();
    private final Row row = new Row();
    private final Buffer packed = new Buffer(1 << 10);
    private boolean restored;

    /**
     * @param rows the durable rows; where it has some, all lists are scored at the first flush
     * @param nodes names and degrees, complete at every {@link #flush}
     * @param pendingLimit bytes of changes to put off in memory; more go to a temporary file
     * @param temporary folder for that file
     */
    public PairRows(NodeStore rows, NodeTable nodes, long pendingLimit, Path temporary, boolean restored) {
        this.rows = rows;
        this.nodes = nodes;
        this.pending = new PendingChanges(pendingLimit, temporary);
        this.restored = restored;
    }

    /**
     * Adds the graph of the k most similar nodes by Jaccard similarity.
     *
     * @param emitted durable memory of the lists passed on
     */
    public void addJaccard(String graph, int k, NodeStore emitted) {
        graphs.add(new JaccardLists(graph, k, nodes, emitted));
    }

    /** Adds the graph of the k nodes that co-occur most, at least {@code minCount} times. */
    public void addCooccurrence(String graph, int minCount, int k, NodeStore emitted) {
        graphs.add(new CooccurrenceLists(graph, minCount, k, nodes, emitted));
    }

    /** Takes a batch of changes for a shard, as {@link DeltaBatches} packs them. */
    public void add(int shard, byte[] batch) {
        pending.add(shard, batch);
    }

    /**
     * Merges and scores what changed since the last flush.
     *
     * @param version version of the lists that changed
     * @param sink receives them; an empty one for a node that has no neighbor any more
     */
    public void flush(long version, ListSink sink) {
        IntOpenHashSet rescored = new IntOpenHashSet(pending.nodes());
        for (int c = 0; c < nodes.changed().size(); c++) {
            int node = nodes.changed().getInt(c);
            if (graphs.stream().anyMatch(graph -> graph.has(node))) {
                rescored.add(node);
            }
        }
        if (rescored.size() > nodes.size() / SORT_SHARE) {
            nodes.rankNames();
        }
        for (int node : inOrderOfState(rescored.toIntArray())) {
            load(node);
            score(node, version, sink);
        }
        pending.clear();

        if (restored) {
            restored = false;
            rows.forEach((node, bytes) -> {
                if (!rescored.contains(node)) {
                    row.read(bytes);
                    score(node, version, sink);
                }
            });
        } else {
            for (TopKLists graph : graphs) {
                IntArrayList unclear = new IntArrayList();
                graph.refresh(rescored, version, sink, unclear);
                for (int node : inOrderOfState(unclear.toIntArray())) {
                    load(node);
                    graph.rescore(node, row, version, sink);
                }
            }
        }
        nodes.settle();
    }

    private void score(int node, long version, ListSink sink) {
        for (TopKLists graph : graphs) {
            graph.rescore(node, row, version, sink);
        }
    }

    /** Leaves the row in {@link #row}, changes merged. */
    private void load(int node) {
        byte[] stored = rows.get(node);
        if (!pending.addTo(sums, node)) {
            row.read(stored);
            return;
        }
        int changes = sums.drain();
        row.merge(stored, sums.ids, sums.values, changes);
        if (row.size > 0) {
            packed.clear();
            PackedRow.write(packed, row.ids, row.counts, row.size);
            rows.put(node, packed.toBytes());
        } else if (stored != null) {
            rows.remove(node);
        }
    }

    /** Shard by shard, as the state is sorted: neighbors in the state are read one after the other. */
    private static int[] inOrderOfState(int[] ids) {
        IntArrays.quickSort(ids, (a, b) -> {
            int byShard = Integer.compare(Shards.of(a), Shards.of(b));
            return byShard != 0 ? byShard : Integer.compare(a, b);
        });
        return ids;
    }

    /** Names of the graphs. */
    public List<String> graphs() {
        return graphs.stream().map(TopKLists::graph).toList();
    }

    /** Number of non-empty lists of a graph, as of the last flush. */
    public long listCount(String graph) {
        return byName(graph).size();
    }

    /** Number of edges of a graph, as of the last flush. */
    public long edgeCount(String graph) {
        return byName(graph).edges();
    }

    /** Passes on all non-empty lists of a graph, as of the last flush. */
    public void forEach(String graph, ListSink sink) {
        byName(graph).forEach(sink);
    }

    private TopKLists byName(String graph) {
        return graphs.stream().filter(g -> g.graph().equals(graph)).findFirst().orElseThrow();
    }

    /** Bytes of changes that are put off in the temporary file. */
    public long spilledBytes() {
        return pending.spilledBytes();
    }

    /** Deletes the temporary file, if there is one. */
    @Override
    public void close() {
        pending.close();
    }
}

package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The co-occurrence rows of the nodes that one instance owns, and the graphs over them. Changes are put off until {@link #flush}, when
 * all changes and all degrees of the cut are there. Then the rows are read of those alone whose degree changed, as all their pairs
 * weigh differently: each of these rows has the counts of the pairs that its own changes touched in others' lists. Where the other
 * end of a pair is another instance's, the row is read after all. Rows take their changes in once for many flushes. Not thread-safe.
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
     * @param log the durable changes that the rows have not taken in yet
     * @param nodes names and degrees, complete at every {@link #flush}
     * @param pendingLimit bytes of changes to put off in memory; more go to a temporary file
     * @param temporary folder for that file
     */
    public PairRows(
            NodeStore rows, ChangeLog log, NodeTable nodes, long pendingLimit, Path temporary, boolean restored) {
        this.rows = rows;
        this.nodes = nodes;
        this.pending = new PendingChanges(log, pendingLimit, temporary);
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
     * Scores what changed since the last flush.
     *
     * @param version version of the lists that changed
     * @param sink receives them; an empty one for a node that has no neighbor any more
     */
    public void flush(long version, ListSink sink) {
        pending.decide(restored);
        IntOpenHashSet rescored = toRescore();
        if (rescored.size() > nodes.size() / SORT_SHARE) {
            nodes.rankNames();
        }
        Int2ObjectMap<IntArrayList> touched = touched(rescored);
        for (int node : inOrderOfState(rescored.toIntArray())) {
            rescore(node, touched, version, sink);
        }
        for (int node : untold(touched)) {
            if (touched.get(node).size() / 2 < recentPairs(node)) {
                touched.remove(node);
                rescored.add(node);
                rescore(node, touched, version, sink);
            }
        }
        mergeOthers(rescored);
        pending.settle();

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
                graph.adjust(rescored, touched, version, sink, unclear);
                for (int node : inOrderOfState(unclear.toIntArray())) {
                    load(node);
                    graph.rescore(node, row, version, sink);
                }
            }
        }
        nodes.settle();
    }

    /** Those of which all pairs weigh differently, and those whose row is read anyway. */
    private IntOpenHashSet toRescore() {
        IntOpenHashSet rescored = new IntOpenHashSet();
        for (int node : pending.nodes()) {
            if (nodes.isChanged(node) || pending.isDue(Shards.of(node))) {
                rescored.add(node);
            }
        }
        for (int c = 0; c < nodes.changed().size(); c++) {
            int node = nodes.changed().getInt(c);
            if (graphs.stream().anyMatch(graph -> graph.has(node))) {
                rescored.add(node);
            }
        }
        return rescored;
    }

    /** A place for the pairs of every other node that changed. */
    private Int2ObjectMap<IntArrayList> touched(IntSet rescored) {
        Int2ObjectMap<IntArrayList> touched = new Int2ObjectOpenHashMap<>();
        for (int node : pending.nodes()) {
            if (!rescored.contains(node)) {
                touched.put(node, new IntArrayList());
            }
        }
        return touched;
    }

    private void rescore(int node, Int2ObjectMap<IntArrayList> touched, long version, ListSink sink) {
        load(node);
        score(node, version, sink);
        if (!touched.isEmpty()) {
            tellPartners(node, touched);
        }
    }

    /** The partners of {@link #row} learn the counts that changed: they are the same in both directions. */
    private void tellPartners(int node, Int2ObjectMap<IntArrayList> touched) {
        int changes = recentPairs(node);
        for (int c = 0, e = 0; c < changes; c++) {
            while (e < row.size && row.ids[e] < sums.ids[c]) {
                e++;
            }
            IntArrayList pairs = touched.get(sums.ids[c]);
            if (pairs != null) {
                pairs.add(node);
                pairs.add(e < row.size && row.ids[e] == sums.ids[c] ? row.counts[e] : 0);
            }
        }
    }

    /** Number of pairs of a node that changed since the last flush, which are left in {@link #sums}. */
    private int recentPairs(int node) {
        pending.addRecentTo(sums, node);
        return sums.drain();
    }

    /**
     * Nodes that were not told of every pair that changed, as a partner is another instance's, or has the degree that it had; those that
     * lack most first, whose rows tell the others most.
     */
    private int[] untold(Int2ObjectMap<IntArrayList> touched) {
        Int2IntOpenHashMap missing = new Int2IntOpenHashMap();
        for (int node : inOrderOfState(touched.keySet().toIntArray())) {
            int pairs = recentPairs(node) - touched.get(node).size() / 2;
            if (pairs > 0) {
                missing.put(node, pairs);
            }
        }
        int[] untold = inOrderOfState(missing.keySet().toIntArray());
        IntArrays.mergeSort(untold, (a, b) -> Integer.compare(missing.get(b), missing.get(a)));
        return untold;
    }

    /** Rows that did not change since the last flush, where all of a shard take their changes in. */
    private void mergeOthers(IntSet rescored) {
        for (int shard = 0; shard < Shards.COUNT; shard++) {
            if (pending.isDue(shard)) {
                for (int node : pending.earlierNodes(shard).toIntArray()) {
                    if (!rescored.contains(node)) {
                        load(node);
                    }
                }
            }
        }
    }

    private void score(int node, long version, ListSink sink) {
        for (TopKLists graph : graphs) {
            graph.rescore(node, row, version, sink);
        }
    }

    /** Leaves the row in {@link #row}, changes merged; a row that is due takes them in, and is asked for once until they are settled. */
    private void load(int node) {
        byte[] stored = rows.get(node);
        if (!pending.addTo(sums, node)) {
            row.read(stored);
            return;
        }
        int changes = sums.drain();
        row.merge(stored, sums.ids, sums.values, changes);
        if (!pending.isDue(Shards.of(node))) {
            return;
        }
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

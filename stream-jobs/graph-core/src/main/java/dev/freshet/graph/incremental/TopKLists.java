package dev.freshet.graph.incremental;

import dev.freshet.graph.TopK;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import it.unimi.dsi.fastutil.ints.Int2ObjectMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.List;

/**
 * The top-k lists of one graph over co-occurrence rows, for the nodes that one instance owns: kept in memory, passed on when they
 * change. What was passed on last is durable as a version and a 64-bit hash, so that a restart passes nothing on again.
 */
abstract class TopKLists {

    private final String graph;
    private final int k;
    final NodeTable nodes;
    private final NodeStore emitted;
    final Int2ObjectMap<Kept> lists = new Int2ObjectOpenHashMap<>();
    /** Chooses positions of {@link #candidates}, so that counts can be looked up again. */
    final TopK top;

    /** Ids of the pairs to choose from. */
    private int[] candidates;

    private long edges;

    /** The best of a row. */
    static final class Kept {
        /** Best first; at least k where the row has as many. */
        int[] ids = {};

        int[] counts = {};
        /** No pair of the row that is not kept weighs more; negative infinity if all are kept. */
        double bound = Double.NEGATIVE_INFINITY;

        long version;
        long hash;
        int emittedSize;
    }

    TopKLists(String graph, int k, int kept, NodeTable nodes, NodeStore emitted) {
        this.graph = graph;
        this.k = k;
        this.nodes = nodes;
        this.emitted = emitted;
        this.top = new TopK(kept, (a, b) -> nodes.compare(candidates[a], candidates[b]));
        emitted.forEach((node, bytes) -> {
            Buffer in = Buffer.reading(bytes);
            Kept list = new Kept();
            list.version = in.getLong();
            list.hash = in.getFixedLong();
            list.emittedSize = in.getInt();
            edges += list.emittedSize;
            lists.put(node, list);
        });
    }

    /** Weight of an edge from {@code node} to another node. */
    abstract double weight(int node, int other, int count);

    /** Chooses the best of a row that is known in full, and passes the list on if it changed. */
    final void rescore(int node, Row row, long version, ListSink sink) {
        choose(node, row.ids, row.counts, row.size);
        Kept list = lists.get(node);
        if (top.size() == 0 && list == null) {
            return;
        }
        if (list == null) {
            list = new Kept();
            lists.put(node, list);
        }
        list.bound = top.rejected();
        keep(list, row.ids, row.counts);
        emit(node, list, version, sink);
    }

    /**
     * Brings the lists up to date of nodes whose row and degree did not change, but degrees of partners did. Nodes whose list
     * cannot be told from what is kept are added to {@code unclear}.
     */
    abstract void refresh(IntSet rescored, long version, ListSink sink, IntArrayList unclear);

    /** Offers all pairs that are edges. */
    abstract void offer(int node, int[] ids, int[] counts, int size);

    final void choose(int node, int[] ids, int[] counts, int size) {
        candidates = ids;
        top.clear();
        offer(node, ids, counts, size);
        top.sort();
    }

    final void keep(Kept list, int[] ids, int[] counts) {
        int[] keptIds = new int[top.size()];
        int[] keptCounts = new int[top.size()];
        for (int rank = 0; rank < keptIds.length; rank++) {
            keptIds[rank] = ids[top.id(rank)];
            keptCounts[rank] = counts[top.id(rank)];
        }
        list.ids = keptIds;
        list.counts = keptCounts;
    }

    final void emit(int node, Kept list, long version, ListSink sink) {
        int size = Math.min(k, list.ids.length);
        long hash = hash(node, list, size);
        if (hash == list.hash && size == list.emittedSize) {
            return;
        }
        edges += size - list.emittedSize;
        list.hash = hash;
        list.emittedSize = size;
        list.version = version;
        sink.list(toRecord(node, list));
        if (size == 0) {
            lists.remove(node);
            emitted.remove(node);
        } else {
            Buffer out = new Buffer(16);
            out.putLong(version);
            out.putFixedLong(hash);
            out.putInt(size);
            emitted.put(node, out.toBytes());
        }
    }

    private long hash(int node, Kept list, int size) {
        long hash = mix(nodes.degree(node));
        for (int rank = 0; rank < size; rank++) {
            hash = mix(hash ^ list.ids[rank]);
            hash = mix(hash ^ Double.doubleToRawLongBits(weight(node, list.ids[rank], list.counts[rank])));
        }
        return hash;
    }

    /** The finalizer of MurmurHash3 over a Weyl step. */
    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 33)) * 0xFF51AFD7ED558CCDL;
        z = (z ^ (z >>> 33)) * 0xC4CEB9FE1A85EC53L;
        return z ^ (z >>> 33);
    }

    private NeighborList toRecord(int node, Kept list) {
        List<Neighbor> neighbors = new ArrayList<>(list.emittedSize);
        for (int rank = 0; rank < list.emittedSize; rank++) {
            neighbors.add(new Neighbor(nodes.name(list.ids[rank]), weight(node, list.ids[rank], list.counts[rank])));
        }
        return new NeighborList(graph, nodes.name(node), neighbors, nodes.degree(node), list.version);
    }

    final boolean has(int node) {
        return lists.containsKey(node);
    }

    final String graph() {
        return graph;
    }

    final int size() {
        return lists.size();
    }

    final long edges() {
        return edges;
    }

    final int k() {
        return k;
    }

    final void forEach(ListSink sink) {
        for (Int2ObjectMap.Entry<Kept> entry : lists.int2ObjectEntrySet()) {
            sink.list(toRecord(entry.getIntKey(), entry.getValue()));
        }
    }
}

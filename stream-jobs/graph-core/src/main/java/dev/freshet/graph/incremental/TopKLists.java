package dev.freshet.graph.incremental;

import dev.freshet.graph.TopK;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import it.unimi.dsi.fastutil.ints.Int2ObjectMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectMaps;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.List;

/**
 * The top-k lists of one graph over co-occurrence rows, for the nodes that one instance owns: kept in memory, passed on when they
 * change. What was passed on last is durable as a version and a 64-bit hash, so that a restart passes nothing on again.
 *
 * <p>The best pairs are kept, and the place in the order, weight and name, from which on all the others come. As long as the
 * k-th kept pair does not come after it, the list is exact without the row.
 */
abstract class TopKLists {

    private static final IntArrayList NOTHING = new IntArrayList();

    private final String graph;
    private final int k;
    final NodeTable nodes;
    private final NodeStore emitted;
    private final Int2ObjectMap<Kept> lists = new Int2ObjectOpenHashMap<>();
    /** Chooses positions of {@link #candidates}, so that counts can be looked up again. */
    final TopK top;

    /** Ids of the pairs to choose from. */
    private int[] candidates;

    private int[] ids = new int[64];
    private int[] counts = new int[64];
    private long edges;

    /** The best of a row. */
    private static final class Kept {
        /** Best first. */
        private int[] ids = {};

        private int[] counts = {};
        /** No edge that is not kept weighs more; negative infinity if all are kept. */
        private double bound = Double.NEGATIVE_INFINITY;
        /** Those that weigh as much come after this name; null where that is not known. */
        private String boundName;

        private long version;
        private long hash;
        private int emittedSize;

        boolean isAfterBound(double weight, String name) {
            return weight < bound || (weight == bound && (boundName == null || name.compareTo(boundName) > 0));
        }
    }

    /** @param kept how many pairs to keep, at least k */
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

    /** Passes the pairs that are edges to {@link #top}, unless there is no place for them; returns how many edges there are. */
    abstract int offer(int node, int[] ids, int[] counts, int size);

    /** Takes note of the degrees that changed; whether weights of untouched pairs may have. */
    abstract boolean degreesChanged();

    /** The greatest factor by which an untouched pair of a node may have gained weight. */
    abstract double rise(int node);

    /** Chooses the best of a row that is known in full, and passes the list on if it changed. */
    final void rescore(int node, Row row, long version, ListSink sink) {
        int offered = choose(node, row.ids, row.counts, row.size);
        Kept list = lists.get(node);
        if (top.size() == 0 && list == null) {
            return;
        }
        if (list == null) {
            list = new Kept();
            lists.put(node, list);
        }
        list.bound = Double.NEGATIVE_INFINITY;
        list.boundName = null;
        keep(list, offered, row.ids, row.counts);
        emit(node, list, version, sink);
    }

    /**
     * Brings the other lists up to date, from what is kept. Nodes whose list cannot be told from that are added to {@code unclear}.
     *
     * @param rescored nodes whose lists are up to date
     * @param touched for every other node of which a pair changed, all such pairs: partner and count as it is now, by turns
     */
    final void adjust(
            IntSet rescored, Int2ObjectMap<IntArrayList> touched, long version, ListSink sink, IntArrayList unclear) {
        boolean degreesChanged = degreesChanged();
        for (Int2ObjectMap.Entry<IntArrayList> entry : Int2ObjectMaps.fastIterable(touched)) {
            int node = entry.getIntKey();
            Kept list = lists.get(node);
            // Without a list there was no edge.
            if (!adjust(node, list == null ? new Kept() : list, entry.getValue(), rise(node), version, sink)) {
                unclear.add(node);
            }
        }
        if (!degreesChanged) {
            return;
        }
        // No list becomes empty here, so the map keeps its keys.
        for (Int2ObjectMap.Entry<Kept> entry : Int2ObjectMaps.fastIterable(lists)) {
            int node = entry.getIntKey();
            Kept list = entry.getValue();
            if (rescored.contains(node) || touched.containsKey(node)) {
                continue;
            }
            double rise = rise(node);
            if ((rise > 1 || anyChanged(list.ids)) && !adjust(node, list, NOTHING, rise, version, sink)) {
                unclear.add(node);
            }
        }
    }

    private boolean anyChanged(int[] partners) {
        for (int partner : partners) {
            if (nodes.isChanged(partner)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the list can be told. */
    private boolean adjust(int node, Kept list, IntArrayList touched, double rise, long version, ListSink sink) {
        if (rise > 1) {
            list.bound *= rise;
            list.boundName = null;
        }
        int size = merge(list, touched);
        int offered = choose(node, ids, counts, size);
        if (list.bound > Double.NEGATIVE_INFINITY
                && (top.size() < k || list.isAfterBound(top.weight(k - 1), nodes.name(ids[top.id(k - 1)])))) {
            return false;
        }
        if (top.size() > 0) {
            lists.put(node, list);
        } else if (list.emittedSize == 0) {
            return true;
        }
        keep(list, offered, ids, counts);
        emit(node, list, version, sink);
        return true;
    }

    /** Leaves the kept pairs and the touched ones in {@link #ids} and {@link #counts}; returns how many. */
    private int merge(Kept list, IntArrayList touched) {
        int kept = list.ids.length;
        int size = kept;
        ids = IntArrays.ensureCapacity(ids, size + touched.size() / 2, 0);
        counts = IntArrays.ensureCapacity(counts, size + touched.size() / 2, 0);
        System.arraycopy(list.ids, 0, ids, 0, size);
        System.arraycopy(list.counts, 0, counts, 0, size);
        for (int t = 0; t < touched.size(); t += 2) {
            int at = 0;
            while (at < kept && ids[at] != touched.getInt(t)) {
                at++;
            }
            if (touched.getInt(t + 1) > 0) {
                at = at < kept ? at : size++;
                ids[at] = touched.getInt(t);
                counts[at] = touched.getInt(t + 1);
            } else if (at < kept) {
                move(--kept, at);
                move(--size, kept);
            }
        }
        return size;
    }

    private void move(int from, int to) {
        ids[to] = ids[from];
        counts[to] = counts[from];
    }

    private int choose(int node, int[] ids, int[] counts, int size) {
        candidates = ids;
        top.clear();
        int offered = offer(node, ids, counts, size);
        top.sort();
        return offered;
    }

    private void keep(Kept list, int offered, int[] ids, int[] counts) {
        int[] keptIds = new int[top.size()];
        int[] keptCounts = new int[top.size()];
        for (int rank = 0; rank < keptIds.length; rank++) {
            keptIds[rank] = ids[top.id(rank)];
            keptCounts[rank] = counts[top.id(rank)];
        }
        list.ids = keptIds;
        list.counts = keptCounts;
        int last = top.size() - 1;
        if (offered > top.size() && !list.isAfterBound(top.weight(last), nodes.name(keptIds[last]))) {
            list.bound = top.weight(last);
            list.boundName = nodes.name(keptIds[last]);
        }
    }

    private void emit(int node, Kept list, long version, ListSink sink) {
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

    final void forEach(ListSink sink) {
        for (Int2ObjectMap.Entry<Kept> entry : lists.int2ObjectEntrySet()) {
            sink.list(toRecord(entry.getIntKey(), entry.getValue()));
        }
    }
}

package dev.freshet.graph.content;

import dev.freshet.schema.Neighbor;
import it.unimi.dsi.fastutil.ints.IntComparator;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * The exact k nearest neighbors of vectors by cosine, kept up to date: vectors are set and removed, and {@link #flush} brings
 * every list up to date at once, at a cost of O(changed vectors · vectors · dimension).
 *
 * <p>A list has no entry for its own vector. Entries are ordered by cosine descending, then id ascending. A vector of zeros has no
 * direction: it is the same as none. The lists after a flush depend on the vectors alone, to the last bit: not on the order or the
 * batches in which these came, on what was there before, on restarts or on the number of threads; and they equal those of
 * {@link dev.freshet.graph.knn.CosineNeighbors} over the rows in order of ids.
 *
 * <p>Beyond {@code exactUpTo} vectors, vectors that change are no longer compared with all, but with those that a {@link ProximityGraph}
 * finds: weights stay exact, lists lack a neighbor now and then, and depend on the order in which vectors came. Only where there
 * are less than three quarters of so many left is everything compared again: both ways cost much.
 *
 * <p>Lists keep up to 2k entries, so that most of them stay exact when a neighbor leaves; see {@link NearestLists}. Not thread-safe.
 */
public final class ContentNeighbors {

    private static final int FORMAT = 1;

    /**
     * How many candidates the proximity graph is asked for, in lists: a vector enters lists of others that are not among its own nearest, and
     * a wider search misses less.
     */
    private static final int REACH = 5;

    private final int k;
    private final int capacity;
    private final int threads;
    private final int exactUpTo;
    private final Pace pace;
    private final UnitVectors vectors;
    private final NearestLists lists;
    private final IntComparator order;
    /** Slots that were set or removed since the last flush. */
    private final IntSet pending = new IntOpenHashSet();
    /** Null while everything is compared. */
    private ProximityGraph proximity;

    /**
     * @param dimension length of every vector, at least 1
     * @param k neighbors per vector, at least 1
     * @param threads threads that a flush uses, at least 1
     */
    public ContentNeighbors(int dimension, int k, int threads) {
        this(dimension, k, threads, Integer.MAX_VALUE);
    }

    /**
     * @param dimension length of every vector, at least 1
     * @param k neighbors per vector, at least 1
     * @param threads threads that a flush uses, at least 1
     * @param exactUpTo most vectors up to which all are compared with all
     */
    public ContentNeighbors(int dimension, int k, int threads, int exactUpTo) {
        this(dimension, k, threads, exactUpTo, Pace.FULL);
    }

    /** @param pace how a flush rests */
    ContentNeighbors(int dimension, int k, int threads, int exactUpTo, Pace pace) {
        if (k < 1) {
            throw new IllegalArgumentException("top-k is " + k + "; it must be at least 1");
        }
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + "; it must be at least 1");
        }
        this.k = k;
        this.threads = threads;
        this.exactUpTo = exactUpTo;
        this.pace = pace;
        capacity = Math.multiplyExact(2, k);
        vectors = new UnitVectors(dimension);
        order = (a, b) -> vectors.id(a).compareTo(vectors.id(b));
        lists = new NearestLists(capacity, 0, order);
    }

    UnitVectors vectors() {
        return vectors;
    }

    /** Length of every vector. */
    public int dimension() {
        return vectors.dimension();
    }

    /** Neighbors per vector. */
    public int k() {
        return k;
    }

    /** Number of vectors. */
    public int size() {
        return vectors.size();
    }

    /** How many vectors were set or removed since the last flush. */
    public int pending() {
        return pending.size();
    }

    /** Multiplications that {@link #flush} would take now, about. */
    public long work() {
        if (pending.isEmpty()) {
            return 0;
        }
        boolean turns = isLarge() != (proximity != null);
        long compared = isLarge() ? Math.min(size(), ProximityGraph.VISITS) : size();
        return (turns ? size() : pending()) * compared * dimension();
    }

    private boolean isLarge() {
        return vectors.size() > (proximity == null ? exactUpTo : exactUpTo - exactUpTo / 4);
    }

    /** Whether an id has a vector. */
    public boolean contains(String id) {
        return live(id) >= 0;
    }

    /**
     * Sets the vector of an id.
     *
     * @return whether it points elsewhere than before
     * @throws IllegalArgumentException if it has another dimension, or a value that is not finite
     */
    public boolean put(String id, float[] vector) {
        return changed(vectors.put(id, vector));
    }

    /**
     * Removes the vector of an id.
     *
     * @return whether there was one
     */
    public boolean remove(String id) {
        return changed(vectors.remove(id));
    }

    private boolean changed(int slot) {
        if (slot >= 0) {
            pending.add(slot);
        }
        return slot >= 0;
    }

    /** Brings all lists up to date. */
    public ListChanges flush() {
        if (pending.isEmpty()) {
            return new ListChanges(List.of(), List.of());
        }
        int end = vectors.end();
        NearestLists before = lists.copy();
        lists.ensure(end);
        if (proximity != null && !isLarge()) {
            proximity = null;
            IntStream.range(0, end).filter(vectors::isLive).forEach(pending::add);
        }
        boolean[] stale = new boolean[end];
        pending.forEach(slot -> stale[slot] = true);
        for (int slot = 0; slot < end; slot++) {
            if (stale[slot]) {
                lists.clear(slot);
            } else {
                lists.drop(slot, stale);
            }
        }
        int[] set = pending.intStream().filter(vectors::isLive).sorted().toArray();
        compare(set, true);
        int[] tooShort = IntStream.range(0, end)
                .filter(slot -> lists.size(slot) < k && lists.bound(slot) != Float.NEGATIVE_INFINITY)
                .toArray();
        for (int slot : tooShort) {
            lists.clear(slot);
        }
        compare(tooShort, false);
        List<String> changed = new ArrayList<>();
        List<String> states = new ArrayList<>();
        for (int slot = 0; slot < end; slot++) {
            // A new or removed vector changes whether there is a state, though the list may be empty before and after.
            if (stale[slot] || !lists.same(slot, before)) {
                states.add(vectors.id(slot));
                if (!lists.sameTop(slot, k, before)) {
                    changed.add(vectors.id(slot));
                }
            }
        }
        Collections.sort(changed);
        Collections.sort(states);
        pending.clear();
        vectors.recycle();
        return new ListChanges(changed, states);
    }

    /**
     * Fills the empty lists of some vectors.
     *
     * @param set whether these are the vectors that were set, which are to enter other lists, too
     */
    private void compare(int[] slots, boolean set) {
        if (!isLarge()) {
            PairScan.run(vectors, lists, capacity, order, threads, pace, slots, set);
            return;
        }
        if (proximity == null) {
            proximity = new ProximityGraph(vectors, threads, pace);
        } else if (set) {
            proximity.update(pending.toIntArray());
        }
        ProximityGraph.Found[] found = proximity.search(slots, REACH * capacity);
        for (int i = 0; i < slots.length; i++) {
            int[] others = found[i].slots();
            for (int n = 0; n < others.length; n++) {
                float cosine = found[i].cosines()[n];
                lists.offer(slots[i], cosine, others[n]);
                // Those that were set search for themselves.
                if (set && !pending.contains(others[n])) {
                    lists.offer(others[n], cosine, slots[i]);
                }
            }
        }
    }

    /** The neighbors of an id at the last flush; none if it had no vector. */
    public List<Neighbor> neighbors(String id) {
        int slot = vectors.slot(id);
        if (slot < 0 || slot >= lists.count()) {
            return List.of();
        }
        int size = Math.min(k, lists.size(slot));
        List<Neighbor> neighbors = new ArrayList<>(size);
        for (int rank = 0; rank < size; rank++) {
            neighbors.add(new Neighbor(vectors.id(lists.neighbor(slot, rank)), (double) lists.weight(slot, rank)));
        }
        return neighbors;
    }

    /**
     * The mean cosine over all ordered pairs of vectors, each with itself included; NaN if there are none. It is kept in O(dimension) per
     * change as ‖Σ x̂‖² / n² over an exact sum, and depends on the vectors alone. See {@link UnitVectors} for its precision.
     */
    public double meanCosine() {
        return vectors.meanCosine();
    }

    /**
     * The share of the true {@link #k} nearest in the lists of some vectors, drawn at random and compared with all: recall@k, at a cost of
     * O(nodes · vectors · dimension) on this thread. Always 1 where all are compared with all.
     *
     * @param nodes how many vectors to draw, at most
     * @param stop asked now and then whether to stop
     * @return empty if it was told to stop, or if there are no two vectors
     * @throws IllegalStateException if there are changes that were not flushed
     */
    public OptionalDouble recall(int nodes, RandomGenerator random, BooleanSupplier stop) {
        requireFlushed();
        return RecallSample.of(vectors, lists, k, nodes, random, stop);
    }

    private int live(String id) {
        int slot = vectors.slot(id);
        return slot >= 0 && vectors.isLive(slot) ? slot : -1;
    }

    /**
     * What a list must be restored from, or null if the id has no vector: for a store that keeps vectors and lists by id, and writes only what
     * changed.
     *
     * @throws IllegalStateException if there are changes that were not flushed
     */
    public byte[] listState(String id) {
        requireFlushed();
        int slot = live(id);
        if (slot < 0) {
            return null;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(FORMAT);
            out.writeLong(vectors.fingerprint(slot));
            out.writeFloat(lists.bound(slot));
            out.writeInt(lists.size(slot));
            for (int rank = 0; rank < lists.size(slot); rank++) {
                StateFormat.writeString(out, vectors.id(lists.neighbor(slot, rank)));
                out.writeFloat(lists.weight(slot, rank));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * Takes a list as {@link #listState} gave it, so that the next flush need not compute it. To be called with all lists of one cut, after
     * {@link #put} of every vector there is now, and before the first flush: that one brings the lists up to date with what has changed since
     * the cut.
     *
     * @throws IOException if the bytes are no such state
     */
    public void restoreList(String id, byte[] state) throws IOException {
        DataInput in = new DataInputStream(new ByteArrayInputStream(state));
        StateFormat.expect(in, FORMAT, "the list of " + id);
        long fingerprint = in.readLong();
        float bound = in.readFloat();
        int size = StateFormat.readIndex(in, capacity + 1, "size of the list of " + id);
        int slot = vectors.reserve(id);
        int[] neighbors = new int[size];
        float[] weights = new float[size];
        for (int rank = 0; rank < size; rank++) {
            neighbors[rank] = vectors.reserve(StateFormat.readString(in));
            weights[rank] = in.readFloat();
            if (!vectors.isLive(neighbors[rank])) {
                pending.add(neighbors[rank]);
            }
        }
        lists.ensure(vectors.end());
        lists.set(slot, neighbors, weights, size, bound);
        if (vectors.isLive(slot) && vectors.fingerprint(slot) == fingerprint) {
            pending.remove(slot);
        } else {
            pending.add(slot);
        }
    }

    private void requireFlushed() {
        if (!pending.isEmpty()) {
            throw new IllegalStateException(pending.size() + " changed vectors were not flushed");
        }
    }
}

package dev.freshet.graph.content;

import dev.freshet.graph.knn.Cosine;
import dev.freshet.graph.knn.Panel;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.Arrays;

/**
 * Vectors by id, scaled to length 1, in panels of reusable slots, and their exact sum. A vector of zeros has no direction and is
 * the same as none.
 *
 * <p>The sum is kept in fixed point, so that it does not depend on what came and went in which order: integer addition is
 * associative and has an inverse, floating-point addition neither. Components of unit vectors are at most 1, so one scale fits
 * all: with 2⁻⁴⁰ each component from 2⁻¹⁷ up is exact, smaller ones are rounded by at most 2⁻⁴¹, and 2²² vectors cannot overflow.
 */
final class UnitVectors {

    private static final double SCALE = 0x1p40;
    private static final int MAX_ROWS = 1 << 22;

    private final int dimension;
    private final Object2IntOpenHashMap<String> slots = new Object2IntOpenHashMap<>();
    private final IntArrayList free = new IntArrayList();
    /** Slots whose vector was removed, but which keep their id until {@link #recycle}. */
    private final IntArrayList vacated = new IntArrayList();

    private final long[] sum;
    private final float[] row;
    private final float[] old;
    private float[][] panels = {};
    private String[] ids = {};
    private boolean[] live = {};
    private int end;
    private int size;

    UnitVectors(int dimension) {
        if (dimension < 1) {
            throw new IllegalArgumentException("dimension is " + dimension + "; it must be at least 1");
        }
        this.dimension = dimension;
        sum = new long[dimension];
        row = new float[dimension];
        old = new float[dimension];
        slots.defaultReturnValue(-1);
    }

    int dimension() {
        return dimension;
    }

    /** Number of vectors. */
    int size() {
        return size;
    }

    /** One more than the highest slot ever used. */
    int end() {
        return end;
    }

    /** The slot of an id that has a vector, or had one since the last {@link #recycle}; or -1. */
    int slot(String id) {
        return slots.getInt(id);
    }

    String id(int slot) {
        return ids[slot];
    }

    boolean isLive(int slot) {
        return live[slot];
    }

    float[] panel(int panel) {
        return panels[panel];
    }

    /** Copies a unit vector. */
    void read(int slot, float[] to, int at) {
        Panel.read(panels[slot / Panel.ROWS], slot % Panel.ROWS, to, at, dimension);
    }

    float cosine(int a, int b) {
        return Panel.cosine(panels[a / Panel.ROWS], a % Panel.ROWS, panels[b / Panel.ROWS], b % Panel.ROWS, dimension);
    }

    /**
     * Sets a vector.
     *
     * @return its slot if it has another direction than before, else -1
     */
    int put(String id, float[] vector) {
        check(id, vector);
        if (!Cosine.normalize(vector, 0, row, 0, dimension)) {
            return remove(id);
        }
        return putUnit(id);
    }

    /** The slot of an id; where it has none, one without a vector, which is free again after {@link #recycle}. */
    int reserve(String id) {
        int slot = slots.getInt(id);
        if (slot < 0) {
            slot = allocate(id);
            vacated.add(slot);
        }
        return slot;
    }

    /** A hash of a vector that differs where vectors differ. */
    long fingerprint(int slot) {
        read(slot, old, 0);
        long hash = 0;
        for (float value : old) {
            // The finalizer of MurmurHash3.
            hash = (hash ^ Float.floatToRawIntBits(value)) * 0xFF51AFD7ED558CCDL;
            hash ^= hash >>> 33;
        }
        return hash;
    }

    private int putUnit(String id) {
        int slot = slots.getInt(id);
        if (slot < 0) {
            slot = allocate(id);
        } else if (live[slot]) {
            read(slot, old, 0);
            if (Arrays.equals(row, old)) {
                return -1;
            }
            add(-1, old);
            size--;
        }
        Panel.write(panels[slot / Panel.ROWS], slot % Panel.ROWS, row, 0, dimension);
        add(1, row);
        live[slot] = true;
        size++;
        return slot;
    }

    /**
     * Removes a vector; its slot is given to no other id before {@link #recycle}.
     *
     * @return its slot, or -1 if there was none
     */
    int remove(String id) {
        int slot = slots.getInt(id);
        if (slot < 0 || !live[slot]) {
            return -1;
        }
        read(slot, old, 0);
        add(-1, old);
        Arrays.fill(old, 0);
        Panel.write(panels[slot / Panel.ROWS], slot % Panel.ROWS, old, 0, dimension);
        live[slot] = false;
        size--;
        vacated.add(slot);
        return slot;
    }

    /** Frees the slots of removed vectors for other ids. */
    void recycle() {
        for (int i = 0; i < vacated.size(); i++) {
            int slot = vacated.getInt(i);
            // One that was removed, set again and removed again stands here twice.
            if (!live[slot] && ids[slot] != null) {
                slots.removeInt(ids[slot]);
                ids[slot] = null;
                free.add(slot);
            }
        }
        vacated.clear();
    }

    /** Mean cosine over all ordered pairs of vectors, each with itself included: ‖Σ x̂‖² / n²; NaN if there are none. */
    double meanCosine() {
        double squares = 0;
        for (long component : sum) {
            double mean = component / SCALE / size;
            squares += mean * mean;
        }
        return squares;
    }

    private int allocate(String id) {
        if (slots.size() == MAX_ROWS) {
            throw new IllegalStateException("more than " + MAX_ROWS + " vectors; exact neighbors end here");
        }
        int slot = free.isEmpty() ? end++ : free.popInt();
        if (slot == ids.length) {
            int capacity = Math.max(Panel.ROWS, 2 * slot);
            ids = Arrays.copyOf(ids, capacity);
            live = Arrays.copyOf(live, capacity);
            panels = Arrays.copyOf(panels, (capacity + Panel.ROWS - 1) / Panel.ROWS);
        }
        int panel = slot / Panel.ROWS;
        if (panels[panel] == null) {
            panels[panel] = new float[Math.multiplyExact(dimension, Panel.ROWS)];
        }
        ids[slot] = id;
        slots.put(id, slot);
        return slot;
    }

    private void add(int sign, float[] unit) {
        for (int c = 0; c < dimension; c++) {
            sum[c] += sign * (long) Math.rint(unit[c] * SCALE);
        }
    }

    private void check(String id, float[] vector) {
        Vectors.check(id, vector, dimension);
    }
}

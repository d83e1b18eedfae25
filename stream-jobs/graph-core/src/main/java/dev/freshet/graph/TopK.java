package dev.freshet.graph;

import it.unimi.dsi.fastutil.ints.IntComparator;
import java.util.Arrays;

/**
 * Selects the k best of a sequence of (weight, id) by weight descending, then by an order of ids. Reusable; O(log k) per
 * candidate that enters, O(1) for the rest. Not thread-safe.
 */
public final class TopK {

    private final int k;
    private final IntComparator order;
    // A binary heap with the worst at the root while candidates are offered; sorted, best first, after sort().
    private double[] weights;
    private int[] ids;
    private int size;

    /**
     * @param k how many to keep, at least 1
     * @param order the order of ids of equal weight, best first
     */
    public TopK(int k, IntComparator order) {
        if (k < 1) {
            throw new IllegalArgumentException("top-k is " + k + "; it must be at least 1");
        }
        this.k = k;
        this.order = order;
        int capacity = Math.min(k, 16);
        weights = new double[capacity];
        ids = new int[capacity];
        clear();
    }

    /** Forgets all candidates. */
    public void clear() {
        size = 0;
    }

    /** Whether a candidate would be kept, as things are. */
    public boolean admits(double weight, int id) {
        return size < k || weight > weights[0] || (weight == weights[0] && order.compare(id, ids[0]) < 0);
    }

    /** Offers a candidate. */
    public void offer(double weight, int id) {
        if (size < k) {
            if (size == ids.length) {
                int capacity = (int) Math.min(k, 2L * size);
                weights = Arrays.copyOf(weights, capacity);
                ids = Arrays.copyOf(ids, capacity);
            }
            up(size++, weight, id);
        } else if (admits(weight, id)) {
            down(0, size, weight, id);
        }
    }

    /** Weight below which no candidate enters any more; negative infinity while there is room. */
    public double floor() {
        return size < k ? Double.NEGATIVE_INFINITY : weights[0];
    }

    /** Sorts what was kept, best first; to be called once, after the last offer. */
    public void sort() {
        for (int end = size - 1; end > 0; end--) {
            double weight = weights[end];
            int id = ids[end];
            weights[end] = weights[0];
            ids[end] = ids[0];
            down(0, end, weight, id);
        }
    }

    /** How many were kept. */
    public int size() {
        return size;
    }

    /** Weight of the candidate at {@code rank}, after {@link #sort}. */
    public double weight(int rank) {
        return weights[rank];
    }

    /** Id of the candidate at {@code rank}, after {@link #sort}. */
    public int id(int rank) {
        return ids[rank];
    }

    private boolean worse(double weightA, int idA, double weightB, int idB) {
        return weightA < weightB || (weightA == weightB && order.compare(idA, idB) > 0);
    }

    private void up(int at, double weight, int id) {
        int slot = at;
        while (slot > 0) {
            int parent = (slot - 1) >>> 1;
            if (!worse(weight, id, weights[parent], ids[parent])) {
                break;
            }
            weights[slot] = weights[parent];
            ids[slot] = ids[parent];
            slot = parent;
        }
        weights[slot] = weight;
        ids[slot] = id;
    }

    private void down(int at, int end, double weight, int id) {
        int slot = at;
        while (true) {
            int child = 2 * slot + 1;
            if (child >= end) {
                break;
            }
            if (child + 1 < end && worse(weights[child + 1], ids[child + 1], weights[child], ids[child])) {
                child++;
            }
            if (!worse(weights[child], ids[child], weight, id)) {
                break;
            }
            weights[slot] = weights[child];
            ids[slot] = ids[child];
            slot = child;
        }
        weights[slot] = weight;
        ids[slot] = id;
    }
}

package dev.freshet.graph.content;

import it.unimi.dsi.fastutil.ints.IntComparator;
import java.util.Arrays;

/**
 * Lists of the best seen (weight, neighbor), best first, of up to {@code capacity} entries each, in flat arrays. Entries can be
 * dropped again; each list knows what it still tells for certain:
 *
 * <ul>
 *   <li>every candidate that is not in the list ranks after every one that is;
 *   <li>no candidate that is not in the list weighs more than the list's bound, which is negative infinity while none was rejected.
 * </ul>
 *
 * <p>So a list that lost entries stays exact in what it has, and takes new entries above its bound. This is the top-k view with
 * slack of Yi et al. (ICDE 2003), and caboose's three cases: a list is not concerned, is mended in place, or has become too short and is
 * computed anew. Different lists may be changed by different threads.
 */
final class NearestLists {

    private final int capacity;
    private final IntComparator order;
    private int[] neighbors;
    private float[] weights;
    private int[] sizes;
    private float[] bounds;

    /**
     * @param capacity entries per list, at least 1
     * @param lists number of lists, all empty
     * @param order the order of neighbors of equal weight, best first
     */
    NearestLists(int capacity, int lists, IntComparator order) {
        this.capacity = capacity;
        this.order = order;
        neighbors = new int[Math.multiplyExact(lists, capacity)];
        weights = new float[neighbors.length];
        sizes = new int[lists];
        bounds = new float[lists];
        Arrays.fill(bounds, Float.NEGATIVE_INFINITY);
    }

    /** Makes room for more lists, empty ones. */
    void ensure(int lists) {
        if (lists > sizes.length) {
            int had = sizes.length;
            int grown = Math.max(lists, had + (had >> 1));
            neighbors = Arrays.copyOf(neighbors, Math.multiplyExact(grown, capacity));
            weights = Arrays.copyOf(weights, neighbors.length);
            sizes = Arrays.copyOf(sizes, grown);
            bounds = Arrays.copyOf(bounds, grown);
            Arrays.fill(bounds, had, grown, Float.NEGATIVE_INFINITY);
        }
    }

    /** Number of lists, empty ones included. */
    int count() {
        return sizes.length;
    }

    int size(int list) {
        return sizes[list];
    }

    /** Candidates that weigh less cannot enter. */
    float bound(int list) {
        return bounds[list];
    }

    int neighbor(int list, int rank) {
        return neighbors[list * capacity + rank];
    }

    float weight(int list, int rank) {
        return weights[list * capacity + rank];
    }

    void clear(int list) {
        sizes[list] = 0;
        bounds[list] = Float.NEGATIVE_INFINITY;
    }

    /** Offers a candidate that is not in the list. */
    void offer(int list, float weight, int neighbor) {
        int start = list * capacity;
        int size = sizes[list];
        if (weight < bounds[list]
                || (weight == bounds[list] && (size == 0 || !before(weight, neighbor, start + size - 1)))) {
            return;
        }
        int at = start + (size == capacity ? size - 1 : size);
        while (at > start && before(weight, neighbor, at - 1)) {
            weights[at] = weights[at - 1];
            neighbors[at] = neighbors[at - 1];
            at--;
        }
        weights[at] = weight;
        neighbors[at] = neighbor;
        if (size < capacity) {
            sizes[list] = ++size;
        }
        if (size == capacity) {
            bounds[list] = weights[start + size - 1];
        }
    }

    /** Drops the entries whose neighbor is marked. */
    void drop(int list, boolean[] marked) {
        int start = list * capacity;
        int end = start + sizes[list];
        int to = start;
        for (int at = start; at < end; at++) {
            if (!marked[neighbors[at]]) {
                neighbors[to] = neighbors[at];
                weights[to++] = weights[at];
            }
        }
        sizes[list] = to - start;
    }

    /** Sets a list as it was: entries, best first, then {@link #bound(int)}. */
    void set(int list, int[] entries, float[] entryWeights, int size, float bound) {
        System.arraycopy(entries, 0, neighbors, list * capacity, size);
        System.arraycopy(entryWeights, 0, weights, list * capacity, size);
        sizes[list] = size;
        bounds[list] = bound;
    }

    /** A copy. */
    NearestLists copy() {
        NearestLists copy = new NearestLists(capacity, 0, order);
        copy.neighbors = neighbors.clone();
        copy.weights = weights.clone();
        copy.sizes = sizes.clone();
        copy.bounds = bounds.clone();
        return copy;
    }

    /** Whether a list is the same in another set of lists. */
    boolean same(int list, NearestLists other) {
        return sameTop(list, capacity, other)
                && bounds[list] == (list < other.bounds.length ? other.bounds[list] : Float.NEGATIVE_INFINITY);
    }

    /** Whether the first {@code k} entries of a list are the same in another set of lists. */
    boolean sameTop(int list, int k, NearestLists other) {
        int size = Math.min(k, sizes[list]);
        int otherSize = list < other.sizes.length ? Math.min(k, other.sizes[list]) : 0;
        if (size != otherSize || size == 0) {
            return size == otherSize;
        }
        int start = list * capacity;
        return Arrays.equals(neighbors, start, start + size, other.neighbors, start, start + size)
                && Arrays.equals(weights, start, start + size, other.weights, start, start + size);
    }

    private boolean before(float weight, int neighbor, int at) {
        return weight > weights[at] || (weight == weights[at] && order.compare(neighbor, neighbors[at]) < 0);
    }
}

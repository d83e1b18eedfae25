package dev.freshet.trainer.tensor;

import dev.freshet.graph.knn.PackedRows;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Selects the items of the k best scores, ties by the smaller item. The k-th largest of the maxima of blocks of scores is a floor
 * below which no item is among the best; few items lie above it, and only these are sorted. Reusable; not thread-safe.
 */
public final class Selection {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int BLOCK = PackedRows.PANEL;

    private final int k;
    private final float[] maxima;
    private final float[] moved;
    private final long[] candidates;

    /**
     * @param k how many to select
     * @param count number of scores, a multiple of the length of a block, see {@link #padded}
     */
    public Selection(int k, int count) {
        this.k = k;
        this.maxima = new float[count / BLOCK];
        this.moved = new float[maxima.length];
        this.candidates = new long[count];
    }

    /** The least multiple of the length of a block that is at least {@code count}. */
    public static int padded(int count) {
        return (count + BLOCK - 1) / BLOCK * BLOCK;
    }

    /**
     * The best items, best first; fewer than k where fewer have a score above negative infinity.
     *
     * @param scores score of item i at {@code at + i}
     */
    public int[] of(float[] scores, int at) {
        for (int block = 0; block < maxima.length; block++) {
            int start = at + block * BLOCK;
            maxima[block] = FloatVector.fromArray(SPECIES, scores, start)
                    .max(FloatVector.fromArray(SPECIES, scores, start + LANES))
                    .reduceLanes(VectorOperators.MAX);
        }
        float floor = Math.max(-Float.MAX_VALUE, k <= maxima.length ? kthLargest() : Float.NEGATIVE_INFINITY);
        int size = 0;
        for (int block = 0; block < maxima.length; block++) {
            if (maxima[block] >= floor) {
                for (int item = block * BLOCK; item < (block + 1) * BLOCK; item++) {
                    if (scores[at + item] >= floor) {
                        candidates[size++] = key(scores[at + item], item);
                    }
                }
            }
        }
        Arrays.sort(candidates, 0, size);
        int[] best = new int[Math.min(k, size)];
        for (int rank = 0; rank < best.length; rank++) {
            best[rank] = (int) candidates[rank];
        }
        return best;
    }

    /** A number that is the smaller the better: the score's bits in the order of descending scores, then the item. */
    private static long key(float score, int item) {
        int bits = Float.floatToIntBits(score + 0f);
        int ascending = bits ^ (bits >> 31 & Integer.MAX_VALUE);
        return (long) ~ascending << 32 | item;
    }

    /** Hoare's selection. */
    private float kthLargest() {
        System.arraycopy(maxima, 0, moved, 0, moved.length);
        int wanted = k - 1;
        int from = 0;
        int to = moved.length - 1;
        while (from < to) {
            float pivot = moved[wanted];
            int left = from;
            int right = to;
            while (left <= right) {
                while (moved[left] > pivot) {
                    left++;
                }
                while (moved[right] < pivot) {
                    right--;
                }
                if (left <= right) {
                    float swap = moved[left];
                    moved[left++] = moved[right];
                    moved[right--] = swap;
                }
            }
            if (right < wanted) {
                from = left;
            }
            if (wanted < left) {
                to = right;
            }
        }
        return moved[wanted];
    }
}

package dev.freshet.trainer.data;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Feature vectors of one modality.
 *
 * @param dimension length of a vector
 * @param values items × dimension, row after row; zeros where an item has none
 * @param present whether each item has a vector
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
public record Features(int dimension, float[] values, boolean[] present) {

    public Features {
        if (values.length != (long) dimension * present.length) {
            throw new IllegalArgumentException(
                    values.length + " values for " + present.length + " items of " + dimension + " dimensions");
        }
    }

    /** Features that every item has. */
    public static Features of(int dimension, float[] values) {
        boolean[] present = new boolean[values.length / dimension];
        Arrays.fill(present, true);
        return new Features(dimension, values, present);
    }

    /** Number of items. */
    public int items() {
        return present.length;
    }

    /** The vectors, with the mean of all present ones in the place of missing ones. */
    public float[] filled() {
        double[] mean = new double[dimension];
        int count = 0;
        for (int item = 0; item < present.length; item++) {
            if (present[item]) {
                count++;
                for (int d = 0; d < dimension; d++) {
                    mean[d] += values[item * dimension + d];
                }
            }
        }
        float[] filled = values.clone();
        for (int item = 0; item < present.length; item++) {
            if (!present[item]) {
                for (int d = 0; d < dimension && count > 0; d++) {
                    filled[item * dimension + d] = (float) (mean[d] / count);
                }
            }
        }
        return filled;
    }

    /**
     * These with the vectors of some items replaced, each by that of another item (DA-MRS's test of robustness, Sec. 4.3.1).
     *
     * @param share how many of the items, 0 to 1
     */
    public Features replaced(double share, SplittableRandom random) {
        int[] order = IntStream.range(0, items()).toArray();
        for (int last = order.length - 1; last > 0; last--) {
            int other = random.nextInt(last + 1);
            int swap = order[last];
            order[last] = order[other];
            order[other] = swap;
        }
        float[] changed = values.clone();
        boolean[] has = present.clone();
        int count = items() < 2 ? 0 : (int) Math.round(share * items());
        for (int n = 0; n < count; n++) {
            int from = random.nextInt(items() - 1);
            from += from >= order[n] ? 1 : 0;
            System.arraycopy(values, from * dimension, changed, order[n] * dimension, dimension);
            has[order[n]] = present[from];
        }
        return new Features(dimension, changed, has);
    }
}

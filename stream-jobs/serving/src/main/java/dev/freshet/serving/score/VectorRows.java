package dev.freshet.serving.score;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors of an {@link ItemMatrix} once more, each by itself and padded with zeros to whole SIMD lanes: for products of single ones. Numbered by
 * their places. Immutable, thread-safe.
 */
final class VectorRows {

    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;

    private final int stride;
    private final float[] values;

    /** @throws IllegalArgumentException if the vectors do not fit one array */
    VectorRows(ItemMatrix items) {
        this.stride = (items.dimension() + LANES.length() - 1) / LANES.length() * LANES.length();
        long length = (long) items.size() * stride;
        if (length > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    items.size() + " items of dimension " + items.dimension() + " do not fit one array");
        }
        this.values = new float[(int) length];
        for (int place = 0; place < items.size(); place++) {
            items.readAt(place, values, place * stride);
        }
    }

    /** A vector as {@link #product(float[], int)} takes it. */
    float[] padded(float[] vector) {
        return Arrays.copyOf(vector, stride);
    }

    /** Dot product of a padded vector with that in a place. */
    float product(float[] padded, int place) {
        return product(padded, 0, place * stride);
    }

    /** Dot product of the vectors in two places. */
    float product(int place, int other) {
        return product(values, place * stride, other * stride);
    }

    /** Bytes that it takes. */
    long bytes() {
        return (long) values.length * Float.BYTES;
    }

    private float product(float[] a, int from, int at) {
        FloatVector sum = FloatVector.zero(LANES);
        for (int k = 0; k < stride; k += LANES.length()) {
            sum = FloatVector.fromArray(LANES, a, from + k).fma(FloatVector.fromArray(LANES, values, at + k), sum);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }
}

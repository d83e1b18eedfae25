package dev.freshet.graph.knn;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The dot product of two rows in several SIMD chains: fast for single pairs, and not the number that {@link Cosine} defines. */
public final class Dot {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    private Dot() {}

    /** The product of two rows of one length. */
    public static float of(float[] a, float[] b) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int c = 0;
        for (int end = a.length - 4 * LANES; c <= end; c += 4 * LANES) {
            sum0 = FloatVector.fromArray(SPECIES, a, c).fma(FloatVector.fromArray(SPECIES, b, c), sum0);
            sum1 = FloatVector.fromArray(SPECIES, a, c + LANES).fma(FloatVector.fromArray(SPECIES, b, c + LANES), sum1);
            sum2 = FloatVector.fromArray(SPECIES, a, c + 2 * LANES)
                    .fma(FloatVector.fromArray(SPECIES, b, c + 2 * LANES), sum2);
            sum3 = FloatVector.fromArray(SPECIES, a, c + 3 * LANES)
                    .fma(FloatVector.fromArray(SPECIES, b, c + 3 * LANES), sum3);
        }
        float sum = sum0.add(sum1).add(sum2.add(sum3)).reduceLanes(VectorOperators.ADD);
        for (; c < a.length; c++) {
            sum = Math.fma(a[c], b[c], sum);
        }
        return sum;
    }
}

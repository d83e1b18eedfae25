package dev.freshet.dataset.storefront;

import dev.freshet.dataset.Hashing;
import java.util.Random;

/** The latent space that tastes, items, images and texts come from. All of it follows from a seed and a name. */
final class Latent {

    /** Dimensions of the latent space. */
    static final int DIMENSION = 16;

    private Latent() {}

    /** A generator for one thing: the same for the same seed, kind and numbers. {@link Random}'s sequence is specified. */
    static Random random(long seed, Kind kind, long... numbers) {
        long hash = Hashing.mix(Hashing.mix(seed) + kind.ordinal());
        for (long number : numbers) {
            hash = Hashing.mix(hash + number);
        }
        return new Random(hash);
    }

    /** A vector of length 1 in a random direction. */
    static double[] direction(Random random) {
        double[] vector = new double[DIMENSION];
        double square = 0;
        for (int d = 0; d < DIMENSION; d++) {
            vector[d] = random.nextGaussian();
            square += vector[d] * vector[d];
        }
        double length = Math.sqrt(square);
        for (int d = 0; d < DIMENSION; d++) {
            vector[d] /= length;
        }
        return vector;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int d = 0; d < DIMENSION; d++) {
            sum += a[d] * b[d];
        }
        return sum;
    }

    /** {@code a} + {@code scale} · {@code b}. */
    static double[] plus(double[] a, double scale, double[] b) {
        double[] sum = new double[DIMENSION];
        for (int d = 0; d < DIMENSION; d++) {
            sum[d] = a[d] + scale * b[d];
        }
        return sum;
    }

    /** What a generator is for. */
    enum Kind {
        CATEGORY,
        IMAGE_SENSOR,
        TEXT_SENSOR,
        ITEM,
        CONTENT,
        SHOPPER,
        TASTE,
        VISIT
    }
}

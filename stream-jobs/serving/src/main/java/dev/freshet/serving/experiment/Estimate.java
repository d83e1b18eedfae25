package dev.freshet.serving.experiment;

import org.jspecify.annotations.Nullable;

/**
 * A mean with its 95 % interval.
 *
 * @param low lower bound; null where there are too few users to say
 * @param high upper bound; null likewise
 */
public record Estimate(double mean, @Nullable Double low, @Nullable Double high) {

    /** The quantile of the normal distribution that leaves 2.5 % above. */
    private static final double Z = 1.959964;

    static Estimate of(double mean, double variance) {
        if (Double.isNaN(variance)) {
            return new Estimate(mean, null, null);
        }
        double half = Z * Math.sqrt(variance);
        return new Estimate(mean, mean - half, mean + half);
    }
}

package dev.freshet.trainer.loop;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * How much better one model finds what the same users took than another: the mean of the differences user by user, with its
 * 95 % interval by the percentile bootstrap (Efron, Annals of Statistics 1979). Pairing takes out what makes users easy or hard.
 *
 * @param mean mean difference of Recall@20; negative where the first model is worse
 * @param low lower bound of the interval
 * @param high upper bound
 * @param users number of users
 */
record Difference(double mean, double low, double high, int users) {

    private static final int RESAMPLES = 1000;
    private static final double OUTSIDE = .025;

    /**
     * Compares recalls of the same users in the same order.
     *
     * @param seed seed of the resamples
     */
    static Difference of(double[] model, double[] other, long seed) {
        if (model.length != other.length) {
            throw new IllegalArgumentException(model.length + " users are not " + other.length);
        }
        int users = model.length;
        double[] differences = new double[users];
        for (int user = 0; user < users; user++) {
            differences[user] = model[user] - other[user];
        }
        if (users == 0) {
            return new Difference(0, 0, 0, 0);
        }
        SplittableRandom random = new SplittableRandom(seed);
        double[] means = new double[RESAMPLES];
        for (int sample = 0; sample < RESAMPLES; sample++) {
            double sum = 0;
            for (int draw = 0; draw < users; draw++) {
                sum += differences[random.nextInt(users)];
            }
            means[sample] = sum / users;
        }
        Arrays.sort(means);
        int outside = (int) (OUTSIDE * RESAMPLES);
        return new Difference(
                Arrays.stream(differences).average().orElseThrow(),
                means[outside],
                means[RESAMPLES - 1 - outside],
                users);
    }

    /** The figures by name, as evaluations carry them. */
    Map<String, Double> metrics() {
        return Map.of(
                "difference.recall@20", mean,
                "difference.recall@20.low", low,
                "difference.recall@20.high", high,
                "difference.users", (double) users);
    }
}

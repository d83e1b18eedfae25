package dev.freshet.trainer.loop;

import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.train.Training;
import java.util.Locale;

/**
 * The decision on a release: a model must be no worse than the most popular items, nor worse than the release in force, all measured on
 * one slice. It is worse where the interval of the difference says so, however small that is, and where it is worse by more than a margin,
 * whatever the interval says.
 */
final class Gate {

    /** With fewer measured users, chance decides. */
    static final int MIN_USERS = 20;

    /** What a model may lose against the release in force: this share of it, and what one user can add. */
    private static final double MARGIN = .05;

    private Gate() {}

    /**
     * Why a model may not be released, or null.
     *
     * @param test the model's metrics
     * @param inForce those of the release in force, or null where they are not known
     * @param difference how much better the model is than the release in force; null where {@code inForce} is
     * @param popularity metrics of the most popular items
     */
    static String refusal(Metrics test, Metrics inForce, Difference difference, Metrics popularity) {
        if (test.users() < MIN_USERS) {
            return null;
        }
        double own = test.get(Training.METRIC);
        if (own < popularity.get(Training.METRIC)) {
            return String.format(
                    Locale.ROOT,
                    "%s %.4f is below the %.4f of the most popular items",
                    Training.METRIC,
                    own,
                    popularity.get(Training.METRIC));
        }
        if (inForce == null) {
            return null;
        }
        double other = inForce.get(Training.METRIC);
        boolean beyondMargin = own < (1 - MARGIN) * other - 1.0 / inForce.users();
        if (beyondMargin || difference.high() < 0) {
            return String.format(
                    Locale.ROOT,
                    "%s %.4f is worse than the %.4f of the release in force%s: %s",
                    Training.METRIC,
                    own,
                    other,
                    beyondMargin ? " by more than the margin" : "",
                    describe(difference));
        }
        return null;
    }

    /** Why a model that was not refused may be released; parameters as above. */
    static String acceptance(Metrics test, Metrics inForce, Difference difference, Metrics popularity) {
        if (test.users() < MIN_USERS) {
            return "only " + test.users() + " users have held-out interactions, too few to judge by";
        }
        return String.format(
                Locale.ROOT,
                "%s %.4f; the most popular items have %.4f%s",
                Training.METRIC,
                test.get(Training.METRIC),
                popularity.get(Training.METRIC),
                inForce == null
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                ", the release in force %.4f: %s",
                                inForce.get(Training.METRIC),
                                describe(difference)));
    }

    private static String describe(Difference difference) {
        return String.format(
                Locale.ROOT,
                "difference %+.4f, 95 %% interval %+.4f to %+.4f, %d users",
                difference.mean(),
                difference.low(),
                difference.high(),
                difference.users());
    }
}

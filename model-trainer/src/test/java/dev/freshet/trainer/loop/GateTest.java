package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.train.Training;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GateTest {

    private static final Metrics POPULARITY = recall(.05, 1000);

    private static Metrics recall(double value, int users) {
        return new Metrics(Map.of(Training.METRIC, value), users);
    }

    private static Difference difference(double mean, double half, int users) {
        return new Difference(mean, mean - half, mean + half, users);
    }

    @Test
    void refusesWhatIsWorseThanPopularity() {
        assertThat(Gate.refusal(recall(.04, 1000), null, null, POPULARITY))
                .isEqualTo("recall@20 0.0400 is below the 0.0500 of the most popular items");
        assertThat(Gate.refusal(recall(.05, 1000), null, null, POPULARITY)).isNull();
    }

    @Test
    void refusesWhatIsWorseThanTheReleaseInForceBeyondTheMargin() {
        Metrics inForce = recall(.2, 1000);
        // A twentieth of .2, and one user in a thousand; the interval alone would let it pass.
        assertThat(Gate.refusal(recall(.188, 1000), inForce, difference(-.012, .013, 1000), POPULARITY))
                .isEqualTo("recall@20 0.1880 is worse than the 0.2000 of the release in force by more than the margin:"
                        + " difference -0.0120, 95 % interval -0.0250 to +0.0010, 1000 users");
        assertThat(Gate.refusal(recall(.1895, 1000), inForce, difference(-.0105, .013, 1000), POPULARITY))
                .isNull();
        assertThat(Gate.acceptance(recall(.1895, 1000), inForce, difference(-.0105, .013, 1000), POPULARITY))
                .isEqualTo("recall@20 0.1895; the most popular items have 0.0500, the release in force 0.2000:"
                        + " difference -0.0105, 95 % interval -0.0235 to +0.0025, 1000 users");
    }

    @Test
    void refusesWhatIsWorseWithConfidenceWithinTheMargin() {
        Metrics inForce = recall(.2, 100_000);
        assertThat(Gate.refusal(recall(.195, 100_000), inForce, difference(-.005, .004, 100_000), POPULARITY))
                .isEqualTo("recall@20 0.1950 is worse than the 0.2000 of the release in force:"
                        + " difference -0.0050, 95 % interval -0.0090 to -0.0010, 100000 users");
        assertThat(Gate.refusal(recall(.195, 100_000), inForce, difference(-.005, .005, 100_000), POPULARITY))
                .isNull();
    }

    @Test
    void theFewerUsersTheWiderTheMargin() {
        assertThat(Gate.refusal(recall(.16, 1000), recall(.2, 1000), difference(-.04, .05, 1000), POPULARITY))
                .isNotNull();
        assertThat(Gate.refusal(recall(.16, 30), recall(.2, 30), difference(-.04, .05, 30), recall(.05, 30)))
                .isNull();
        assertThat(Gate.refusal(recall(0, 19), recall(.2, 19), difference(-.2, .1, 19), recall(.05, 19)))
                .isNull();
        assertThat(Gate.acceptance(recall(0, 19), recall(.2, 19), difference(-.2, .1, 19), recall(.05, 19)))
                .startsWith("only 19 users have held-out interactions");
    }
}

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

    @Test
    void refusesWhatIsWorseThanPopularity() {
        assertThat(Gate.refusal(recall(.04, 1000), null, POPULARITY))
                .isEqualTo("recall@20 0.0400 is below the 0.0500 of the most popular items");
        assertThat(Gate.refusal(recall(.05, 1000), null, POPULARITY)).isNull();
    }

    @Test
    void refusesWhatIsWorseThanTheReleaseInForceBeyondTheMargin() {
        Metrics inForce = recall(.2, 1000);
        // A twentieth of .2, and one user in a thousand.
        assertThat(Gate.refusal(recall(.188, 1000), inForce, POPULARITY))
                .isEqualTo("recall@20 0.1880 is worse than the 0.2000 of the release in force");
        assertThat(Gate.refusal(recall(.1895, 1000), inForce, POPULARITY)).isNull();
        assertThat(Gate.acceptance(recall(.1895, 1000), inForce, POPULARITY))
                .isEqualTo("recall@20 0.1895; the most popular items have 0.0500, the release in force 0.2000");
    }

    @Test
    void theFewerUsersTheWiderTheMargin() {
        assertThat(Gate.refusal(recall(.16, 1000), recall(.2, 1000), POPULARITY))
                .isNotNull();
        assertThat(Gate.refusal(recall(.16, 30), recall(.2, 30), recall(.05, 30)))
                .isNull();
        assertThat(Gate.refusal(recall(0, 19), recall(.2, 19), recall(.05, 19))).isNull();
        assertThat(Gate.acceptance(recall(0, 19), recall(.2, 19), recall(.05, 19)))
                .startsWith("only 19 users have held-out interactions");
    }
}

package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DifferenceTest {

    private static final int USERS = 4000;

    /** Recalls that differ much between users, and of a second model that is worse for each by a little. */
    private static double[][] recalls(double worse, double noise) {
        SplittableRandom random = new SplittableRandom(5);
        double[][] recalls = new double[2][USERS];
        for (int user = 0; user < USERS; user++) {
            recalls[0][user] = random.nextDouble();
            recalls[1][user] = recalls[0][user] - worse + noise * (random.nextDouble() - .5);
        }
        return recalls;
    }

    @Test
    void theIntervalIsThatOfTheMean() {
        double[][] recalls = recalls(.01, .2);

        Difference difference = Difference.of(recalls[1], recalls[0], 1);

        double sum = 0;
        double squares = 0;
        for (int user = 0; user < USERS; user++) {
            double each = recalls[1][user] - recalls[0][user];
            sum += each;
            squares += each * each;
        }
        double mean = sum / USERS;
        double error = Math.sqrt((squares / USERS - mean * mean) / USERS);
        assertThat(difference.users()).isEqualTo(USERS);
        assertThat(difference.mean()).isCloseTo(mean, within(1e-12));
        // So many users: the interval is the normal one, but for the resampling's own error.
        assertThat(difference.low()).isCloseTo(mean - 1.96 * error, within(.2 * error));
        assertThat(difference.high()).isCloseTo(mean + 1.96 * error, within(.2 * error));
    }

    @Test
    void pairingFindsWhatTheSpreadOfUsersHides() {
        double[][] recalls = recalls(.004, .05);

        assertThat(Difference.of(recalls[1], recalls[0], 1).high()).isNegative();
        // The same users in another order are no pairs.
        double[] sorted = recalls[1].clone();
        Arrays.sort(sorted);
        assertThat(Difference.of(sorted, recalls[0], 1).high()).isPositive();
    }

    @Test
    void theSameSeedGivesTheSameInterval() {
        double[][] recalls = recalls(.01, .2);

        assertThat(Difference.of(recalls[1], recalls[0], 7)).isEqualTo(Difference.of(recalls[1], recalls[0], 7));
        assertThat(Difference.of(recalls[1], recalls[0], 7)).isNotEqualTo(Difference.of(recalls[1], recalls[0], 8));
    }

    @Test
    void equalModelsDoNotDiffer() {
        double[] recalls = recalls(0, 0)[0];

        assertThat(Difference.of(recalls, recalls, 1)).isEqualTo(new Difference(0, 0, 0, USERS));
        assertThat(Difference.of(new double[0], new double[0], 1)).isEqualTo(new Difference(0, 0, 0, 0));
        assertThatThrownBy(() -> Difference.of(recalls, new double[1], 1)).isInstanceOf(IllegalArgumentException.class);
    }
}

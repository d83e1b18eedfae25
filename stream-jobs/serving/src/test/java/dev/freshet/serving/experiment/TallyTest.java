package dev.freshet.serving.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TallyTest {

    private static Outcome user(Random random, double rate) {
        Outcome outcome = Outcome.NONE;
        // Whoever is active hits more often: events are not independent.
        int events = 1 + random.nextInt(9);
        for (int event = 0; event < events; event++) {
            boolean hit = random.nextDouble() < rate * events / 5;
            outcome = outcome.with(hit ? 1 + random.nextInt(Outcome.K) : 0, random.nextInt(4) == 0);
        }
        return outcome;
    }

    private static Tally tally(Random random, int users, double rate) {
        Tally tally = new Tally();
        for (int user = 0; user < users; user++) {
            tally.replace(Outcome.NONE, user(random, rate));
        }
        return tally;
    }

    @Test
    void sumsUpWhatListsForetold() {
        Outcome outcome = Outcome.NONE.with(1, false).with(0, true).with(3, false);

        assertThat(outcome).isEqualTo(new Outcome(3, 2, 1 + 1.0 / 3, 1.5, 1));
        Tally tally = new Tally();
        assertThat(tally.estimate(Measure.MRR)).isEmpty();
        tally.replace(Outcome.NONE, outcome);
        assertThat(tally.estimate(Measure.HIT_RATE)).hasValueSatisfying(estimate -> {
            assertThat(estimate.mean()).isEqualTo(2.0 / 3);
            // One user is no sample.
            assertThat(estimate.low()).isNull();
        });
        assertThat(tally.estimate(Measure.FALLBACK).orElseThrow().mean()).isEqualTo(1.0 / 3);
        tally.replace(outcome, Outcome.NONE);
        assertThat(tally.users()).isZero();
        assertThat(tally.events()).isZero();
        assertThat(tally.difference(tally, Measure.NDCG)).isEmpty();
    }

    /** The variance against its definition, over the users as they are. */
    @Test
    void theVarianceIsThatOfTheDeltaMethod() {
        Random random = new Random(1);
        List<Outcome> outcomes = new ArrayList<>();
        Tally one = new Tally();
        Tally other = new Tally();
        for (int user = 0; user < 400; user++) {
            Outcome outcome = user(random, .3);
            outcomes.add(outcome);
            (user % 2 == 0 ? one : other).replace(Outcome.NONE, outcome);
        }
        double n = outcomes.stream().mapToDouble(Outcome::events).sum();
        double mean = outcomes.stream().mapToDouble(Outcome::gains).sum() / n;
        double squares = outcomes.stream()
                .mapToDouble(outcome -> Math.pow(outcome.gains() - mean * outcome.events(), 2))
                .sum();
        double half = 1.959964 * Math.sqrt(400 / 399.0 * squares) / n;

        Estimate estimate = one.plus(other).estimate(Measure.NDCG).orElseThrow();

        assertThat(estimate.mean()).isCloseTo(mean, within(1e-12));
        assertThat(estimate.low()).isCloseTo(mean - half, within(1e-9));
        assertThat(estimate.high()).isCloseTo(mean + half, within(1e-9));
    }

    /** Of arms that are alike, 19 in 20 intervals of the difference hold 0; of others, few do. */
    @Test
    void theIntervalHoldsTheTruthAsOftenAsItSays() {
        Random random = new Random(2);
        int alike = 0;
        int apart = 0;
        for (int run = 0; run < 400; run++) {
            Tally control = tally(random, 150, .3);
            alike += holdsZero(
                    tally(random, 60, .3).difference(control, Measure.HIT_RATE).orElseThrow());
            apart += holdsZero(
                    tally(random, 60, .5).difference(control, Measure.HIT_RATE).orElseThrow());
        }
        assertThat(alike).isBetween(360, 396);
        assertThat(apart).isLessThan(80);
    }

    private static int holdsZero(Estimate estimate) {
        return estimate.low() <= 0 && estimate.high() >= 0 ? 1 : 0;
    }
}

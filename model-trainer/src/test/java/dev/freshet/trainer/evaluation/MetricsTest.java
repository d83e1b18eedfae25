package dev.freshet.trainer.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MetricsTest {

    private static final boolean[] HITS = {false, true, false, true, false};

    @Test
    void knownAnswers() {
        // MODELS.md §13.
        assertThat(Metrics.recall(HITS, 3, 5)).isCloseTo(.666667, within(1e-6));
        assertThat(Metrics.ndcg(HITS, 3, 5)).isCloseTo(.498189, within(1e-6));
        assertThat(Metrics.precision(HITS, 5)).isCloseTo(.4, within(1e-12));
        assertThat(Metrics.ndcg(HITS, 3, 2)).isCloseTo(.386853, within(1e-6));
    }

    @Test
    void recallIsNotCutToTheLengthOfTheList() {
        boolean[] all = {true, true};
        assertThat(Metrics.recall(all, 10, 2)).isCloseTo(.2, within(1e-12));
        assertThat(Metrics.ndcg(all, 10, 2)).isCloseTo(1, within(1e-12));
    }

    @Test
    void everyUserCountsTheSame() {
        Metrics.Sum sum = new Metrics.Sum();
        sum.add(HITS, 3);
        sum.add(new boolean[5], 1);
        Metrics mean = sum.mean();
        assertThat(mean.users()).isEqualTo(2);
        assertThat(mean.get("recall@5")).isCloseTo(.333333, within(1e-6));
        assertThat(new Metrics.Sum().mean().get("recall@20")).isZero();
    }
}

package dev.freshet.cli.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.schema.Interaction;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Metrics against values computed by hand. */
class ScoreboardTest {

    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final Offset<Double> TINY = within(1e-12);

    private final LivePairs pairs = new LivePairs();

    private static Interaction event(String user, String item, String action) {
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction(action)
                .setEventTime(NOON)
                .build();
    }

    private static Map<Contender, Prediction> predictions(Prediction live, Prediction others) {
        Map<Contender, Prediction> predictions = new EnumMap<>(Contender.class);
        for (Contender contender : Contender.values()) {
            predictions.put(contender, contender == Contender.LIVE ? live : others);
        }
        return predictions;
    }

    private static Prediction list(String... items) {
        return new Prediction(List.of(items), false);
    }

    @Test
    void anItemIsWorthWhatItsRankIsWorth() {
        List<String> many = new ArrayList<>(
                IntStream.rangeClosed(1, 30).mapToObj(n -> "i" + n).toList());
        Prediction list = new Prediction(many, false);

        assertThat(list.rank("i1", 20)).isEqualTo(1);
        assertThat(list.rank("i20", 20)).isEqualTo(20);
        assertThat(list.rank("i21", 20)).isZero();
        assertThat(list.rank("other", 20)).isZero();
        assertThat(Metric.HIT_RATE.of(20)).isEqualTo(1);
        assertThat(Metric.HIT_RATE_10.of(10)).isEqualTo(1);
        assertThat(Metric.HIT_RATE_10.of(11)).isZero();
        assertThat(Metric.MRR.of(4)).isEqualTo(0.25);
        assertThat(Metric.NDCG.of(1)).isEqualTo(1);
        assertThat(Metric.NDCG.of(3)).isCloseTo(0.5, TINY);
        assertThat(Metric.NDCG.of(7)).isCloseTo(1.0 / 3, TINY);
        for (Metric metric : Metric.values()) {
            assertThat(metric.of(0)).isZero();
        }
    }

    @Test
    void totalsWindowsAndDifferencesOfThreeEvents() {
        pairs.learn(event("a", "p", "click"));
        pairs.learn(event("a", "q", "click"));
        pairs.learn(event("b", "p", "click"));
        pairs.learn(event("c", "r", "click"));
        pairs.learn(event("d", "s", "click"));
        Scoreboard board = new Scoreboard(pairs, 2);
        Histogram freshness = new Histogram(3);

        // Ranks of the live list: 1, none, 3; of the others: 2, 1, none.
        board.score(event("b", "q", "click"), predictions(list("q", "r"), list("r", "q")));
        assertThat(board.passed(NOON, freshness)).isNull();
        board.score(event("c", "p", "click"), predictions(list("q"), new Prediction(List.of("p"), true)));
        freshness.recordValue(30);
        Scoreboard.Window window = board.passed(NOON.plusSeconds(5), freshness);
        freshness.recordValue(70);
        freshness.recordValue(90);
        board.score(event("c", "q", "click"), predictions(list("p", "s", "q"), list("p")));
        assertThat(board.passed(NOON.plusSeconds(9), freshness)).isNull();
        Scoreboard.Window rest = board.close(freshness);

        Tally live = board.total(Contender.LIVE);
        assertThat(live.events()).isEqualTo(3);
        assertThat(live.mean(Metric.HIT_RATE)).isCloseTo(2.0 / 3, TINY);
        assertThat(live.mean(Metric.MRR)).isCloseTo((1 + 1.0 / 3) / 3, TINY);
        assertThat(live.mean(Metric.NDCG)).isCloseTo(1.5 / 3, TINY);
        assertThat(live.fallback()).isZero();
        // Four users; p has two, q, r and s one each: 1 bit for p, 2 bits for the others.
        assertThat(live.novelty()).isCloseTo((2 + 2 + 2 + 1 + 2 + 2) / 6.0, TINY);
        assertThat(board.coverage(Contender.LIVE)).isEqualTo(1);
        Tally frozen = board.total(Contender.FROZEN);
        assertThat(frozen.mean(Metric.MRR)).isCloseTo(0.5, TINY);
        assertThat(frozen.fallback()).isCloseTo(1.0 / 3, TINY);
        assertThat(board.coverage(Contender.FROZEN)).isEqualTo(0.75);

        assertThat(window.from()).isZero();
        assertThat(window.to()).isEqualTo(2);
        assertThat(window.end()).isEqualTo(NOON.plusSeconds(5));
        assertThat(window.tallies().get(Contender.LIVE).mean(Metric.HIT_RATE)).isEqualTo(0.5);
        // Of p, q, r and s.
        assertThat(window.coverage().get(Contender.LIVE)).isEqualTo(0.5);
        assertThat(rest.coverage().get(Contender.LIVE)).isEqualTo(0.75);
        assertThat(window.freshness().getTotalCount()).isEqualTo(1);
        assertThat(rest.freshness().getTotalCount()).isEqualTo(2);
        assertThat(rest.freshness().getValueAtPercentile(50)).isEqualTo(70);
        assertThat(rest.from()).isEqualTo(2);
        assertThat(rest.begin()).isEqualTo(NOON.plusSeconds(9));
        assertThat(rest.tallies().get(Contender.LIVE).mean(Metric.MRR)).isCloseTo(1.0 / 3, TINY);
        assertThat(board.close(freshness)).isNull();
        assertThat(board.windows()).containsExactly(window, rest);

        // Differences in hits: b 0; c +1 and −1.
        assertThat(board.difference(Contender.FROZEN, Metric.HIT_RATE).mean()).isZero();
        assertThat(board.difference(Contender.FROZEN, Metric.MRR).mean()).isCloseTo((-0.5 + 1 - 1.0 / 3) / 3, TINY);
        assertThat(board.users()).isEqualTo(2);
    }

    @Test
    void theIntervalTakesUsersAsIndependent() {
        PairedDifference difference = new PairedDifference();
        assertThat(difference.mean()).isZero();
        difference.add("a", 1);
        assertThat(difference.halfWidth()).isNaN();
        difference.add("a", 1);
        difference.add("b", 0);
        difference.add("b", -1);
        difference.add("c", 0);

        // Mean 0.2; sums less n times it: a 2 − 0.4, b −1 − 0.4, c 0 − 0.2; squares 2.56 + 1.96 + 0.04 = 4.56.
        assertThat(difference.mean()).isCloseTo(0.2, TINY);
        assertThat(difference.halfWidth()).isCloseTo(1.96 * Math.sqrt(4.56 * 3 / 2) / 5, TINY);
    }

    @Test
    void aPairThatIsTakenBackIsNotLive() {
        pairs.learn(event("a", "p", "click"));
        pairs.learn(event("b", "p", "click"));
        pairs.learn(event("b", "p", "purchase"));
        assertThat(pairs.has("a", "p")).isTrue();
        assertThat(pairs.surprise("p")).isZero();
        assertThat(pairs.surprise("unknown")).isEqualTo(1);

        pairs.learn(event("a", "p", "remove"));
        pairs.learn(event("a", "q", "remove"));

        assertThat(pairs.has("a", "p")).isFalse();
        assertThat(pairs.has("b", "p")).isTrue();
        assertThat(pairs.knownItems()).hasSize(2);
    }
}

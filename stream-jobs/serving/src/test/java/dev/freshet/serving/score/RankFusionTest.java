package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.serving.score.RankFusion.Fused;
import dev.freshet.serving.score.RankFusion.Source;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class RankFusionTest {

    private static List<Fused> fuse(List<String> model, List<String> neighbors) {
        RankFusion fusion = new RankFusion();
        fusion.add(Source.MODEL, model);
        fusion.add(Source.NEIGHBORS, neighbors);
        return fusion.fuse();
    }

    private static List<String> items(List<Fused> fused) {
        return fused.stream().map(Fused::item).toList();
    }

    @Test
    void whatBothRankingsHaveComesFirst() {
        List<Fused> fused = fuse(List.of("a", "b", "both"), List.of("c", "both", "d"));

        assertThat(items(fused)).containsExactly("both", "a", "c", "b", "d");
        assertThat(fused.get(0).score()).isCloseTo((61.0 / 63 + 61.0 / 62) / 2, within(1e-12));
        assertThat(fused.get(1).share(Source.MODEL)).isEqualTo(1);
        assertThat(fused.get(1).share(Source.NEIGHBORS)).isZero();
    }

    @Test
    void firstInAllIsOne() {
        assertThat(fuse(List.of("a", "b"), List.of("a")).get(0).score()).isEqualTo(1);
        assertThat(fuse(List.of("a", "b"), List.of()).get(0).score()).isEqualTo(1);
        assertThat(fuse(List.of(), List.of())).isEmpty();
    }

    @Test
    void aSingleRankingKeepsItsOrder() {
        assertThat(items(fuse(List.of(), List.of("z", "a", "m")))).containsExactly("z", "a", "m");
    }

    @RepeatedTest(50)
    void agreesWithTheFormula(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        List<String> model = ranking(random);
        List<String> neighbors = ranking(random);

        List<Fused> fused = fuse(model, neighbors);

        TreeSet<String> all = new TreeSet<>(model);
        all.addAll(neighbors);
        List<String> expected = all.stream()
                .sorted(Comparator.comparingDouble((String item) -> -(of(model, item) + of(neighbors, item)))
                        .thenComparing(item -> item))
                .toList();
        assertThat(items(fused)).isEqualTo(expected);
        assertThat(fused).allSatisfy(item -> {
            assertThat(item.score()).isGreaterThan(0).isLessThanOrEqualTo(1);
            assertThat(item.share(Source.MODEL) + item.share(Source.NEIGHBORS)).isCloseTo(1, within(1e-12));
        });
    }

    private static List<String> ranking(Random random) {
        List<String> items =
                new ArrayList<>(IntStream.range(0, 30).mapToObj(n -> "i" + n).toList());
        Collections.shuffle(items, random);
        return items.subList(0, 1 + random.nextInt(20));
    }

    private static double of(List<String> ranking, String item) {
        int place = ranking.indexOf(item);
        return place < 0 ? 0 : 61.0 / (61 + place);
    }
}

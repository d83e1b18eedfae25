package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.serving.score.RankFusion.Fused;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class DiversityTest {

    private static Fused candidate(String item, double score) {
        return new Fused(item, score, new double[] {score, 0});
    }

    private static List<String> items(List<Fused> picked) {
        return picked.stream().map(Fused::item).toList();
    }

    /** Some were there in training, the others came since. */
    private static ItemVectors vectors(Map<String, float[]> all, int dimension) {
        Map<String, float[]> trained = new TreeMap<>();
        Map<String, float[]> arrived = new TreeMap<>();
        all.forEach((id, vector) -> (trained.size() <= arrived.size() ? trained : arrived).put(id, vector));
        return new ItemVectors(new ItemSearch(new ItemMatrix(trained, dimension)), new ItemMatrix(arrived, dimension));
    }

    @Test
    void whatIsLikeTheFirstComesLater() {
        ItemVectors vectors =
                vectors(Map.of("a", new float[] {2, 0}, "copy", new float[] {5, 0}, "other", new float[] {0, 1}), 2);
        List<Fused> candidates = List.of(candidate("a", 1), candidate("copy", 0.9), candidate("other", 0.5));

        assertThat(items(new Diversity(vectors, 0).pick(candidates, 3))).containsExactly("a", "copy", "other");
        List<Fused> picked = new Diversity(vectors, 0.5).pick(candidates, 2);
        assertThat(items(picked)).containsExactly("a", "other");
        assertThat(picked.get(1).score()).isCloseTo(0.5 * 0.5 + 0.5, within(1e-12));
    }

    @Test
    void anItemWithoutAVectorIsLikeNothing() {
        ItemVectors vectors = vectors(Map.of("a", new float[] {1}, "b", new float[] {1}), 1);

        assertThat(items(new Diversity(vectors, 1)
                        .pick(List.of(candidate("a", 1), candidate("b", 0.9), candidate("new", 0.1)), 5)))
                .containsExactly("a", "new", "b");
    }

    @RepeatedTest(50)
    void agreesWithBruteForce(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        int dimension = 1 + random.nextInt(12);
        Map<String, float[]> vectors = ModelFixture.vectors("i", 40, dimension, random);
        List<Fused> candidates = new ArrayList<>();
        for (int n = 0; n < 45; n++) {
            candidates.add(candidate("i" + n, random.nextDouble()));
        }
        candidates.sort(Comparator.comparingDouble(Fused::score).reversed());
        double d = random.nextInt(5) / 4.0;
        int size = 1 + random.nextInt(50);

        List<Fused> picked = new Diversity(vectors(vectors, dimension), d).pick(candidates, size);

        assertThat(picked).hasSize(Math.min(size, 45));
        List<Fused> left = new ArrayList<>(candidates);
        List<String> before = new ArrayList<>();
        double above = Double.POSITIVE_INFINITY;
        for (Fused each : picked) {
            double most = left.stream()
                    .mapToDouble(other -> value(other, before, vectors, d))
                    .max()
                    .orElseThrow();
            Fused own = left.stream()
                    .filter(other -> other.item().equals(each.item()))
                    .findFirst()
                    .orElseThrow();
            // Nothing that is left is worth more, and the score is what it is worth.
            assertThat(value(own, before, vectors, d)).isCloseTo(most, within(1e-6));
            assertThat(each.score())
                    .isCloseTo(most, within(1e-6))
                    .isBetween(0.0, 1.0)
                    .isLessThanOrEqualTo(above);
            above = each.score();
            left.remove(own);
            before.add(each.item());
        }
    }

    private static double value(Fused item, List<String> before, Map<String, float[]> vectors, double d) {
        double nearest = before.stream()
                .mapToDouble(other -> cosine(vectors.get(item.item()), vectors.get(other)))
                .max()
                .orElse(0);
        return (1 - d) * item.score() + d * (1 - Math.max(0, nearest));
    }

    private static double cosine(float[] a, float[] b) {
        if (a == null || b == null) {
            return 0;
        }
        double dot = 0;
        for (int k = 0; k < a.length; k++) {
            dot += (double) a[k] * b[k];
        }
        return dot / FoldIn.norm(a) / FoldIn.norm(b);
    }
}

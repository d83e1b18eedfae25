package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.TopK;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ProximityIndexTest {

    private static final int ITEMS = 2000;
    private static final int DIMENSION = 16;
    private static final int COUNT = 100;

    private static final Random RANDOM = new Random(7);
    private static Map<String, float[]> items;
    private static Model exact;
    private static Model indexed;

    /**
     * Like trained vectors: a spectrum that falls, so that few directions matter, lengths that differ, and users where items are.
     */
    private static float[] vector() {
        float[] vector = ModelFixture.vector(DIMENSION, RANDOM);
        double length = Math.exp(.4 * RANDOM.nextGaussian());
        for (int d = 0; d < DIMENSION; d++) {
            vector[d] *= (float) (length / (1 + d));
        }
        return vector;
    }

    @BeforeAll
    static void build() {
        items = new HashMap<>();
        for (int item = 0; item < ITEMS; item++) {
            items.put("i" + item, item % 100 == 0 ? new float[DIMENSION] : vector());
        }
        exact = model(items);
        indexed = model(items);
        assertThat(indexed.index(2, () -> true)).isTrue();
    }

    private static Model model(Map<String, float[]> items) {
        return ModelFixture.model("v", ModelFixture.BEGINNING, Map.of(), items);
    }

    private static List<Integer> best(Model model, float[] user, int count, IntPredicate excluded) {
        Search search = new Search(user, count, excluded);
        model.vectors().best(List.of(search));
        TopK best = search.best();
        best.sort();
        return IntStream.range(0, best.size()).mapToObj(best::id).toList();
    }

    private static int inBoth(List<Integer> some, List<Integer> others) {
        Set<Integer> both = new HashSet<>(some);
        both.retainAll(others);
        return both.size();
    }

    @Test
    void findsMostOfTheBestInTheirOrderAndNothingExcluded() {
        int hits = 0;
        int users = 100;
        for (int user = 0; user < users; user++) {
            float[] vector = vector();
            int part = user % 5;
            IntPredicate excluded = row -> row % 5 == part;
            List<Integer> all = best(exact, vector, COUNT, excluded);
            List<Integer> found = best(indexed, vector, COUNT, excluded);
            assertThat(found).hasSize(COUNT).doesNotHaveDuplicates().noneMatch(excluded::test);
            hits += inBoth(all.subList(0, 20), found.subList(0, 20));
            // What is found lies as it does among all.
            List<Integer> shared = all.stream().filter(found::contains).toList();
            assertThat(found.stream().filter(shared::contains).toList()).isEqualTo(shared);
        }
        assertThat(hits / (20.0 * users)).isGreaterThan(.97);
    }

    @Test
    void asksTheIndexOnceThereIsOne() {
        // Where all directions matter as much, neighbors lead astray.
        Map<String, float[]> scattered = ModelFixture.vectors("i", ITEMS, 4 * DIMENSION, RANDOM);
        float[] user = ModelFixture.vector(4 * DIMENSION, RANDOM);
        Model model = model(scattered);
        List<Integer> all = best(model, user, COUNT, row -> false);
        assertThat(model.index(1, () -> true)).isTrue();
        assertThat(best(model, user, COUNT, row -> false)).hasSize(COUNT).isNotEqualTo(all);
    }

    @Test
    void looksAtAllWhereTooFewAreLeftOrManyAreWanted() {
        float[] user = vector();
        IntPredicate nearlyAll = row -> row % 40 != 3;

        assertThat(best(indexed, user, COUNT, nearlyAll))
                .hasSize(ITEMS / 40)
                .isEqualTo(best(exact, user, COUNT, nearlyAll));
        int more = ProximityIndex.MOST + 1;
        assertThat(best(indexed, user, more, row -> false)).isEqualTo(best(exact, user, more, row -> false));
        assertThat(best(indexed, new float[DIMENSION], COUNT, row -> false))
                .isEqualTo(best(exact, new float[DIMENSION], COUNT, row -> false));
    }

    @Test
    void aSearchThatIsInVainEnds() {
        int[] asked = {0};
        IntPredicate counted = row -> {
            asked[0]++;
            return true;
        };
        ItemMatrix matrix = indexed.items();
        ProximityIndex index = ProximityIndex.build(matrix, 1, () -> true);
        Search search = new Search(vector(), 5, counted);
        assertThat(index.best(search)).isFalse();
        assertThat(search.best().size()).isZero();
        assertThat(asked[0]).isLessThan(ITEMS / 4);
    }

    @Test
    void itemsThatCameSinceAreAmongTheFound() {
        float[] user = vector();
        float[] liked = user.clone();
        for (int d = 0; d < DIMENSION; d++) {
            liked[d] *= 10;
        }
        Map<String, ArrivedItem> arrived =
                Map.of("new", ArrivedItem.ofNeighbors(liked), "zero", ArrivedItem.ofNeighbors(new float[DIMENSION]));
        exact.arrived(arrived);
        indexed.arrived(arrived);
        List<Integer> found = best(indexed, user, COUNT, row -> false);
        assertThat(found).hasSize(COUNT).startsWith(indexed.vectors().row("new"));
        assertThat(inBoth(found, best(exact, user, COUNT, row -> false))).isGreaterThan(COUNT * 9 / 10);
        int row = indexed.vectors().row("new");
        assertThat(best(indexed, user, COUNT, each -> each == row))
                .hasSize(COUNT)
                .doesNotContain(row);
        exact.arrived(Map.of());
        indexed.arrived(Map.of());
    }

    @Test
    void vectorsWithoutLengthAreFoundToo() {
        Map<String, float[]> zeros = ModelFixture.vectors("i", 3, DIMENSION, RANDOM);
        zeros.replaceAll((id, vector) -> new float[DIMENSION]);
        Model model = model(zeros);
        assertThat(model.index(1, () -> true)).isTrue();
        assertThat(best(model, vector(), 3, row -> false)).containsExactly(0, 1, 2);
    }

    @Test
    void oneThatIsNotWantedAnyMoreIsNotBuilt() {
        Model model = model(items);
        int[] left = {10};
        assertThat(model.index(1, () -> left[0]-- > 0)).isFalse();
        float[] user = vector();
        assertThat(best(model, user, COUNT, row -> false)).isEqualTo(best(exact, user, COUNT, row -> false));
    }
}

package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.graph.TopK;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ItemMatrixTest {

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 7", "4, 8", "5, 64", "101, 65", "1000, 384"})
    void scoresAreDotProducts(int items, int dimension) {
        Random random = new Random(items);
        Map<String, float[]> vectors = ModelFixture.vectors("i", items, dimension, random);
        float[] user = ModelFixture.vector(dimension, random);
        ItemMatrix matrix = new ItemMatrix(vectors, dimension);

        double[] scores = ModelFixture.scores(matrix, user);

        for (int row = 0; row < matrix.size(); row++) {
            double expected = 0;
            float[] item = vectors.get(matrix.id(row));
            for (int d = 0; d < dimension; d++) {
                expected += (double) item[d] * user[d];
            }
            assertThat(scores[row]).isCloseTo(expected, within(1e-3));
        }
    }

    /** Of vectors of very different lengths most are left out; the result is that of all, ties and exclusions included. */
    @Test
    void theBestAreThoseOfAllRows() {
        Random random = new Random(2);
        int dimension = 24;
        Map<String, float[]> vectors = ModelFixture.vectors("i", 3000, dimension, random);
        vectors.values().forEach(vector -> {
            double length = Math.exp(-3 * random.nextDouble());
            for (int d = 0; d < dimension; d++) {
                vector[d] *= (float) length;
            }
        });
        for (int twin = 0; twin < 300; twin++) {
            vectors.put("i" + twin, vectors.get("i" + (twin + 300)).clone());
        }
        vectors.put("zero", new float[dimension]);
        ItemMatrix matrix = new ItemMatrix(vectors, dimension);
        for (int trial = 0; trial < 50; trial++) {
            float[] user = ModelFixture.vector(dimension, random);
            double[] scores = ModelFixture.scores(matrix, user);
            int seventh = trial;
            IntPredicate excluded = row -> row % 7 == seventh % 7;
            TopK best = best(matrix, user, 20, excluded);

            List<Integer> expected = IntStream.range(0, scores.length)
                    .filter(row -> !excluded.test(row))
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer row) -> -scores[row])
                            .thenComparing(Comparator.naturalOrder()))
                    .limit(20)
                    .toList();
            assertThat(IntStream.range(0, best.size()).mapToObj(best::id).toList())
                    .isEqualTo(expected);
            assertThat(best.weight(19)).isEqualTo(scores[expected.get(19)]);
        }
    }

    private static TopK best(ItemMatrix matrix, float[] user, int k, IntPredicate excluded) {
        Search search = new Search(user, k, excluded);
        matrix.best(List.of(search));
        search.best().sort();
        return search.best();
    }

    /** Users of very different vectors and wishes, so that some searches end before others. */
    @Test
    void searchesAtOnceFindWhatEachFindsAlone() {
        Random random = new Random(3);
        int dimension = 17;
        Map<String, float[]> vectors = ModelFixture.vectors("i", 1500, dimension, random);
        vectors.values().forEach(vector -> {
            double length = Math.exp(-4 * random.nextDouble());
            for (int d = 0; d < dimension; d++) {
                vector[d] *= (float) length;
            }
        });
        ItemMatrix matrix = new ItemMatrix(vectors, dimension);
        for (int users = 0; users < 12; users++) {
            List<Search> together = new ArrayList<>();
            for (int user = 0; user < users; user++) {
                int seventh = user;
                together.add(new Search(
                        ModelFixture.vector(dimension, random), 1 + random.nextInt(60), row -> row % 7 == seventh));
            }

            matrix.best(together);

            for (Search search : together) {
                TopK alone = best(matrix, search.user(), search.k(), search.excluded());
                search.best().sort();
                assertThat(search.best().size()).isEqualTo(alone.size());
                for (int rank = 0; rank < alone.size(); rank++) {
                    assertThat(search.best().id(rank)).isEqualTo(alone.id(rank));
                    assertThat(search.best().weight(rank)).isEqualTo(alone.weight(rank));
                }
            }
        }
    }

    @Test
    void nothingIsLeftOutWhereEveryProductIsNegative() {
        ItemMatrix matrix =
                new ItemMatrix(Map.of("a", new float[] {-3}, "b", new float[] {-2}, "c", new float[] {-1}), 1);
        TopK best = best(matrix, new float[] {1}, 1, row -> false);

        assertThat(matrix.id(best.id(0))).isEqualTo("c");
    }

    @Test
    void rowsFollowTheIds() {
        ItemMatrix matrix =
                new ItemMatrix(Map.of("b", new float[] {2, 3}, "a", new float[] {1, 0}, "c", new float[] {4, 5}), 2);

        assertThat(matrix.ids()).containsExactly("a", "b", "c");
        assertThat(matrix.row("b")).isEqualTo(1);
        assertThat(matrix.row("d")).isEqualTo(-1);
        assertThat(matrix.vector(1)).containsExactly(2, 3);
    }

    @Test
    void refusesAVectorOfAnotherLength() {
        assertThatThrownBy(() -> new ItemMatrix(Map.of("a", new float[3]), 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("length 3, not 2");
    }
}

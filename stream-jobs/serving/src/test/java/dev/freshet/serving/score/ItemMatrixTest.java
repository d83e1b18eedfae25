package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.Random;
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
        float[] scores = new float[matrix.paddedSize()];

        matrix.scores(user, scores);

        for (int row = 0; row < matrix.size(); row++) {
            double expected = 0;
            float[] item = vectors.get(matrix.id(row));
            for (int d = 0; d < dimension; d++) {
                expected += (double) item[d] * user[d];
            }
            assertThat((double) scores[row]).isCloseTo(expected, within(1e-3));
        }
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

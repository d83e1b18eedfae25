package dev.freshet.graph.knn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.graph.NeighborGraph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CosineNeighborsTest {

    @Test
    void knownGraph() {
        // MODELS.md §13: four directions in the plane, nearest other one each; both neighbors of row 1 are equally near
        // at .6.
        float[] rows = {1, 0, .8f, .6f, 0, 1, -.6f, .8f};
        NeighborGraph graph = CosineNeighbors.of(rows, 4, 2, 1, 1);
        assertThat(graph.neighbors()).containsExactly(1, 0, 3, 2);
        assertThat(graph.weights()[0]).isCloseTo(.8, within(1e-6));
        assertThat(graph.weights()[2]).isCloseTo(.8, within(1e-6));
    }

    @Test
    void lengthDoesNotCount() {
        NeighborGraph graph = CosineNeighbors.of(new float[] {1, 1, 1e-20f, 0, 1e15f, 1e15f}, 3, 2, 2, 1);
        assertThat(graph.neighbors()).containsExactly(2, 1, 0, 2, 0, 1);
        assertThat(graph.weights()[0]).isCloseTo(1, within(1e-6));
    }

    @Test
    void rowsOfZerosHaveNoNeighborsAndAreNone() {
        NeighborGraph graph = CosineNeighbors.of(new float[] {1, 0, 0, 0, -1, 0}, 3, 2, 5, 2);
        assertThat(graph.degree(1)).isZero();
        assertThat(graph.neighbors()).containsExactly(2, 0);
    }

    @Test
    void tiesGoToTheSmallerRow() {
        float[] same = new float[300 * 3];
        Arrays.fill(same, 2);
        NeighborGraph graph = CosineNeighbors.of(same, 300, 3, 3, 2);
        assertThat(Arrays.copyOf(graph.neighbors(), 12)).containsExactly(1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2);
        assertThat(graph.neighbors()[graph.offsets()[299]]).isZero();
    }

    @Test
    void noRowsNoNeighbors() {
        assertThat(CosineNeighbors.of(new float[0], 0, 4, 3, 2).nodes()).isZero();
        assertThat(CosineNeighbors.of(new float[] {1, 2}, 1, 2, 3, 2).edges()).isZero();
    }

    @Test
    void wrongLength() {
        assertThatThrownBy(() -> CosineNeighbors.of(new float[5], 2, 3, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("2 x 3 matrix with 5 values; they must match");
    }

    @Property(tries = 60)
    void equalsTheDefinition(
            @ForAll @IntRange(min = 1, max = 400) int rows,
            @ForAll @IntRange(min = 1, max = 70) int columns,
            @ForAll @IntRange(min = 1, max = 12) int k,
            @ForAll @IntRange(min = 1, max = 3) int threads,
            @ForAll long seed) {
        Random random = new Random(seed);
        float[] matrix = new float[rows * columns];
        for (int at = 0; at < matrix.length; at++) {
            matrix[at] = random.nextInt(10) == 0 ? 0 : (float) random.nextGaussian();
        }
        NeighborGraph graph = CosineNeighbors.of(matrix, rows, columns, k, threads);
        assertThat(graph).isEqualTo(CosineNeighbors.of(matrix, rows, columns, k, 1));
        for (int row = 0; row < rows; row++) {
            List<Double> expected = cosines(matrix, rows, columns, row);
            int degree = Math.min(k, expected.size());
            assertThat(graph.degree(row)).isEqualTo(degree);
            for (int rank = 0; rank < degree; rank++) {
                int at = graph.offsets()[row] + rank;
                assertThat(graph.weights()[at]).isCloseTo(expected.get(rank), within(1e-5));
                assertThat(graph.neighbors()[at]).isNotEqualTo(row);
                assertThat(cosine(matrix, columns, row, graph.neighbors()[at]))
                        .isCloseTo(graph.weights()[at], within(1e-5));
            }
        }
    }

    private static List<Double> cosines(float[] matrix, int rows, int columns, int row) {
        List<Double> all = new ArrayList<>();
        for (int other = 0; other < rows; other++) {
            double cosine = cosine(matrix, columns, row, other);
            if (other != row && !Double.isNaN(cosine)) {
                all.add(cosine);
            }
        }
        all.sort(Comparator.reverseOrder());
        return all;
    }

    private static double cosine(float[] matrix, int columns, int a, int b) {
        double dot = 0;
        double aa = 0;
        double bb = 0;
        for (int c = 0; c < columns; c++) {
            dot += (double) matrix[a * columns + c] * matrix[b * columns + c];
            aa += (double) matrix[a * columns + c] * matrix[a * columns + c];
            bb += (double) matrix[b * columns + c] * matrix[b * columns + c];
        }
        return dot / Math.sqrt(aa * bb);
    }
}

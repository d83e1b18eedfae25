package dev.freshet.graph.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecallSampleTest {

    private static final int K = 5;
    private static final int DIMENSION = 24;
    private static final int VECTORS = 300;
    private static final BooleanSupplier ON = () -> false;

    private final Random random = new Random(7);

    private float[] vector() {
        float[] vector = new float[DIMENSION];
        for (int c = 0; c < DIMENSION; c++) {
            vector[c] = (float) random.nextGaussian();
        }
        return vector;
    }

    /** Vectors of which some have come and gone. */
    private ContentNeighbors exact() {
        ContentNeighbors neighbors = new ContentNeighbors(DIMENSION, K, 2);
        IntStream.range(0, 2 * VECTORS).forEach(i -> neighbors.put("v" + i, vector()));
        neighbors.flush();
        IntStream.range(0, VECTORS).forEach(i -> neighbors.remove("v" + 2 * i));
        neighbors.flush();
        return neighbors;
    }

    @Test
    void exactListsHaveAll() {
        ContentNeighbors neighbors = exact();
        for (int nodes : new int[] {1, 3, 8, VECTORS, 2 * VECTORS}) {
            assertThat(neighbors.recall(nodes, random, ON)).hasValue(1);
        }
    }

    @Test
    void listsWithoutTheirNearestLackOneInK() {
        UnitVectors vectors = new UnitVectors(DIMENSION);
        IntStream.range(0, VECTORS).forEach(i -> vectors.put("v" + i, vector()));
        NearestLists lists = new NearestLists(2 * K, VECTORS, Integer::compare);
        int[] all = IntStream.range(0, VECTORS).toArray();
        PairScan.run(vectors, lists, 2 * K, Integer::compare, 1, Pace.FULL, all, true);
        assertThat(RecallSample.of(vectors, lists, K, 8, random, ON)).hasValue(1);

        for (int slot : all) {
            boolean[] nearest = new boolean[VECTORS];
            nearest[lists.neighbor(slot, 0)] = true;
            lists.drop(slot, nearest);
        }
        assertThat(RecallSample.of(vectors, lists, K, 8, random, ON)).hasValue((K - 1.0) / K);
        IntStream.range(0, VECTORS / 2).forEach(lists::clear);
        assertThat(RecallSample.of(vectors, lists, K, VECTORS, random, ON)).hasValue((K - 1.0) / K / 2);
    }

    @Test
    void equallyNearOnesCountAlike() {
        ContentNeighbors neighbors = new ContentNeighbors(DIMENSION, K, 1);
        float[] same = vector();
        IntStream.range(0, 4 * K).forEach(i -> neighbors.put("v" + i, same));
        neighbors.flush();
        assertThat(neighbors.recall(4 * K, random, ON)).hasValue(1);
    }

    @Test
    void aSampleIsOfAllWhereItIsLargeEnough() {
        ContentNeighbors approximate = new ContentNeighbors(DIMENSION, K, 2, 50);
        ContentNeighbors exact = new ContentNeighbors(DIMENSION, K, 2);
        for (int i = 0; i < 4 * VECTORS; i++) {
            float[] vector = vector();
            approximate.put("v" + i, vector);
            exact.put("v" + i, vector);
        }
        approximate.flush();
        exact.flush();
        long found = IntStream.range(0, 4 * VECTORS)
                .mapToLong(i -> exact.neighbors("v" + i).stream()
                        .filter(approximate.neighbors("v" + i)::contains)
                        .count())
                .sum();
        assertThat(approximate.recall(4 * VECTORS, random, ON)).hasValue((double) found / (4 * VECTORS * K));
    }

    @Test
    void saysNothingWhereThereIsNothingToSay() {
        ContentNeighbors neighbors = new ContentNeighbors(DIMENSION, K, 1);
        assertThat(neighbors.recall(8, random, ON)).isEmpty();
        neighbors.put("v0", vector());
        assertThatThrownBy(() -> neighbors.recall(8, random, ON)).isInstanceOf(IllegalStateException.class);
        neighbors.flush();
        assertThat(neighbors.recall(8, random, ON)).isEmpty();
        neighbors.put("v1", vector());
        neighbors.flush();
        assertThat(neighbors.recall(8, random, ON)).hasValue(1);
        assertThat(neighbors.recall(8, random, () -> true)).as("told to stop").isEmpty();
        assertThat(List.of("v0", "v1"))
                .allSatisfy(id -> assertThat(neighbors.neighbors(id)).hasSize(1));
    }
}

package dev.freshet.graph.content;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.Neighbor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;

/** Beyond the size up to which all vectors are compared with all. */
class ApproximateNeighborsTest {

    private static final int K = 5;
    private static final int DIMENSION = 24;
    private static final int EXACT = 200;

    private final Map<String, float[]> vectors = new HashMap<>();
    private final Random random = new Random(3);
    private final ContentNeighbors neighbors = new ContentNeighbors(DIMENSION, K, 2, EXACT);

    @Test
    void findsMostNeighborsOfVectorsThatComeChangeAndGo() {
        for (int batch = 0; batch < 12; batch++) {
            for (int i = 0; i < 150; i++) {
                put("v" + random.nextInt(1500));
            }
            for (int i = 0; i < 40; i++) {
                remove("v" + random.nextInt(1500));
            }
            neighbors.flush();
        }
        assertThat(vectors.size()).isGreaterThan(4 * EXACT);
        assertRecall(0.95);
    }

    @Test
    void survivesManyGenerations() {
        for (int generation = 0; generation < 12; generation++) {
            for (int i = 0; i < 400; i++) {
                put("v" + i);
            }
            neighbors.flush();
        }
        assertRecall(0.95);
    }

    @Test
    void everythingMayGoAndComeAgain() {
        for (int i = 0; i < 500; i++) {
            put("v" + i);
        }
        neighbors.flush();
        Set.copyOf(vectors.keySet()).forEach(this::remove);
        neighbors.flush();
        assertThat(neighbors.size()).isZero();
        for (int i = 300; i < 800; i++) {
            put("v" + i);
        }
        neighbors.flush();
        assertRecall(0.95);
    }

    @Test
    void isExactAgainWhenItShrinks() {
        for (int i = 0; i < 600; i++) {
            put("v" + i);
        }
        assertThat(neighbors.work()).as("everything").isEqualTo(600L * 600 * DIMENSION);
        neighbors.flush();
        for (int i = 0; i < 600 - EXACT; i++) {
            remove("v" + i);
        }
        neighbors.flush();
        int least = EXACT * 3 / 4;
        for (int i = 600 - EXACT; i < 600 - least - 1; i++) {
            remove("v" + i);
        }
        assertThat(neighbors.work()).as("as before").isLessThan((long) EXACT * EXACT * DIMENSION);
        neighbors.flush();
        remove("v" + (600 - least - 1));
        assertThat(neighbors.work()).as("everything").isEqualTo((long) least * least * DIMENSION);
        neighbors.flush();
        Oracle.neighbors(vectors, K)
                .forEach(
                        (id, list) -> assertThat(neighbors.neighbors(id)).as(id).isEqualTo(list));
    }

    private void put(String id) {
        float[] vector = new float[DIMENSION];
        // Around one of twenty directions.
        Random cluster = new Random(random.nextInt(20));
        for (int c = 0; c < DIMENSION; c++) {
            vector[c] = (float) (cluster.nextGaussian() + 0.5 * random.nextGaussian());
        }
        vectors.put(id, vector);
        neighbors.put(id, vector);
    }

    private void remove(String id) {
        vectors.remove(id);
        neighbors.remove(id);
    }

    /** Weights are exact, lists are in order, without what is gone, and have most of the true neighbors. */
    private void assertRecall(double least) {
        SortedMap<String, List<Neighbor>> exact = Oracle.neighbors(vectors, K);
        Map<String, float[]> units = Oracle.units(vectors);
        long found = 0;
        long all = 0;
        for (Map.Entry<String, List<Neighbor>> entry : exact.entrySet()) {
            List<Neighbor> list = neighbors.neighbors(entry.getKey());
            assertThat(list).hasSize(K);
            assertThat(list).extracting(Neighbor::getId).doesNotHaveDuplicates().isSubsetOf(vectors.keySet());
            for (int rank = 0; rank < K; rank++) {
                assertThat(list.get(rank).getWeight())
                        .isEqualTo(Oracle.cosine(
                                units.get(entry.getKey()),
                                units.get(list.get(rank).getId())));
                assertThat(list.get(rank).getWeight())
                        .isLessThanOrEqualTo(list.get(Math.max(0, rank - 1)).getWeight());
            }
            Set<Neighbor> wanted = new HashSet<>(entry.getValue());
            wanted.retainAll(list);
            found += wanted.size();
            all += K;
        }
        assertThat((double) found / all).as("recall").isGreaterThan(least);
    }
}

package dev.freshet.graph.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.knn.CosineNeighbors;
import dev.freshet.schema.Neighbor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ContentNeighborsTest {

    /** Something that happens. */
    sealed interface Step {}

    record Put(int id, int vector) implements Step {}

    /** Many at once. */
    record PutAll(int from, int count, int vector) implements Step {}

    record Remove(int id) implements Step {}

    record Flush() implements Step {}

    /** From the vectors and the states of lists; perhaps with changes between these. */
    record Restart(boolean settled, int threads) implements Step {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> id = Arbitraries.integers().between(0, 45);
        Arbitrary<Integer> vector = Arbitraries.integers().between(0, 500);
        Arbitrary<Step> put = Combinators.combine(id, vector).as(Put::new);
        Arbitrary<Step> putAll = Combinators.combine(id, Arbitraries.integers().between(1, 40), vector)
                .as(PutAll::new);
        Arbitrary<Step> restart = Combinators.combine(
                        Arbitraries.of(true, false), Arbitraries.integers().between(1, 3))
                .as(Restart::new);
        return Arbitraries.frequencyOf(
                        Tuple.of(20, put),
                        Tuple.of(2, putAll),
                        Tuple.of(10, id.map(Remove::new)),
                        Tuple.of(8, Arbitraries.just(new Flush())),
                        Tuple.of(2, restart))
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 1500)
    void incrementalEqualsBatch(
            @ForAll("steps") List<Step> steps,
            @ForAll @IntRange(min = 1, max = 5) int k,
            @ForAll @IntRange(min = 1, max = 6) int dimension,
            @ForAll @IntRange(min = 1, max = 3) int threads) {
        new Run(dimension, k, threads).run(steps);
    }

    /** With more vectors than a panel, a group of panels or a block of left rows, and clusters, so that lists lose many entries. */
    @Test
    void longRunsEqualBatch() {
        for (int seed = 1; seed <= 4; seed++) {
            Random random = new Random(seed);
            List<Step> steps = new ArrayList<>();
            steps.add(new PutAll(0, 300, random.nextInt(500)));
            steps.add(new Flush());
            for (int s = 0; s < 400; s++) {
                int id = random.nextInt(500);
                steps.add(
                        random.nextInt(3) == 0
                                ? new Remove(id)
                                : random.nextInt(30) == 0
                                        ? new PutAll(id, 150, random.nextInt(500))
                                        : new Put(id, random.nextInt(500)));
                if (random.nextInt(8) == 0) {
                    steps.add(new Flush());
                }
                if (random.nextInt(50) == 0) {
                    steps.add(new Restart(random.nextBoolean(), 1 + random.nextInt(3)));
                }
            }
            try {
                new Run(3 + 17 * seed, 5, 2).run(steps);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    /** A table under test, the vectors that it should have, and consumers that follow nothing but what it says has changed. */
    private static final class Run {
        private final int dimension;
        private final int k;
        private ContentNeighbors neighbors;
        private final Map<String, float[]> vectors = new HashMap<>();
        private final Map<String, List<Neighbor>> published = new TreeMap<>();
        private final Map<String, byte[]> states = new HashMap<>();

        Run(int dimension, int k, int threads) {
            this.dimension = dimension;
            this.k = k;
            neighbors = new ContentNeighbors(dimension, k, threads);
        }

        void run(List<Step> steps) {
            for (Step step : steps) {
                if (step instanceof Put put) {
                    put(put.id, put.vector);
                } else if (step instanceof PutAll all) {
                    for (int i = 0; i < all.count; i++) {
                        put(all.from + i, all.vector + 7 * i);
                    }
                } else if (step instanceof Remove remove) {
                    String id = "i" + remove.id;
                    boolean had = !Oracle.units(only(id)).isEmpty();
                    vectors.remove(id);
                    assertThat(neighbors.remove(id)).isEqualTo(had);
                } else if (step instanceof Flush) {
                    flush();
                } else if (step instanceof Restart restart) {
                    if (restart.settled) {
                        flush();
                    }
                    neighbors = restored(restart.threads);
                    if (restart.settled) {
                        assertThat(neighbors.flush().states())
                                .as("computed again")
                                .isEmpty();
                    }
                }
            }
            flush();
        }

        private Map<String, float[]> only(String id) {
            return vectors.containsKey(id) ? Map.of(id, vectors.get(id)) : Map.of();
        }

        private void put(int id, int seed) {
            float[] vector = vector(seed, dimension);
            neighbors.put("i" + id, vector.clone());
            vectors.put("i" + id, vector);
        }

        private void flush() {
            ListChanges changes = neighbors.flush();
            assertThat(changes.lists()).isSorted().doesNotHaveDuplicates();
            for (String id : changes.lists()) {
                List<Neighbor> list = neighbors.neighbors(id);
                assertThat(list.isEmpty() ? published.remove(id) : published.put(id, list))
                        .as("list of %s before", id)
                        .isNotEqualTo(list);
            }
            for (String id : changes.states()) {
                byte[] state = neighbors.listState(id);
                if (state == null) {
                    states.remove(id);
                } else {
                    states.put(id, state);
                }
            }
            assertThat(states).hasSize(neighbors.size());
            SortedMap<String, float[]> units = Oracle.units(vectors);
            assertThat(neighbors.size()).isEqualTo(units.size());
            assertThat(published).isEqualTo(Oracle.neighbors(vectors, k));
            assertThat(published).isEqualTo(batch());
        }

        /** The batch kernel of the trainer, over the rows in order of ids. */
        private SortedMap<String, List<Neighbor>> batch() {
            SortedMap<String, float[]> rows = new TreeMap<>(vectors);
            List<String> ids = List.copyOf(rows.keySet());
            float[] matrix = new float[rows.size() * dimension];
            for (int row = 0; row < ids.size(); row++) {
                System.arraycopy(rows.get(ids.get(row)), 0, matrix, row * dimension, dimension);
            }
            NeighborGraph graph = CosineNeighbors.of(matrix, ids.size(), dimension, k, 1);
            SortedMap<String, List<Neighbor>> lists = new TreeMap<>();
            for (int row = 0; row < graph.nodes(); row++) {
                List<Neighbor> list = new ArrayList<>();
                for (int e = graph.offsets()[row]; e < graph.offsets()[row + 1]; e++) {
                    list.add(new Neighbor(ids.get(graph.neighbors()[e]), graph.weights()[e]));
                }
                if (!list.isEmpty()) {
                    lists.put(ids.get(row), list);
                }
            }
            return lists;
        }

        private ContentNeighbors restored(int threads) {
            ContentNeighbors restored = new ContentNeighbors(dimension, k, threads);
            vectors.forEach(restored::put);
            states.forEach((id, state) -> {
                try {
                    restored.restoreList(id, state);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            return restored;
        }
    }

    /** Some on a grid, so that cosines tie and vectors of zeros and of equal direction occur, some anywhere, some near one another. */
    private static float[] vector(int seed, int dimension) {
        Random random = new Random(seed);
        float[] vector = new float[dimension];
        for (int c = 0; c < dimension; c++) {
            vector[c] = switch (seed % 3) {
                case 0 -> random.nextInt(4) - 1;
                case 1 -> (float) random.nextGaussian();
                default -> (float) (1 + c + 0.01 * random.nextGaussian());
            };
        }
        return vector;
    }

    @Test
    void knownLists() {
        // MODELS.md §13: four directions in the plane.
        ContentNeighbors neighbors = new ContentNeighbors(2, 1, 1);
        neighbors.put("0", new float[] {1, 0});
        neighbors.put("1", new float[] {.8f, .6f});
        neighbors.put("2", new float[] {0, 1});
        neighbors.put("3", new float[] {-.6f, .8f});
        assertThat(neighbors.neighbors("0")).isEmpty();
        assertThat(neighbors.flush().lists()).containsExactly("0", "1", "2", "3");
        assertThat(neighbors.neighbors("0")).extracting(Neighbor::getId).containsExactly("1");
        assertThat(neighbors.neighbors("1")).extracting(Neighbor::getId).containsExactly("0");
        assertThat(neighbors.neighbors("2")).extracting(Neighbor::getId).containsExactly("3");
        assertThat(neighbors.neighbors("3")).extracting(Neighbor::getId).containsExactly("2");
    }

    @Test
    void aVectorOfTheSameDirectionChangesNothing() {
        ContentNeighbors neighbors = new ContentNeighbors(2, 3, 1);
        assertThat(neighbors.put("a", new float[] {1, 2})).isTrue();
        assertThat(neighbors.put("a", new float[] {2, 4})).isFalse();
        neighbors.put("b", new float[] {1, 0});
        neighbors.flush();
        neighbors.remove("b");
        neighbors.put("b", new float[] {3, 0});
        assertThat(neighbors.flush().lists()).isEmpty();
    }

    @Test
    void aChangeReportsOnlyTheListsThatItMoves() {
        ContentNeighbors neighbors = new ContentNeighbors(2, 1, 1);
        neighbors.put("a", new float[] {1, 0});
        neighbors.put("b", new float[] {1, .1f});
        neighbors.put("c", new float[] {0, 1});
        neighbors.put("d", new float[] {.1f, 1});
        neighbors.flush();
        neighbors.put("e", new float[] {-1, -.1f});
        assertThat(neighbors.flush().lists()).containsExactly("e");
        neighbors.remove("d");
        assertThat(neighbors.flush().lists()).containsExactly("c", "d");
        assertThat(neighbors.neighbors("d")).isEmpty();
    }

    @Test
    void badVectors() {
        ContentNeighbors neighbors = new ContentNeighbors(2, 1, 1);
        assertThatThrownBy(() -> neighbors.put("a", new float[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("vector of a has 3 values; it must have 2");
        assertThatThrownBy(() -> neighbors.put("a", new float[] {1, Float.NaN}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("value 1 of the vector of a is NaN; it must be finite");
        assertThat(neighbors.size()).isZero();
        assertThatThrownBy(() -> new ContentNeighbors(0, 1, 1)).hasMessage("dimension is 0; it must be at least 1");
        assertThatThrownBy(() -> new ContentNeighbors(1, 0, 1)).hasMessage("top-k is 0; it must be at least 1");
        assertThatThrownBy(() -> new ContentNeighbors(1, 1, 0)).hasMessage("threads is 0; it must be at least 1");
    }

    @Test
    void stateIsOfACut() throws IOException {
        ContentNeighbors neighbors = new ContentNeighbors(2, 1, 1);
        neighbors.put("a", new float[] {1, 0});
        assertThatThrownBy(() -> neighbors.listState("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("1 changed vectors were not flushed");
        neighbors.flush();
        byte[] state = neighbors.listState("a");
        state[3] = 9;
        assertThatThrownBy(() -> neighbors.restoreList("a", state))
                .isInstanceOf(IOException.class)
                .hasMessage("state of the list of a has format 9; this version reads 1");
    }

    @Test
    void whatLeftBeforeARestartLeavesTheLists() throws IOException {
        ContentNeighbors before = new ContentNeighbors(2, 1, 1);
        before.put("a", new float[] {1, 0});
        before.put("b", new float[] {1, 1});
        before.flush();
        ContentNeighbors after = new ContentNeighbors(2, 1, 1);
        after.put("a", new float[] {1, 0});
        after.restoreList("a", before.listState("a"));
        after.restoreList("b", before.listState("b"));
        assertThat(after.flush().lists()).containsExactly("a", "b");
        assertThat(after.neighbors("a")).isEmpty();
        assertThat(after.neighbors("b")).isEmpty();
        assertThat(after.listState("b")).isNull();
    }
}

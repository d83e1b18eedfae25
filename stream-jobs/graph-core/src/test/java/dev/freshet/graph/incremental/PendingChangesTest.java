package dev.freshet.graph.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes come back in full, from memory and from the file. */
class PendingChangesTest {

    private static final int NODES = 300;

    @TempDir
    private Path folder;

    private final Random random = new Random(11);
    private final Map<Integer, Map<Integer, Integer>> expected = new TreeMap<>();
    private PendingChanges pending;

    @AfterEach
    void close() {
        pending.close();
    }

    @Test
    void memoryAndFileAddUp() throws IOException {
        pending = new PendingChanges(500, folder);
        for (int round = 0; round < 20; round++) {
            change(40);
            assertThat(pending.nodes()).isEqualTo(expected.keySet());
            check();
        }
        assertThat(pending.spilledBytes()).isPositive();
    }

    @Test
    void whatIsClearedIsForgotten() throws IOException {
        pending = new PendingChanges(500, folder);
        change(200);
        check();
        assertThat(pending.spilledBytes()).isPositive();
        pending.clear();
        assertThat(pending.spilledBytes()).isZero();
        assertThat(pending.nodes()).isEmpty();
        expected.clear();
        change(200);
        check();
        pending.close();
        assertThat(files()).isEmpty();
    }

    @Test
    void withinTheLimitThereIsNoFile() throws IOException {
        pending = new PendingChanges(1 << 20, folder);
        change(200);
        check();
        assertThat(pending.spilledBytes()).isZero();
    }

    private void change(int rows) {
        DeltaBatches batches = new DeltaBatches(64, pending::add);
        for (int r = 0; r < rows; r++) {
            int node = random.nextInt(NODES);
            int other = random.nextInt(NODES);
            int delta = random.nextInt(5) - 2;
            if (delta != 0) {
                batches.row(node, new int[] {other}, new int[] {delta}, 1);
                expected.computeIfAbsent(node, n -> new TreeMap<>()).merge(other, delta, Integer::sum);
            }
        }
        batches.flush();
    }

    private void check() {
        Accumulator sums = new Accumulator();
        for (int node = 0; node < NODES; node++) {
            assertThat(pending.addTo(sums, node)).isEqualTo(expected.containsKey(node));
            int size = sums.drain();
            Map<Integer, Integer> found = new TreeMap<>();
            for (int e = 0; e < size; e++) {
                found.put(sums.ids[e], sums.values[e]);
            }
            Map<Integer, Integer> row = new TreeMap<>(expected.getOrDefault(node, Map.of()));
            row.values().removeIf(sum -> sum == 0);
            assertThat(found).isEqualTo(row);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}

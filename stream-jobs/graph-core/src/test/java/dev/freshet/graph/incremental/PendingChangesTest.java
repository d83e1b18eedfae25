package dev.freshet.graph.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes come back in full, from memory, from the file and from the log. */
class PendingChangesTest {

    private static final int NODES = 300;

    @TempDir
    private Path folder;

    private final Random random = new Random(11);
    private final MemoryLog log = new MemoryLog(new HashMap<>(), shard -> true);
    private final Map<Integer, Map<Integer, Integer>> expected = new TreeMap<>();
    private final Map<Integer, Map<Integer, Integer>> recent = new TreeMap<>();
    private Set<Integer> earlier = Set.of();
    private PendingChanges pending;

    @AfterEach
    void close() {
        pending.close();
    }

    @Test
    void memoryAndFileAddUp() throws IOException {
        open(500);
        for (int round = 0; round < 20; round++) {
            change(40);
            check();
        }
        assertThat(pending.spilledBytes()).isPositive();
    }

    @Test
    void whatIsTakenInIsForgotten() throws IOException {
        open(500);
        change(200);
        check();
        assertThat(pending.spilledBytes()).isPositive();
        cut();
        assertThat(pending.spilledBytes()).isZero();
        assertThat(log.shards()).isEmpty();
        assertThat(expected).isEmpty();
        change(200);
        check();
        pending.close();
        assertThat(files()).isEmpty();
    }

    @Test
    void withinTheLimitThereIsNoFile() throws IOException {
        open(1 << 20);
        change(200);
        check();
        assertThat(pending.spilledBytes()).isZero();
    }

    @Test
    void whatIsLeftBehindIsDurable() {
        open(1 << 20);
        for (int round = 0; round < 20; round++) {
            change(40);
            check();
            cut();
            check();
            open(1 << 20);
            check();
        }
        assertThat(expected).hasSizeGreaterThan(250);
    }

    @Test
    void littleIsLeftBehindAndNoMoreIsTakenInThanHasToBe() {
        open(8 * 2_000);
        boolean partly = false;
        for (int round = 0; round < 100; round++) {
            change(40);
            int before = logged();
            cut();
            assertThat(logged()).isLessThanOrEqualTo(2_000);
            long taken = IntStream.range(0, Shards.COUNT).filter(pending::isDue).count();
            assertThat(taken).isLessThan(Shards.COUNT);
            partly |= taken > 0 && before > 1_500;
            check();
        }
        assertThat(partly).isTrue();
    }

    @Test
    void muchThatCameIsTakenInByAll() {
        open(8 * 200);
        change(200);
        cut();
        assertThat(IntStream.range(0, Shards.COUNT)).allMatch(pending::isDue);
        assertThat(log.shards()).isEmpty();
    }

    @Test
    void everythingIsTakenInWhereThatIsAsked() {
        open(1 << 20);
        change(40);
        cut();
        assertThat(log.shards()).isNotEmpty();
        pending.decide(true);
        pending.settle();
        assertThat(log.shards()).isEmpty();
        expected.clear();
        earlier = Set.of();
        check();
    }

    /** Bytes in the log. */
    private int logged() {
        return log.shards().values().stream()
                .flatMap(List::stream)
                .mapToInt(batch -> batch.length)
                .sum();
    }

    private void open(long limit) {
        recent.clear();
        pending = new PendingChanges(log, limit, folder);
    }

    private void change(int rows) {
        DeltaBatches batches = new DeltaBatches(64, pending::add);
        for (int r = 0; r < rows; r++) {
            int node = random.nextInt(NODES);
            int other = random.nextInt(NODES);
            int delta = random.nextInt(5) - 2;
            if (delta != 0) {
                batches.row(node, new int[] {other}, new int[] {delta}, 1);
                for (Map<Integer, Map<Integer, Integer>> rowsSoFar : List.of(expected, recent)) {
                    rowsSoFar.computeIfAbsent(node, n -> new TreeMap<>()).merge(other, delta, Integer::sum);
                }
            }
        }
        batches.flush();
    }

    private void cut() {
        pending.decide(false);
        pending.settle();
        expected.keySet().removeIf(node -> pending.isDue(Shards.of(node)));
        earlier = Set.copyOf(expected.keySet());
        recent.clear();
    }

    private void check() {
        assertThat(pending.nodes()).isEqualTo(recent.keySet());
        for (int shard = 0; shard < Shards.COUNT; shard++) {
            int at = shard;
            assertThat(pending.earlierNodes(shard))
                    .containsAll(earlier.stream()
                            .filter(node -> Shards.of(node) == at)
                            .toList())
                    .allMatch(node -> Shards.of(node) == at && expected.containsKey(node));
        }
        Accumulator sums = new Accumulator();
        for (int node = 0; node < NODES; node++) {
            assertThat(pending.addTo(sums, node)).isEqualTo(expected.containsKey(node));
            assertThat(drained(sums)).isEqualTo(nonZero(expected, node));
            assertThat(pending.addRecentTo(sums, node)).isEqualTo(recent.containsKey(node));
            assertThat(drained(sums)).isEqualTo(nonZero(recent, node));
        }
    }

    private static Map<Integer, Integer> drained(Accumulator sums) {
        int size = sums.drain();
        Map<Integer, Integer> found = new TreeMap<>();
        for (int e = 0; e < size; e++) {
            found.put(sums.ids[e], sums.values[e]);
        }
        return found;
    }

    private static Map<Integer, Integer> nonZero(Map<Integer, Map<Integer, Integer>> rows, int node) {
        Map<Integer, Integer> row = new TreeMap<>(rows.getOrDefault(node, Map.of()));
        row.values().removeIf(sum -> sum == 0);
        return row;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}

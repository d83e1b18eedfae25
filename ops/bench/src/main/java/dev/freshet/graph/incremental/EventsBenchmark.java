package dev.freshet.graph.incremental;

import dev.freshet.graph.GraphNames;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A checkpoint after some events: 20,000 users' rows in memory, of the pairs of 7,000 items with 23 users on average, some of them popular; each event
 * is a user's first interaction with an item. Time per checkpoint, all users' Jaccard lists up to date.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class EventsBenchmark {

    private static final int USERS = 20_000;
    private static final int ITEMS = 7_000;
    private static final int MEAN = 23;
    private static final int[] NONE = {};

    /** Events between two checkpoints. */
    @Param({"100", "400", "1600"})
    public int events;

    private final Random random = new Random(6);
    private final List<IntOpenHashSet> sets = new ArrayList<>();
    private final int[] degrees = new int[USERS];
    private final NodeTable nodes = new NodeTable();
    private final PairRows rows = new PairRows(
            Workload.store(), Workload.log(), nodes, 32 << 20, Path.of(System.getProperty("java.io.tmpdir")), false);
    private long version;
    private long passed;

    @Setup
    public void fill() {
        rows.addJaccard(GraphNames.USER_JACCARD, 10, Workload.store());
        for (int user = 0; user < USERS; user++) {
            nodes.setName(user, "user-" + user);
        }
        PairDeltas deltas = new PairDeltas();
        for (int item = 0; item < ITEMS; item++) {
            // The mean of 5r⁴ is 1.
            int size = 2 + (int) ((MEAN - 2) * 5 * Math.pow(random.nextDouble(), 4));
            int[] set = Workload.set(random, USERS, size);
            sets.add(new IntOpenHashSet(set));
            for (int user : set) {
                degrees[user]++;
            }
            deltas.add(set, size, set, size, NONE, 0);
        }
        for (int user = 0; user < USERS; user++) {
            nodes.setDegree(user, degrees[user]);
        }
        flush(deltas);
    }

    @Benchmark
    public long checkpoint() {
        PairDeltas deltas = new PairDeltas();
        for (int e = 0; e < events; e++) {
            IntOpenHashSet set = sets.get(random.nextInt(ITEMS));
            int user = random.nextInt(USERS);
            if (set.add(user)) {
                int[] after = set.toIntArray();
                Arrays.sort(after);
                deltas.add(after, after.length, new int[] {user}, 1, NONE, 0);
                nodes.setDegree(user, ++degrees[user]);
            }
        }
        flush(deltas);
        return passed;
    }

    private void flush(PairDeltas deltas) {
        DeltaBatches batches = new DeltaBatches(1 << 14, rows::add);
        deltas.drain(batches);
        batches.flush();
        rows.flush(++version, list -> passed++);
    }
}

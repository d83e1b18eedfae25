package dev.freshet.graph.incremental;

import dev.freshet.bench.PairCounts;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** Changed sets to changed rows, consolidated; and the same pairs one by one into rows in memory. Time per ordered pair. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PairDeltasBenchmark {

    private static final int SETS = 1_000;
    private static final int SIZE = 60;
    private static final int PAIRS = SETS * SIZE * (SIZE - 1);

    private static final int[] NONE = {};

    private final int[][] sets = new int[SETS][];
    private final PairDeltas deltas = new PairDeltas();
    private long passed;
    private final DeltaBatches batches = new DeltaBatches(1 << 16, (shard, batch) -> passed += batch.length);

    @Setup
    public void prepare() {
        Random random = new Random(2);
        for (int set = 0; set < SETS; set++) {
            sets[set] = Workload.set(random, Workload.ITEMS, SIZE);
        }
    }

    /** New sets into rows of changes. */
    @Benchmark
    @OperationsPerInvocation(PAIRS)
    public void drain(Blackhole sink) {
        add();
        deltas.drain((row, ids, values, size) -> sink.consume(size));
    }

    /** New sets into packed batches, ready for the shuffle. */
    @Benchmark
    @OperationsPerInvocation(PAIRS)
    public long drainAndPack() {
        add();
        deltas.drain(batches);
        batches.flush();
        return passed;
    }

    /** The in-memory limit on the same sets. */
    @Benchmark
    @OperationsPerInvocation(PAIRS)
    public long oneByOne() {
        PairCounts counts = new PairCounts();
        for (int set = 0; set < SETS; set++) {
            for (int member : sets[set]) {
                counts.add(set, member);
            }
        }
        return counts.updates();
    }

    private void add() {
        for (int[] set : sets) {
            deltas.add(set, SIZE, set, SIZE, NONE, 0);
        }
    }
}

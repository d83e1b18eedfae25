package dev.freshet.graph.incremental;

import dev.freshet.graph.GraphNames;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A checkpoint of 4,000 rows in memory that hold the pairs of 2,000 sets of 60: the changes by 100 more sets are merged into them,
 * and the lists are scored and passed on, Jaccard and co-occurrence. Time per checkpoint.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PairRowsBenchmark {

    private static final int SETS = 2_000;
    private static final int MORE = 100;
    private static final int SIZE = 60;
    private static final int[] NONE = {};

    private record Batch(int shard, byte[] bytes) {}

    private final List<Batch> before = new ArrayList<>();
    private final List<Batch> changes = new ArrayList<>();
    private PairRows rows;
    private long seen;

    @Setup
    public void draw() {
        Random random = new Random(4);
        pack(random, SETS, before);
        pack(random, MORE, changes);
    }

    private static void pack(Random random, int sets, List<Batch> to) {
        PairDeltas deltas = new PairDeltas();
        for (int s = 0; s < sets; s++) {
            int[] set = Workload.set(random, Workload.ITEMS, SIZE);
            deltas.add(set, SIZE, set, SIZE, NONE, 0);
        }
        DeltaBatches batches = new DeltaBatches(1 << 14, (shard, batch) -> to.add(new Batch(shard, batch)));
        deltas.drain(batches);
        batches.flush();
    }

    @Setup(Level.Invocation)
    public void prepare() {
        rows = new PairRows(
                Workload.store(),
                Workload.log(),
                Workload.nodes(Workload.ITEMS),
                64 << 20,
                Path.of(System.getProperty("java.io.tmpdir")),
                false);
        rows.addJaccard(GraphNames.ITEM_JACCARD, 10, Workload.store());
        rows.addCooccurrence(GraphNames.ITEM_COOCCURRENCE, 2, 10, Workload.store());
        add(before);
        rows.flush(1, list -> seen++);
    }

    @Benchmark
    public long checkpoint() {
        add(changes);
        rows.flush(2, list -> seen++);
        return seen;
    }

    private void add(List<Batch> batches) {
        batches.forEach(batch -> rows.add(batch.shard(), batch.bytes()));
    }
}

package dev.freshet.graph.incremental;

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

/** A row of the co-occurrence matrix: read from bytes, merged with a change of a tenth of it, written again. Time per row. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PackedRowBenchmark {

    /** Pairs in the row. */
    @Param({"100", "1000", "3000"})
    public int pairs;

    /** Nodes to draw from: items of a shop, or users of a news site. */
    @Param({"4000", "400000"})
    public int universe;

    private byte[] stored;
    private byte[] change;
    private final Accumulator sums = new Accumulator();
    private final Row row = new Row();
    private final Buffer out = new Buffer(1 << 14);

    @Setup
    public void prepare() {
        Random random = new Random(1);
        stored = Workload.row(Workload.set(random, universe, pairs), Workload.counts(random, pairs));
        change = Workload.row(Workload.set(random, universe, pairs / 10), Workload.counts(random, pairs / 10));
    }

    /** Reads the row alone. */
    @Benchmark
    public int read() {
        row.read(stored);
        return row.size;
    }

    /** Reads, merges and writes. */
    @Benchmark
    public byte[] merge() {
        PackedRow.addTo(sums, change, 0, change.length);
        int changes = sums.drain();
        row.merge(stored, sums.ids, sums.values, changes);
        out.clear();
        PackedRow.write(out, row.ids, row.counts, row.size);
        return out.toBytes();
    }
}

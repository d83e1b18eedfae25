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

    private byte[] stored;
    private byte[] change;
    private final Accumulator sums = new Accumulator();
    private final Buffer out = new Buffer(1 << 14);

    @Setup
    public void prepare() {
        Random random = new Random(1);
        stored = Workload.row(Workload.set(random, pairs), Workload.counts(random, pairs));
        change = Workload.row(Workload.set(random, pairs / 10), Workload.counts(random, pairs / 10));
    }

    /** Reads the row alone. */
    @Benchmark
    public int read() {
        PackedRow.addTo(sums, stored, 0, stored.length);
        return sums.drain();
    }

    /** Reads, merges and writes. */
    @Benchmark
    public byte[] merge() {
        PackedRow.addTo(sums, stored, 0, stored.length);
        PackedRow.addTo(sums, change, 0, change.length);
        int size = sums.drain();
        out.clear();
        PackedRow.write(out, sums.ids, sums.values, size);
        return out.toBytes();
    }
}

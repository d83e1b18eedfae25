package dev.freshet.graph.incremental;

import dev.freshet.graph.GraphNames;
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

/** The ten best of a row, chosen from counts; the list does not change, so that nothing is passed on. Time per row. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TopKListsBenchmark {

    /** Pairs in the row. */
    @Param({"100", "1000", "3000"})
    public int pairs;

    /** Nodes to draw from: items of a shop, or users of a news site. */
    @Param({"4000", "400000"})
    public int universe;

    private JaccardLists jaccard;
    private CooccurrenceLists cooccurrence;
    private final Row row = new Row();
    private long passed;

    @Setup
    public void draw() {
        Random random = new Random(5);
        row.read(Workload.row(Workload.set(random, universe, pairs), Workload.counts(random, pairs)));
        NodeTable nodes = Workload.nodes(universe);
        jaccard = new JaccardLists(GraphNames.ITEM_JACCARD, 10, nodes, Workload.store());
        cooccurrence = new CooccurrenceLists(GraphNames.ITEM_COOCCURRENCE, 2, 10, nodes, Workload.store());
    }

    @Benchmark
    public long jaccard() {
        jaccard.rescore(0, row, 1, list -> passed++);
        return passed;
    }

    @Benchmark
    public long cooccurrence() {
        cooccurrence.rescore(0, row, 1, list -> passed++);
        return passed;
    }
}

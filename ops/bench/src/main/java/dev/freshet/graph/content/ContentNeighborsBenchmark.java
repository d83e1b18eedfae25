package dev.freshet.graph.content;

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

/** Exact nearest neighbors, ten per vector, at the sizes of Amazon Clothing and Baby, on all cores. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xmx2g", "--add-modules=jdk.incubator.vector"})
public class ContentNeighborsBenchmark {

    private static final int K = 10;
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    /** All lists are up to date. */
    abstract static class Full {
        final Random random = new Random(5);
        final ContentNeighbors neighbors;
        private final int rows;

        Full(int rows, int dimension) {
            this.rows = rows;
            neighbors = new ContentNeighbors(dimension, K, THREADS);
        }

        void fill() {
            for (int row = 0; row < rows; row++) {
                put(row);
            }
            neighbors.flush();
        }

        void put(int row) {
            float[] vector = new float[neighbors.dimension()];
            for (int c = 0; c < vector.length; c++) {
                vector[c] = (float) random.nextGaussian();
            }
            neighbors.put("row-" + row, vector);
        }
    }

    /** 23,000 items with image vectors. */
    @State(Scope.Thread)
    public static class Items extends Full {
        private int next = 23_000;

        public Items() {
            super(23_000, 4096);
        }

        @Setup
        public void load() {
            fill();
        }

        @Setup(Level.Invocation)
        public void arrive() {
            put(next++);
        }
    }

    /** 7,050 items with text vectors, not compared yet. */
    @State(Scope.Thread)
    public static class NewItems {
        private Full items;

        @Setup(Level.Invocation)
        public void load() {
            items = new Full(7_050, 384) {};
            for (int row = 0; row < 7_050; row++) {
                items.put(row);
            }
        }
    }

    /** 19,445 profiles. */
    @State(Scope.Thread)
    public static class Users extends Full {

        public Users() {
            super(19_445, 384);
        }

        @Setup
        public void load() {
            fill();
        }
    }

    /** All profiles have changed. */
    @State(Scope.Thread)
    public static class AllDirty extends Users {
        @Setup(Level.Invocation)
        public void change() {
            for (int row = 0; row < 19_445; row++) {
                put(row);
            }
        }
    }

    /** 500 profiles have changed. */
    @State(Scope.Thread)
    public static class SomeDirty extends Users {
        @Setup(Level.Invocation)
        public void change() {
            for (int row = 0; row < 500; row++) {
                put(random.nextInt(19_445));
            }
        }
    }

    /** Into 23,000 × 4096, both ways. */
    @Benchmark
    @Warmup(iterations = 10)
    @Measurement(iterations = 30)
    public ListChanges oneNewItem(Items items) {
        return items.neighbors.flush();
    }

    /** 7,050 × 384 from nothing. */
    @Benchmark
    @Warmup(iterations = 3)
    @Measurement(iterations = 10)
    public ListChanges build(NewItems items) {
        return items.items.neighbors.flush();
    }

    /** 19,445 × 384, every one against every other. */
    @Benchmark
    @Warmup(iterations = 1)
    @Measurement(iterations = 3)
    public ListChanges allUsers(AllDirty users) {
        return users.neighbors.flush();
    }

    /** 500 of 19,445 × 384 against all. */
    @Benchmark
    @Warmup(iterations = 3)
    @Measurement(iterations = 10)
    public ListChanges someUsers(SomeDirty users) {
        return users.neighbors.flush();
    }
}

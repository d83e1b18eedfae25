package dev.freshet.graph.incremental;

import dev.freshet.graph.GraphSettings;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Events into the users' sets, some of which exist already, and a flush of the changes; pairs are not computed. Time per event. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class InteractionSetsBenchmark {

    private static final int EVENTS = 100_000;
    private static final int USERS = 2_000;

    private final int[] users = new int[EVENTS];
    private final String[] names = new String[USERS];
    private final InteractionSets.Entry[] entries = new InteractionSets.Entry[EVENTS];
    private InteractionSets sets;
    private long seen;

    private final InteractionSets.Sink sink = new InteractionSets.Sink() {
        @Override
        public void interaction(String user, InteractionSets.Entry entry) {
            seen++;
        }

        @Override
        public void membership(int user, int item, long rank, boolean add) {
            seen++;
        }

        @Override
        public void degree(int user, int size) {
            seen++;
        }

        @Override
        public void gone(int user, String name) {
            seen++;
        }
    };

    @Setup
    public void draw() {
        Random random = new Random(3);
        Arrays.setAll(names, user -> "user-" + user);
        for (int e = 0; e < EVENTS; e++) {
            users[e] = random.nextInt(USERS);
            double skewed = random.nextDouble();
            entries[e] = new InteractionSets.Entry(
                    (int) (Workload.ITEMS * skewed * skewed), random.nextInt(50) > 0, "purchase", 1, e * 1_000L, 0, e);
        }
    }

    /** The first half of the events is there already. */
    @Setup(Level.Invocation)
    public void prepare() {
        sets = new InteractionSets(
                Workload.store(), GraphSettings.DEFAULT.withCuts(GraphSettings.UNLIMITED, GraphSettings.UNLIMITED));
        for (int e = 0; e < EVENTS / 2; e++) {
            sets.apply(users[e], names[users[e]], entries[e], 0);
        }
        sets.flush(new PairDeltas(), sink);
    }

    @Benchmark
    @OperationsPerInvocation(EVENTS / 2)
    public long applyAndFlush() {
        for (int e = EVENTS / 2; e < EVENTS; e++) {
            sets.apply(users[e], names[users[e]], entries[e], 0);
        }
        sets.flush(new PairDeltas(), sink);
        return seen;
    }
}

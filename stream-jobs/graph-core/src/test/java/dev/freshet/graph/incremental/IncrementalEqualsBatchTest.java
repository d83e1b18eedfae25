package dev.freshet.graph.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.batch.Cuts;
import dev.freshet.graph.batch.LiveInteractions;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

/**
 * The law of the house: whatever order events come in, however often, whatever is taken back, expires or is erased, and however
 * often the job is killed, restored and rescaled, the graphs equal those of a batch computation over the live interactions.
 */
class IncrementalEqualsBatchTest {

    private static final int MAX_TIME = 40;

    /** Something that happens to the job. */
    sealed interface Step {}

    record Event(String user, String item, boolean removal, int time, int partition) implements Step {}

    /** An earlier event is delivered once more. */
    record Redelivery(int which) implements Step {}

    record BufferFull() implements Step {}

    record Checkpoint() implements Step {}

    /** A user or an item is to be forgotten. */
    record Forget(NodeKind kind, String id, int upTo) implements Step {}

    /** The item or user of a live pair is forgotten, and the pair comes again before the next checkpoint. */
    record ComesAgain(Event event, NodeKind kind, boolean bufferFull) implements Step {

        List<Step> steps() {
            List<Step> steps = new ArrayList<>();
            steps.add(at(event.time()));
            steps.add(new Checkpoint());
            steps.add(new Forget(kind, kind == NodeKind.USER ? event.user() : event.item(), event.time()));
            steps.add(at(Math.min(event.time() + 1, MAX_TIME)));
            if (bufferFull) {
                steps.add(new BufferFull());
            }
            return steps;
        }

        private Event at(int time) {
            return new Event(event.user(), event.item(), false, time, event.partition());
        }
    }

    /** Killed, and restored from the last checkpoint with another parallelism. */
    record Crash(int parallelism) implements Step {}

    @Property(tries = 7000)
    void incrementalEqualsBatch(@ForAll("settings") GraphSettings settings, @ForAll("steps") List<Step> steps) {
        run(settings, steps);
    }

    @Property(tries = 3000)
    void whoIsForgottenIsFoundNowhere(
            @ForAll("settings") GraphSettings settings, @ForAll("steps") List<Step> steps, @ForAll NodeKind kind) {
        String id = kind == NodeKind.USER ? user(3) : item(3);
        List<Step> all = new ArrayList<>(steps);
        all.add(new Forget(kind, id, MAX_TIME));
        SimulatedJob job = run(settings, all);
        assertThat(job.remembers(id)).isFalse();
        assertThat(job.durable().lists.toString()).doesNotContain(id);
        assertThat(job.durable().interactions.toString()).doesNotContain(id);
    }

    @Provide
    Arbitrary<GraphSettings> settings() {
        Arbitrary<Integer> cut = Arbitraries.frequencyOf(
                Tuple.of(1, Arbitraries.just(GraphSettings.UNLIMITED)),
                Tuple.of(2, Arbitraries.integers().between(1, 5)));
        return Combinators.combine(
                        Arbitraries.integers().between(1, 4),
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(0, 3),
                        cut,
                        cut,
                        Arbitraries.integers()
                                .between(1, 30)
                                .map(Duration::ofMillis)
                                .injectNull(0.5))
                .as((k, min, cooccurrenceK, userK, fMax, kMax, window) ->
                        new GraphSettings(k, min, cooccurrenceK, userK, fMax, kMax, window, k, 1));
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> users = Arbitraries.integers().between(0, 9);
        Arbitrary<Integer> items = Arbitraries.integers().between(0, 14);
        Arbitrary<Integer> times = Arbitraries.integers().between(0, MAX_TIME);
        Arbitrary<Event> event = Combinators.combine(
                        users,
                        items,
                        Arbitraries.frequency(Tuple.of(2, false), Tuple.of(1, true)),
                        times,
                        Arbitraries.integers().between(0, 2))
                .as((user, item, removal, time, partition) ->
                        new Event(user(user), item(item), removal, time, partition));
        return Arbitraries.frequencyOf(
                        Tuple.of(40, event),
                        Tuple.of(3, Arbitraries.integers().between(0, 200).map(Redelivery::new)),
                        Tuple.of(
                                2,
                                Combinators.combine(
                                                event, Arbitraries.of(NodeKind.values()), Arbitraries.of(false, true))
                                        .as(ComesAgain::new)),
                        Tuple.of(
                                1,
                                Combinators.combine(users, times)
                                        .as((user, upTo) -> new Forget(NodeKind.USER, user(user), upTo))),
                        Tuple.of(
                                1,
                                Combinators.combine(items, times)
                                        .as((item, upTo) -> new Forget(NodeKind.ITEM, item(item), upTo))),
                        Tuple.of(2, Arbitraries.just(new BufferFull())),
                        Tuple.of(4, Arbitraries.just(new Checkpoint())),
                        Tuple.of(1, Arbitraries.integers().between(1, 3).map(Crash::new)))
                .list()
                .ofMaxSize(160)
                .map(steps -> steps.stream()
                        .flatMap(step -> step instanceof ComesAgain again ? again.steps().stream() : Stream.of(step))
                        .toList());
    }

    @Test
    void anItemThatIsForgottenAndComesAgainKeepsItsPair() {
        Event event = new Event(user(0), item(0), false, 5, 0);
        for (boolean bufferFull : new boolean[] {false, true}) {
            run(GraphSettings.DEFAULT, new ComesAgain(event, NodeKind.ITEM, bufferFull).steps());
        }
    }

    private static String user(int number) {
        return "user-" + (char) ('a' + number) + '.';
    }

    private static String item(int number) {
        return "item-" + (char) ('a' + number) + '.';
    }

    /** Longer, with more nodes than lists have room for, so that bounds are what decides; mostly removals in the second half. */
    @Test
    void aLongRunEqualsBatch() {
        GraphSettings exact = new GraphSettings(5, 2, 5).withCuts(GraphSettings.UNLIMITED, GraphSettings.UNLIMITED);
        List<GraphSettings> all = List.of(
                exact,
                exact.withCuts(12, 10),
                exact.withCuts(GraphSettings.UNLIMITED, 10).withUserCooccurrence(7),
                exact.withCuts(12, GraphSettings.UNLIMITED),
                exact.withWindow(Duration.ofMillis(1200)),
                exact.withCuts(12, 10).withWindow(Duration.ofMillis(1200)));
        for (int seed = 1; seed <= all.size(); seed++) {
            Random random = new Random(seed);
            List<Step> steps = new ArrayList<>();
            for (int e = 0; e < 6000; e++) {
                int user = (int) (120 * Math.pow(random.nextDouble(), 1.5));
                int item = (int) (90 * Math.pow(random.nextDouble(), 2));
                boolean removal = random.nextDouble() < (e < 3000 ? 0.1 : 0.6);
                steps.add(new Event("u" + user, "i" + item, removal, e + random.nextInt(50), random.nextInt(3)));
                if (random.nextInt(60) == 0) {
                    steps.add(new Checkpoint());
                }
                if (random.nextInt(700) == 0) {
                    steps.add(new Crash(1 + random.nextInt(4)));
                }
                if (random.nextInt(500) == 0) {
                    boolean ofUser = random.nextBoolean();
                    steps.add(new Forget(
                            ofUser ? NodeKind.USER : NodeKind.ITEM,
                            (ofUser ? "u" : "i") + random.nextInt(40),
                            e - random.nextInt(100)));
                }
            }
            try {
                run(all.get(seed - 1), steps);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static SimulatedJob run(GraphSettings settings, List<Step> steps) {
        Random random = new Random(steps.size());
        SimulatedJob job = new SimulatedJob(settings, new SimulatedJob.Durable(), 2, pendingLimit(random), 0);
        SimulatedJob.Durable checkpoint = new SimulatedJob.Durable();
        List<Step> log = new ArrayList<>();
        int logAtCheckpoint = 0;
        for (Step step : steps) {
            if (step instanceof Event || step instanceof Redelivery || step instanceof Forget) {
                log.add(step);
                deliver(log, log.size() - 1, job::event, job::erase);
            } else if (step instanceof BufferFull) {
                job.flushSets();
                job.flushMembers();
            } else if (step instanceof Checkpoint) {
                job.checkpoint();
                check(settings, job, log);
                assertThat(job.checkpoint()).as("lists published again").isZero();
                checkpoint = job.durable().copy();
                logAtCheckpoint = log.size();
            } else if (step instanceof Crash crash) {
                job.close();
                job = new SimulatedJob(
                        settings, checkpoint.copy(), crash.parallelism(), pendingLimit(random), job.version() + 1);
                for (int at = logAtCheckpoint; at < log.size(); at++) {
                    deliver(log, at, job::event, job::erase);
                }
            }
        }
        job.checkpoint();
        check(settings, job, log);
        return job;
    }

    /** Rows take their changes in at every checkpoint, at some, or never. */
    private static long pendingLimit(Random random) {
        return new long[] {100, 16_000, 1 << 20}[random.nextInt(3)];
    }

    private interface Delivery {
        void event(Interaction event, int partition, long offset);
    }

    private static void deliver(List<Step> log, int at, Delivery to, Consumer<Erasure> erasures) {
        int which = at;
        while (log.get(which) instanceof Redelivery redelivery) {
            if (which == 0) {
                return;
            }
            which = redelivery.which() % which;
        }
        if (log.get(which) instanceof Forget forget) {
            erasures.accept(new Erasure(forget.kind(), forget.id(), Instant.ofEpochMilli(forget.upTo())));
            return;
        }
        Event event = (Event) log.get(which);
        to.event(
                new Interaction(
                        event.user(),
                        event.item(),
                        event.removal() ? "remove" : which % 3 == 0 ? "view" : "purchase",
                        1.0 + which % 2,
                        Instant.ofEpochMilli(event.time()),
                        null),
                event.partition(),
                which);
    }

    private static void check(GraphSettings settings, SimulatedJob job, List<Step> log) {
        LiveInteractions live = new LiveInteractions();
        for (int at = 0; at < log.size(); at++) {
            deliver(log, at, live::add, live::erase);
        }
        List<LiveInteraction> interactions = live.live(settings);
        assertThat(job.hasStrayPages()).isFalse();
        assertThat(List.copyOf(job.durable().interactions.values())).isEqualTo(interactions);
        assertThat(job.durable().links).isEqualTo(job.durable().interactions.keySet());

        Map<String, List<NeighborList>> expected = BatchGraphs.all(interactions, List.of(), settings);
        assertEqual(canonical(job.durable().lists, expected.keySet()), expected);
        assertEqual(canonical(job.baseLists(), expected.keySet()), expected);
        List<NeighborList> items = expected.get(GraphNames.ITEM_JACCARD);
        assertThat(job.totals())
                .containsExactly(
                        interactions.stream()
                                .map(LiveInteraction::getUser)
                                .distinct()
                                .count(),
                        interactions.size(),
                        items.size(),
                        items.stream()
                                .mapToLong(list -> list.getNeighbors().size())
                                .sum(),
                        Cuts.apply(interactions, settings.withCuts(GraphSettings.UNLIMITED, settings.kMax())).stream()
                                .map(LiveInteraction::getItem)
                                .distinct()
                                .count());
    }

    private static void assertEqual(Map<String, List<NeighborList>> found, Map<String, List<NeighborList>> expected) {
        // The bytes decide; the lists themselves say what is wrong.
        if (!Arrays.equals(bytes(found), bytes(expected))) {
            assertThat(found).isEqualTo(expected);
            throw new AssertionError("equal lists, but not equal bytes");
        }
    }

    private static byte[] bytes(Map<String, List<NeighborList>> graphs) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        graphs.values()
                .forEach(lists -> lists.forEach(
                        list -> out.writeBytes(Topic.NEIGHBORS.codec().encode(list))));
        return out.toByteArray();
    }

    private static Map<String, List<NeighborList>> canonical(
            Map<String, Map<String, NeighborList>> lists, Set<String> graphs) {
        Map<String, List<NeighborList>> canonical = new TreeMap<>();
        for (String graph : graphs) {
            canonical.put(
                    graph,
                    lists.getOrDefault(graph, Map.of()).values().stream()
                            .map(list -> new NeighborList(
                                    list.getGraph(), list.getNode(), list.getNeighbors(), list.getDegree(), 0L))
                            .toList());
        }
        return canonical;
    }
}

package dev.freshet.cli.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.command.ServingClient;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.testkit.ReleaseFixture;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The evaluator against a real broker and a real serving, with a model and a graph that stay as they are. */
class EvaluatorIT {

    private static final int USERS = 12;
    private static final int ITEMS = 40;
    private static final int DIMENSION = 8;
    private static final int PREFIX = 150;
    private static final int FUTURE = 60;
    private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** What was recommended when an event happened. */
    private record Noted(String user, String item, Map<Contender, Prediction> predictions) {}

    @TempDir
    private Path folder;

    @Test
    void aFutureEventNeverChangesAnEarlierAnswer() throws Exception {
        List<Interaction> past = events(0, PREFIX, new Random(1));
        List<Interaction> oneFuture = events(PREFIX, FUTURE, new Random(2));
        List<Interaction> otherFuture = events(PREFIX, FUTURE, new Random(3));
        // The first event of either future is the same user's: only its label differs.
        List<String> labels = notHad("u0", past);
        oneFuture.set(0, event("u0", labels.get(0), PREFIX));
        otherFuture.set(0, event("u0", labels.get(1), PREFIX));

        List<Noted> one;
        List<Noted> two;
        // Each on a loop of its own, at the same time: most of it is starting and waiting.
        ExecutorService beside = Executors.newSingleThreadExecutor();
        try {
            Future<List<Noted>> other = beside.submit(() -> replay("two", past, otherFuture));
            one = replay("one", past, oneFuture);
            two = other.get();
        } finally {
            beside.shutdownNow();
        }

        Set<String> had = new HashSet<>();
        int common = (int) past.stream()
                .filter(event -> had.add(event.getUser() + ' ' + event.getItem()))
                .count();
        assertThat(one.size()).isGreaterThan(common);
        assertThat(one.subList(0, common)).isEqualTo(two.subList(0, common));
        Noted first = one.get(common);
        Noted second = two.get(common);
        assertThat(List.of(first.user(), first.item(), second.user(), second.item()))
                .containsExactly("u0", labels.get(0), "u0", labels.get(1));
        assertThat(first.predictions()).isEqualTo(second.predictions());
        // What happened does change what is recommended later: the comparison above is no accident of lists that never
        // move.
        assertThat(one.subList(common + 1, common + FUTURE / 2))
                .isNotEqualTo(two.subList(common + 1, common + FUTURE / 2));
        for (Contender contender : Contender.values()) {
            assertThat(one.subList(0, common).stream()
                            .map(noted -> noted.predictions().get(contender))
                            .distinct()
                            .count())
                    .as(contender.label())
                    .isGreaterThan(contender == Contender.FROZEN ? USERS / 2 : USERS);
        }
        assertNothingOwnedIsPredicted(one);
    }

    private static void assertNothingOwnedIsPredicted(List<Noted> noted) {
        Map<String, Set<String>> owned = new HashMap<>();
        for (Noted each : noted) {
            Set<String> own = owned.computeIfAbsent(each.user(), user -> new HashSet<>());
            each.predictions().values().forEach(prediction -> assertThat(prediction.items())
                    .noneMatch(own::contains));
            own.add(each.item());
        }
    }

    private static List<String> notHad(String user, List<Interaction> past) {
        List<String> items =
                new ArrayList<>(IntStream.range(0, ITEMS).mapToObj(n -> "i" + n).toList());
        past.stream().filter(event -> event.getUser().equals(user)).forEach(event -> items.remove(event.getItem()));
        return items;
    }

    private static Interaction event(String user, String item, int second) {
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction("click")
                .setEventTime(EPOCH.plusSeconds(second))
                .build();
    }

    private static List<Interaction> events(int from, int count, Random random) {
        List<Interaction> events = new ArrayList<>();
        for (int event = 0; event < count; event++) {
            events.add(event("u" + random.nextInt(USERS), "i" + random.nextInt(ITEMS), from + event));
        }
        return events;
    }

    private List<Noted> replay(String name, List<Interaction> past, List<Interaction> future) throws Exception {
        ClusterOptions options = ClusterOptions.in(folder.resolve(name))
                .withFreePorts()
                .withPartitions(1)
                .with(
                        Part.SERVING,
                        "--shadow",
                        "popularity,item-knn,model,frozen,frozen-refreshed",
                        "--commit-interval",
                        "10");
        List<Noted> noted = new ArrayList<>();
        try (LocalCluster cluster = LocalCluster.start(
                        options, EnumSet.of(Part.BROKER, Part.SERVING), Set.of(Part.SERVING), (part, status) -> {});
                TestKafka kafka = TestKafka.connect(cluster.bootstrapServers())) {
            publishModel(kafka, new Random(4));
            publishGraph(kafka, new Random(5));
            Interaction before = event("someone", "i1", -1);
            kafka.send(Topic.INTERACTIONS, before.getUser(), before);
            cluster.start(Part.SERVING);
            LivePairs pairs = new LivePairs();
            pairs.learn(before);
            ServingClient serving = new ServingClient(cluster.servingUri());
            try (ListWatch watch = new ListWatch(cluster.bootstrapServers())) {
                Instant deadline = Instant.now().plus(PATIENCE);
                while (watch.answers() < 1) {
                    watch.poll(Duration.ofMillis(100), (contender, user) -> {});
                    assertThat(Instant.now()).isBefore(deadline);
                }
                try (Evaluator evaluator = new Evaluator(
                        cluster.bootstrapServers(),
                        watch,
                        pairs,
                        () -> ReplayRun.popular(serving),
                        new Evaluator.Waiting(true, 1, PATIENCE),
                        (event, predictions) ->
                                noted.add(new Noted(event.getUser(), event.getItem(), Map.copyOf(predictions))),
                        () -> {})) {
                    for (Interaction event : past) {
                        evaluator.take(event, null);
                    }
                    for (Interaction event : future) {
                        evaluator.take(event, null);
                    }
                    evaluator.drain();
                    assertThat(evaluator.latencies().getTotalCount()).isEqualTo(past.size() + future.size());
                    assertThat(evaluator.repeats() + noted.size()).isEqualTo(past.size() + future.size());
                    assertThat(evaluator.ofStrangers()).isPositive();
                }
            }
        }
        return noted;
    }

    private static void publishGraph(TestKafka kafka, Random random) {
        for (int item = 0; item < ITEMS; item++) {
            List<Neighbor> neighbors = List.of(
                    new Neighbor("i" + (item + 1 + random.nextInt(ITEMS / 2)) % ITEMS, 0.5),
                    new Neighbor("i" + (item + ITEMS / 2 + random.nextInt(ITEMS / 2 - 1)) % ITEMS, 0.25));
            kafka.send(
                    Topic.NEIGHBORS,
                    Keys.neighbors(GraphNames.ITEM_JACCARD, "i" + item),
                    new NeighborList(GraphNames.ITEM_JACCARD, "i" + item, neighbors, 2, 1L));
        }
    }

    /** A model that knows half of the users. */
    private static void publishModel(TestKafka kafka, Random random) {
        String version = "20260101T000000Z-test";
        for (int item = 0; item < ITEMS; item++) {
            publish(kafka, version, NodeKind.ITEM, "i" + item, random);
        }
        for (int user = 0; user < USERS / 2; user++) {
            publish(kafka, version, NodeKind.USER, "u" + user, random);
        }
        kafka.send(
                Topic.MODELS,
                "test",
                ReleaseFixture.release("test", version)
                        .setDimension(DIMENSION)
                        .setUsers(USERS / 2)
                        .setItems(ITEMS)
                        .setEmbeddings(List.of(new OffsetRange(0, 0L, (long) ITEMS + USERS / 2)))
                        .build());
    }

    private static void publish(TestKafka kafka, String version, NodeKind kind, String id, Random random) {
        float[] vector = new float[DIMENSION];
        for (int d = 0; d < DIMENSION; d++) {
            vector[d] = (float) random.nextGaussian();
        }
        kafka.send(
                Topic.MODEL_EMBEDDINGS,
                Keys.modelEmbedding(version, kind, id),
                ReleaseFixture.embedding(version, kind, id, vector).build());
    }
}

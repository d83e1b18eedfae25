package dev.freshet.serving;

import static dev.freshet.serving.LoopFixture.PATIENCE;
import static dev.freshet.serving.LoopFixture.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphNames;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import dev.freshet.process.Ports;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.serving.http.BearerToken;
import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.http.Tls;
import dev.freshet.serving.release.ReleaseReader;
import dev.freshet.serving.score.ActionWeights;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.serving.score.Scoring;
import dev.freshet.serving.score.Variant;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.management.ObjectName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingIT {

    /** Lists of a graph that fill a store. */
    private static final int LISTS = 12_000;

    private static final int USERS = 150;
    private static final int ITEMS = 60;
    private static final int DIMENSION = 16;
    private static final int PARTITIONS = 3;
    /** From one event of a user to the next, of traffic that a busy machine can follow. */
    private static final Duration BETWEEN_EVENTS = Duration.ofMillis(300);

    private final TestKafka kafka = TestKafka.shared();
    private final LoopFixture loop = new LoopFixture(kafka);
    private final Random random = new Random(3);
    private final Map<String, Map<String, float[]>> itemVectors = new HashMap<>();

    @TempDir
    private Path state;

    @BeforeEach
    void topics() throws InterruptedException {
        loop.reset(PARTITIONS);
    }

    private Serving serve() throws Exception {
        return serve(state);
    }

    private Serving serve(Path folder) throws Exception {
        return serve(folder, Set.of());
    }

    private Serving serve(Path folder, Set<Variant> shadows) throws Exception {
        return serve(folder, shadows, HttpApi.Settings.onLoopback(0, null));
    }

    private Serving serve(Path folder, Set<Variant> shadows, HttpApi.Settings http) throws Exception {
        return serve(folder, shadows, http, Scoring.DEFAULT);
    }

    private Serving serve(Path folder, Set<Variant> shadows, HttpApi.Settings http, Scoring scoring) throws Exception {
        Serving serving = new Serving(new Serving.Settings(
                kafka.bootstrapServers(),
                WireFormat.SINGLE_OBJECT,
                folder,
                http,
                10,
                scoring,
                2000,
                2,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                shadows));
        await("ready", serving::ready);
        return serving;
    }

    private static List<Map.Entry<String, Interaction>> interactions(int n, long second, Random random) {
        List<Map.Entry<String, Interaction>> events = new ArrayList<>();
        for (int event = 0; event < n; event++) {
            String user = "u" + event % USERS;
            String action = random.nextInt(10) == 0 ? "remove" : "click";
            events.add(Map.entry(
                    user, LoopFixture.interaction(user, "i" + random.nextInt(ITEMS), action, second + event)));
        }
        return events;
    }

    private ModelRelease release(String version) {
        return release(version, "lightgcn");
    }

    private ModelRelease release(String version, String model) {
        Map<String, float[]> items = ModelFixture.vectors("i", ITEMS, DIMENSION, random);
        itemVectors.put(version, items);
        // Some users came after the snapshot: they have no trained vector.
        return loop.release(
                version,
                ModelFixture.vectors("u", USERS / 2, DIMENSION, random),
                items,
                release -> release.setModel(model));
    }

    private static boolean isOf(Received<Recommendations> list, String version) {
        return list.value() != null && version.equals(list.value().getModelVersion());
    }

    private Set<String> usersScoredBy(String version) {
        return kafka.table(Topic.RECOMMENDATIONS).values().stream()
                .filter(list -> version.equals(list.getModelVersion()))
                .map(Recommendations::getUser)
                .collect(Collectors.toSet());
    }

    private Map<String, Set<String>> liveItems() {
        Map<String, Set<String>> live = new HashMap<>();
        // Event times rise with the order of sending here, so the last event of a pair decides.
        for (Received<Interaction> event : kafka.drain(Topic.INTERACTIONS)) {
            Set<String> items = live.computeIfAbsent(event.value().getUser(), user -> new HashSet<>());
            if (Intake.isRemoval(event.value())) {
                items.remove(event.value().getItem());
            } else {
                items.add(event.value().getItem());
            }
        }
        return live;
    }

    private void assertNothingOwnedIsRecommended() {
        Map<String, Set<String>> live = liveItems();
        for (Recommendations list : kafka.table(Topic.RECOMMENDATIONS).values()) {
            assertThat(list.getItems())
                    .extracting(RecommendedItem::getItem)
                    .noneMatch(live.get(list.getUser())::contains);
        }
    }

    /** Whatever a list owes to a model, it owes to that model's item vectors and the embedding published beside it. */
    private void assertNoListMixesVersions() {
        Map<String, List<Embedding>> embeddings = new HashMap<>();
        kafka.drain(Topic.EMBEDDINGS).stream()
                .filter(record -> record.value().getKind() == NodeKind.USER)
                .forEach(record -> embeddings
                        .computeIfAbsent(record.value().getId(), user -> new ArrayList<>())
                        .add(record.value()));
        Map<String, Integer> next = new HashMap<>();
        for (Received<Recommendations> record : kafka.drain(Topic.RECOMMENDATIONS)) {
            Recommendations list = record.value();
            boolean scored = list.getItems().stream()
                    .flatMap(item -> item.getReasons().stream())
                    .anyMatch(reason -> reason.getKind().equals("model"));
            if (!scored) {
                continue;
            }
            int at = next.merge(list.getUser(), 1, Integer::sum) - 1;
            Embedding embedding = embeddings.get(list.getUser()).get(at);
            assertThat(embedding.getModelVersion()).isEqualTo(list.getModelVersion());
            float[] user = Vectors.toArray(embedding.getVector());
            double above = Double.POSITIVE_INFINITY;
            for (RecommendedItem item : byModel(list)) {
                float[] vector = itemVectors.get(list.getModelVersion()).get(item.getItem());
                double dot = 0;
                for (int d = 0; d < DIMENSION; d++) {
                    dot += (double) user[d] * vector[d];
                }
                assertThat(dot).isLessThan(above + 1e-4);
                above = dot;
            }
        }
    }

    /** The items that the model speaks for, by what it adds to their scores. */
    private static List<RecommendedItem> byModel(Recommendations list) {
        return list.getItems().stream()
                .filter(item -> ofModel(item) > 0)
                .sorted(Comparator.comparingDouble(item -> -ofModel(item)))
                .toList();
    }

    private static double ofModel(RecommendedItem item) {
        return item.getReasons().stream()
                .filter(reason -> reason.getKind().equals("model"))
                .mapToDouble(reason -> reason.getWeight() * item.getScore())
                .sum();
    }

    @Test
    void fallbackThenReleasesThenRestart() throws Exception {
        loop.item("i1", "The first", null);
        ModelRelease first;
        try (Serving serving = serve()) {
            kafka.sendAll(Topic.INTERACTIONS, interactions(600, 0, random));
            await(
                    "everyone has a list",
                    () -> kafka.table(Topic.RECOMMENDATIONS).size() == USERS);
            assertThat(kafka.table(Topic.RECOMMENDATIONS).values())
                    .allMatch(list -> list.getModelVersion() == null && list.getCausedBy() != null);

            first = release("20270101T000000Z-lightgcn");
            kafka.sendAll(Topic.INTERACTIONS, interactions(300, 1000, random));
            await(
                    "everyone is scored by the first",
                    () -> usersScoredBy(first.getVersion()).size() == USERS);
            ModelRelease second = release("20270102T000000Z-lightgcn");
            kafka.sendAll(Topic.INTERACTIONS, interactions(300, 2000, random));
            await(
                    "everyone is scored by the second",
                    () -> usersScoredBy(second.getVersion()).size() == USERS);
            // The events sent meanwhile may still be on their way.
            awaitLastEvents();
            assertNothingOwnedIsRecommended();
            assertNoListMixesVersions();
            checkAnswers(new Http(serving.port()), second);
        }

        int before = kafka.drain(Topic.RECOMMENDATIONS).size();
        try (Serving serving = serve()) {
            loop.interact("u7", "i7", "click", 5000);
            Received<Recommendations> list = kafka.awaitRecord(
                    Topic.RECOMMENDATIONS,
                    record -> record.value() != null
                            && LoopFixture.EPOCH
                                    .plusSeconds(5000)
                                    .equals(record.value().getCausedBy()),
                    PATIENCE);
            assertThat(list.value().getModelVersion()).isEqualTo("20270102T000000Z-lightgcn");
            await("the sweep is through", () -> {
                JsonNode rescoring = new Http(serving.port()).json("/v1/status").get("rescoring");
                return rescoring.get("total").asLong() == USERS
                        && rescoring.get("done").asLong() == USERS;
            });
            // Nobody was scored again but the user who clicked.
            assertThat(kafka.drain(Topic.RECOMMENDATIONS)).hasSize(before + 1);

            loop.rollback(first);
            await("everyone is back", () -> usersScoredBy(first.getVersion()).size() == USERS);
            assertNoListMixesVersions();
        }
    }

    /** Partitions with a list of a version that an event from so many seconds on has caused. */
    private Set<Integer> partitionsServed(String version, long second) {
        return kafka.drain(Topic.RECOMMENDATIONS).stream()
                .filter(list -> isOf(list, version) && list.value().getCausedBy() != null)
                .filter(list -> !list.value().getCausedBy().isBefore(LoopFixture.EPOCH.plusSeconds(second)))
                .map(Received::partition)
                .collect(Collectors.toSet());
    }

    @Test
    void aReleaseAmidTrafficSwitchesEachInstanceWhole(@TempDir Path otherState) throws Exception {
        kafka.sendAll(Topic.INTERACTIONS, interactions(600, 0, random));
        ModelRelease first = release("20270101T000000Z-lightgcn");
        AtomicBoolean enough = new AtomicBoolean();
        try (Serving one = serve();
                Serving other = serve(otherState)) {
            Http here = new Http(one.port());
            Http there = new Http(other.port());
            await("both have users", () -> {
                int ones = users(here);
                int others = users(there);
                return ones > 0 && others > 0 && ones + others == USERS;
            });
            await(
                    "everyone is scored by the first",
                    () -> usersScoredBy(first.getVersion()).size() == USERS);
            CompletableFuture<Void> traffic = CompletableFuture.runAsync(() -> {
                Random own = new Random(5);
                for (long second = 1000; !enough.get(); second += USERS) {
                    kafka.sendAll(Topic.INTERACTIONS, interactions(USERS, second, own));
                    LockSupport.parkNanos(BETWEEN_EVENTS.toNanos());
                }
            });
            try {
                await(
                        "traffic meets the first everywhere",
                        () -> partitionsServed(first.getVersion(), 1000).size() == PARTITIONS);
                ModelRelease second = release("20270102T000000Z-lightgcn");
                await(
                        "traffic meets the second everywhere",
                        () -> partitionsServed(second.getVersion(), 1000).size() == PARTITIONS);
                await(
                        "everyone is scored by the second",
                        () -> usersScoredBy(second.getVersion()).size() == USERS);
            } finally {
                enough.set(true);
            }
            traffic.join();
            awaitLastEvents();
            for (Http instance : List.of(here, there)) {
                assertThat(instance.json("/v1/models").get("inForce").asText()).isEqualTo("20270102T000000Z-lightgcn");
            }
        }
        assertNothingOwnedIsRecommended();
        assertNoListMixesVersions();
        // A partition is one instance's: what it has switched from never comes back.
        Map<Integer, String> newest = new HashMap<>();
        for (Received<Recommendations> list : kafka.drain(Topic.RECOMMENDATIONS)) {
            String version = String.valueOf(list.value().getModelVersion());
            if (!version.equals("null")) {
                assertThat(version).isGreaterThanOrEqualTo(newest.getOrDefault(list.partition(), ""));
                newest.put(list.partition(), version);
            }
        }
    }

    /** Objects of these classes that the JVM holds: what nobody refers to is collected first. */
    private static int held(Class<?>... classes) throws Exception {
        String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        Set<String> names = Arrays.stream(classes).map(Class::getName).collect(Collectors.toSet());
        int held = 0;
        for (String line : histogram.lines().toList()) {
            String[] columns = line.strip().split("\\s+");
            if (columns.length >= 4 && names.contains(columns[3])) {
                held += Integer.parseInt(columns[1]);
            }
        }
        return held;
    }

    @Test
    void anInstanceHoldsTheOldAndTheNewVersionAtMost() throws Exception {
        kafka.sendAll(Topic.INTERACTIONS, interactions(600, 0, random));
        // What Kafka Streams holds of instances of earlier tests.
        AtomicInteger others = new AtomicInteger(held(Model.class, Model.Builder.class));
        try (Serving serving = serve()) {
            for (int day = 1; day <= 4; day++) {
                ModelRelease release = release("2027010" + day + "T000000Z-lightgcn");
                await("everyone is scored by " + release.getVersion(), () -> {
                    // What a model is built from goes a moment after it is there.
                    assertThat(held(Model.class) - others.get()).isLessThanOrEqualTo(2);
                    return usersScoredBy(release.getVersion()).size() == USERS;
                });
                await("the one before is gone", () -> {
                    int held = held(Model.class, Model.Builder.class);
                    // Those of earlier tests may go meanwhile.
                    others.accumulateAndGet(held - 1, Math::min);
                    return held - others.get() <= 1;
                });
            }
        }
    }

    /** What was published for a user last, but for when and why: the list, and the vector. */
    private Map<String, List<ByteBuffer>> published(String version) {
        Map<String, Embedding> vectors = kafka.table(Topic.EMBEDDINGS);
        Map<String, List<ByteBuffer>> published = new HashMap<>();
        kafka.table(Topic.RECOMMENDATIONS).forEach((user, list) -> {
            Embedding vector = vectors.get(Keys.node(NodeKind.USER, user));
            assertThat(list.getModelVersion()).isEqualTo(version);
            assertThat(vector.getModelVersion()).isEqualTo(version);
            published.put(
                    user,
                    List.of(
                            ByteBuffer.wrap(Topic.RECOMMENDATIONS
                                    .codec()
                                    .encode(Recommendations.newBuilder(list)
                                            .setGeneratedAt(Instant.EPOCH)
                                            .setCausedBy(null)
                                            .build())),
                            ByteBuffer.wrap(Topic.EMBEDDINGS
                                    .codec()
                                    .encode(Embedding.newBuilder(vector)
                                            .setRefreshedAt(Instant.EPOCH)
                                            .build()))));
        });
        return published;
    }

    @Test
    void aRollbackRestoresEveryListAndVectorWithoutLaterEvents() throws Exception {
        kafka.sendAll(Topic.INTERACTIONS, interactions(600, 0, random));
        ModelRelease first = release("20270101T000000Z-lightgcn");
        try (Serving serving = serve()) {
            awaitLastEvents();
            await(
                    "everyone is scored by the first",
                    () -> usersScoredBy(first.getVersion()).size() == USERS);
            Map<String, List<ByteBuffer>> before = published(first.getVersion());
            ModelRelease second = release("20270102T000000Z-lightgcn");
            await(
                    "everyone is scored by the second",
                    () -> usersScoredBy(second.getVersion()).size() == USERS);
            assertThat(published(second.getVersion()).values()).doesNotContainAnyElementsOf(before.values());
            List<Map.Entry<String, Interaction>> later = interactions(USERS / 3, 1000, random);
            kafka.sendAll(Topic.INTERACTIONS, later);
            awaitLastEvents();

            loop.rollback(first);
            await("everyone is back", () -> usersScoredBy(first.getVersion()).size() == USERS);

            Map<String, List<ByteBuffer>> after = published(first.getVersion());
            Set<String> changed = later.stream().map(Map.Entry::getKey).collect(Collectors.toSet());
            assertThat(changed).hasSize(USERS / 3);
            before.keySet().removeAll(changed);
            after.keySet().removeAll(changed);
            assertThat(after).hasSize(USERS - USERS / 3).isEqualTo(before);
        }
    }

    @Test
    void eachArmIsServedByItsOwnModel() throws Exception {
        Split split = Split.of("lightgcn=60,spumr=40", Split.SALT);
        kafka.sendAll(Topic.INTERACTIONS, interactions(600, 0, random));
        ModelRelease one = release("20270101T000000Z-lightgcn", "lightgcn");
        ModelRelease other = release("20270102T000000Z-spumr", "spumr");
        Set<String> ofOther = new HashSet<>();
        Set<String> ofOne = new HashSet<>();
        for (int user = 0; user < USERS; user++) {
            (split.arm("u" + user) == 1 ? ofOther : ofOne).add("u" + user);
        }
        try (Serving serving = serve(
                state,
                Set.of(),
                HttpApi.Settings.onLoopback(0, null),
                new Scoring(ActionWeights.DEFAULT, ItemFilter.NONE, 0, split, 0))) {
            Http http = new Http(serving.port());
            awaitLastEvents();
            await(
                    "everyone is scored by the model of their arm",
                    () -> usersScoredBy(one.getVersion()).equals(ofOne)
                            && usersScoredBy(other.getVersion()).equals(ofOther));
            List<Received<Recommendations>> before = kafka.drain(Topic.RECOMMENDATIONS);

            ModelRelease next = release("20270103T000000Z-spumr", "spumr");
            await("the arm is scored by its new release", () -> usersScoredBy(next.getVersion())
                    .equals(ofOther));
            release("20270104T000000Z-freedom", "freedom");
            loop.rollback(other);
            await("the arm is back", () -> usersScoredBy(other.getVersion()).equals(ofOther));

            // Two releases of the one arm, none of which scored anybody of the other.
            List<Received<Recommendations>> since = new ArrayList<>(kafka.drain(Topic.RECOMMENDATIONS));
            since.removeAll(before);
            assertThat(since).hasSize(2 * ofOther.size()).allMatch(list -> ofOther.contains(list.key()));
            assertNoListMixesVersions();
            for (String user : List.of("u3", "u5", "u8")) {
                JsonNode list = http.json("/v1/recommendations/" + user);
                assertThat(list.get("arm").asText()).isEqualTo(ofOne.contains(user) ? "lightgcn" : "spumr");
                assertThat(list.get("modelVersion"))
                        .isEqualTo(
                                http.json("/v1/users/" + user).get("embedding").get("modelVersion"));
            }
            JsonNode experiment = http.json("/v1/experiments");
            assertThat(experiment.get("control").asText()).isEqualTo("lightgcn");
            assertThat(experiment.get("arms").findValuesAsText("version"))
                    .containsExactly(one.getVersion(), other.getVersion());
            assertThat(experiment.get("arms").get(1).get("users").asInt()).isEqualTo(ofOther.size());
            long measured = experiment.get("arms").get(0).get("events").asLong();
            String taken = http.json("/v1/recommendations/u3")
                    .get("items")
                    .get(0)
                    .get("item")
                    .asText();
            loop.interact("u3", taken, "click", 9000);
            await("the event is held against the list of the arm", () -> {
                JsonNode arm = http.json("/v1/experiments").get("arms").get(0);
                return arm.get("events").asLong() == measured + 1
                        && arm.get("metrics").get("hit_rate@20").get("mean").asDouble() > 0;
            });
            JsonNode models = http.json("/v1/models");
            assertThat(models.get("split").asText()).isEqualTo("lightgcn=60,spumr=40");
            assertThat(models.get("arms").findValuesAsText("held")).containsExactly("false", "true");
            assertThat(models.get("releases").findValuesAsText("inForce"))
                    .containsExactly("false", "false", "false", "true", "true");
            assertThat(http.json("/v1/items/i1/similar?graph=embedding&arm=spumr")
                            .get("modelVersion")
                            .asText())
                    .isEqualTo(other.getVersion());
            assertThat(http.json("/v1/items/i1").get("embeddings").findValuesAsText("arm"))
                    .containsExactly("lightgcn", "spumr");
            assertThat(http.get("/v1/items/i1/similar?graph=embedding&arm=freedom")
                            .statusCode())
                    .isEqualTo(400);
            HttpResponse<String> without = http.postJson("/v1/rollbacks", "{\"version\":\"20270104T000000Z-freedom\"}");
            assertThat(without.statusCode()).isEqualTo(409);
            assertThat(without.body())
                    .contains("20270104T000000Z-freedom is of freedom, which has no arm in lightgcn=60,spumr=40");
        }
    }

    private void awaitLastEvents() throws Exception {
        Map<String, Instant> last = new HashMap<>();
        kafka.drain(Topic.INTERACTIONS)
                .forEach(event -> last.merge(
                        event.value().getUser(), event.value().getEventTime(), (a, b) -> a.isAfter(b) ? a : b));
        await("the last event of everyone is answered", () -> {
            Set<String> answered = new HashSet<>();
            kafka.drain(Topic.RECOMMENDATIONS).forEach(list -> {
                if (list.value() != null
                        && last.get(list.value().getUser()).equals(list.value().getCausedBy())) {
                    answered.add(list.value().getUser());
                }
            });
            return answered.size() == last.size();
        });
    }

    private void checkAnswers(Http http, ModelRelease inForce) throws Exception {
        Recommendations published = kafka.table(Topic.RECOMMENDATIONS).get("u3");
        JsonNode list = http.json("/v1/recommendations/u3");
        assertThat(list.get("modelVersion").asText()).isEqualTo(inForce.getVersion());
        assertThat(list.get("items").findValuesAsText("item"))
                .containsAll(published.getItems().stream()
                        .map(RecommendedItem::getItem)
                        .toList());
        assertThat(http.json("/v1/recommendations/u3?limit=2").get("items")).hasSize(2);
        String tag =
                http.get("/v1/recommendations/u3").headers().firstValue("ETag").orElseThrow();
        assertThat(http.get("/v1/recommendations/u3", "If-None-Match", tag).statusCode())
                .isEqualTo(304);
        assertThat(http.get("/v1/recommendations/u4", "If-None-Match", tag).statusCode())
                .isEqualTo(200);
        assertThat(http.walk("/v1/users?limit=40", "users", "user"))
                .hasSize(USERS)
                .doesNotHaveDuplicates();
        assertThat(http.walk("/v1/items?limit=7", "items", "item"))
                .hasSize(ITEMS)
                .doesNotHaveDuplicates()
                .isEqualTo(http.walk("/v1/items?limit=1000", "items", "item"));
        assertThat(http.walk("/v1/items?query=i1&limit=3", "items", "item"))
                .hasSize(11)
                .startsWith("i1")
                .doesNotHaveDuplicates()
                .allMatch(item -> item.startsWith("i1"));
        JsonNode user = http.json("/v1/users/u3");
        assertThat(user.get("live").asInt()).isEqualTo(liveItems().get("u3").size());
        assertThat(user.get("embedding").get("modelVersion").asText()).isEqualTo(inForce.getVersion());
        assertThat(http.json("/v1/users?prefix=u14&limit=3").get("users")).hasSize(3);
        assertThat(http.json("/v1/items/i1").get("title").asText()).isEqualTo("The first");
        JsonNode embedding = http.json("/v1/items/i1").get("embeddings").get(0);
        assertThat(embedding.get("modelVersion").asText()).isEqualTo(inForce.getVersion());
        assertThat(embedding.get("origin").asText()).isEqualTo("trained");
        assertThat(embedding.get("modalityWeights").get("image").asDouble()).isEqualTo(.75);
        assertThat(embedding.get("uncertainty").asDouble()).isCloseTo(.25, within(1e-5));
        assertThat(list.get("items").findValues("modalityWeights")).isNotEmpty().allSatisfy(weights -> assertThat(
                        weights.get("text").asDouble())
                .isEqualTo(.25));
        assertThat(kafka.table(Topic.EMBEDDINGS)).containsKey("item:i1");
        assertThat(http.json("/v1/models").get("inForce").asText()).isEqualTo(inForce.getVersion());
        assertThat(http.get("/v1/recommendations/nobody").statusCode()).isEqualTo(404);
        assertThat(http.json("/v1/recommendations/nobody").get("detail").asText())
                .startsWith("no user nobody is known");
        assertThat(http.get("/v1/items/nothing").statusCode()).isEqualTo(404);
        assertThat(http.get("/health").statusCode()).isEqualTo(200);
        assertThat(http.get("/metrics").body())
                .contains("freshet_recommendations_total{cause=\"sweep\"}", "kafka_stream");
        JsonNode status = http.json("/v1/status");
        assertThat(status.get("users").asInt()).isEqualTo(USERS);
        assertThat(status.get("events").get("total").asLong()).isEqualTo(1200);
        assertThat(status.get("deadLetters").get("total").asInt()).isZero();
    }

    @Test
    void theFirstReleaseStaysBesideTheOneInForce() throws Exception {
        Set<Variant> all = EnumSet.allOf(Variant.class);
        loop.interact("u1", "i1", "click", 0);
        ModelRelease first = release("20270101T000000Z-lightgcn");
        ModelRelease second;
        try (Serving serving = serve(state, all)) {
            await("scored by the first", () -> kafka.table(Topic.SHADOW_RECOMMENDATIONS)
                    .containsKey("frozen:u1"));
            second = release("20270102T000000Z-lightgcn");
            await(
                    "scored by the second",
                    () -> usersScoredBy(second.getVersion()).size() == 1);
        }
        // After a restart the newest release is the one that is put in force, but not the one that is frozen.
        try (Serving serving = serve(state, all)) {
            int before = kafka.drain(Topic.SHADOW_RECOMMENDATIONS).size();
            loop.interact("u1", "i2", "click", 10);
            await(
                    "every variant answers",
                    () -> kafka.drain(Topic.SHADOW_RECOMMENDATIONS).size() >= before + all.size());

            Map<String, Recommendations> lists = kafka.table(Topic.SHADOW_RECOMMENDATIONS);
            assertThat(lists.keySet())
                    .containsExactlyInAnyOrder(
                            "popularity:u1", "item-knn:u1", "model:u1", "frozen:u1", "frozen-refreshed:u1");
            assertThat(lists.get("popularity:u1").getModelVersion()).isNull();
            assertThat(lists.get("item-knn:u1").getModelVersion()).isNull();
            for (String variant : List.of("frozen:u1", "frozen-refreshed:u1")) {
                assertThat(lists.get(variant).getModelVersion()).isEqualTo(first.getVersion());
            }
            // What the user took since moves the vector, unless it is frozen.
            assertThat(lists.get("frozen:u1").getItems())
                    .isNotEqualTo(lists.get("frozen-refreshed:u1").getItems());
            assertThat(kafka.table(Topic.RECOMMENDATIONS).get("u1").getModelVersion())
                    .isEqualTo(second.getVersion());
            assertThat(lists.values()).allSatisfy(list -> assertThat(list.getItems())
                    .extracting(RecommendedItem::getItem)
                    .doesNotContain("i1", "i2"));

            kafka.send(
                    Topic.ERASURES,
                    Keys.node(NodeKind.USER, "u1"),
                    new Erasure(NodeKind.USER, "u1", Instant.now().plusSeconds(60)));
            await("nothing is left of the user", () -> kafka.table(Topic.SHADOW_RECOMMENDATIONS)
                    .isEmpty());
        }
    }

    @Test
    void unsoundReleasesBecomeDeadLettersOnceAndTheOldModelStays() throws Exception {
        ModelRelease sound = release("20270101T000000Z-lightgcn");
        Map<String, float[]> items = ModelFixture.vectors("i", 5, DIMENSION, random);
        Map<String, float[]> holed = new HashMap<>(items);
        holed.put("i2", new float[] {Float.NaN});
        byte[] garbage = {1, 2, 3};
        try (Serving serving = serve()) {
            assertThat(serving.ready()).isTrue();
            loop.release("20270102T000000Z-lightgcn", Map.of(), items, release -> release.setItems(6L));
            awaitLetters(1);
            loop.release("20270103T000000Z-lightgcn", Map.of(), holed, release -> release.setDimension(1));
            awaitLetters(3);
            loop.release(
                    "20270104T000000Z-lightgcn",
                    Map.of(),
                    items,
                    release -> release.setEmbeddings(List.of(new OffsetRange(0, 0L, 1_000_000L))));
            awaitLetters(4);
            kafka.sendBytes(Topic.MODELS.name(), LoopFixture.bytes("lightgcn"), garbage);
            loop.rollback(ModelRelease.newBuilder(sound)
                    .setVersion("20200101T000000Z-lightgcn")
                    .build());
            awaitLetters(6);
            assertStillScoredBy(sound, 100);
        }
        try (Serving serving = serve()) {
            assertStillScoredBy(sound, 200);
            assertThat(new Http(serving.port()).json("/v1/models").findValuesAsText("refused"))
                    .hasSize(4)
                    .allMatch(reason -> reason.contains("release 202701") || reason.contains("rollback to 2020"));
        }
        List<DeadLetter> letters = letters();
        assertThat(letters).hasSize(6);
        assertThat(letters).extracting(DeadLetter::getJob).allMatch(job -> job.startsWith("serving "));
        assertThat(letters)
                .extracting(DeadLetter::getReason)
                .anyMatch(reason -> reason.contains("found 5 item and 0 user embeddings; the release says 6 and 0"))
                .anyMatch(reason -> reason.contains("the topic ends at"))
                .anyMatch(reason -> reason.contains("no sound release of lightgcn has this version"));
        assertThat(letters).anyMatch(letter -> ByteBuffer.wrap(garbage).equals(letter.getValue()));
        assertThat(letters)
                .filteredOn(letter -> letter.getTopic().equals(Topic.MODEL_EMBEDDINGS.name()))
                .hasSize(1);
    }

    @Test
    void similarItemsAreThoseThatMayBeShown() throws Exception {
        List<Neighbor> list = new ArrayList<>();
        for (int n = 2; n <= 6; n++) {
            list.add(new Neighbor("i" + n, 1.0 / n));
        }
        loop.item("i2", "Withdrawn", null);
        loop.item("i3", "Erased", null);
        kafka.send(Topic.ITEMS, "i2", null);
        kafka.send(
                Topic.NEIGHBORS,
                Keys.neighbors(GraphNames.ITEM_JACCARD, "i1"),
                new NeighborList(GraphNames.ITEM_JACCARD, "i1", list, 5, 1L));
        kafka.send(
                Topic.ERASURES,
                Keys.node(NodeKind.ITEM, "i3"),
                new Erasure(NodeKind.ITEM, "i3", Instant.now().plusSeconds(60)));
        try (Serving serving = serve()) {
            JsonNode similar = new Http(serving.port()).json("/v1/items/i1/similar?k=2");
            assertThat(similar.get("neighbors").findValuesAsText("id")).containsExactly("i4", "i5");
        }
    }

    @Test
    void aRequestNarrowsTheListDown() throws Exception {
        for (int n = 1; n <= 30; n++) {
            kafka.send(
                    Topic.ITEMS,
                    "i" + n,
                    Item.newBuilder()
                            .setItem("i" + n)
                            .setAttributes(Map.of("category", n % 3 == 0 ? "shoes" : "hats", "colour", "red:dark"))
                            .build());
            loop.interact("other" + n % 2, "i" + n, "click", n);
        }
        loop.interact("u", "i3", "click", 100);
        loop.interact("u", "i6", "dislike", 101);
        try (Serving serving = serve()) {
            Http http = new Http(serving.port());
            String path = "/v1/recommendations/u";
            await("all have come in", () -> items(http, "/v1/popular?limit=100").size() == 30);
            await("a list without what u dislikes", () -> {
                List<String> items = items(http, path);
                return items.size() == 10 && !items.contains("i6");
            });
            // The published list is of ten; all eight shoes that u neither has nor dislikes are found.
            assertThat(items(http, path + "?allow=category:shoes"))
                    .containsExactlyInAnyOrder("i9", "i12", "i15", "i18", "i21", "i24", "i27", "i30");
            assertThat(items(
                            http,
                            path + "?allow=category:shoes&allow=category:hats&deny=category:hats&hide=i9&limit=3"))
                    .hasSize(3)
                    .isSubsetOf("i12", "i15", "i18", "i21", "i24", "i27", "i30");
            assertThat(items(http, path + "?allow=colour:red:dark&limit=100")).hasSize(28);
            assertThat(items(http, path + "?allow=size:9")).isEmpty();
            assertThat(items(http, path + "?deny=size:9")).hasSize(10);
            assertThat(http.get(path + "?allow=shoes").statusCode()).isEqualTo(400);
            assertThat(http.json(path + "?deny=:x").get("detail").asText())
                    .isEqualTo("allow and deny: ':x' is no ATTRIBUTE:VALUE, such as category:shoes");
            assertThat(http.get("/v1/recommendations/stranger?hide=i1").statusCode())
                    .isEqualTo(404);
        }
    }

    private static List<String> items(Http http, String path) throws IOException, InterruptedException {
        JsonNode items = http.json(path).path("items");
        List<String> ids = new ArrayList<>();
        items.forEach(item -> ids.add(item.get("item").asText()));
        return ids;
    }

    /** Over HTTPS and with a token; what one passes on does not count for the other's limit. */
    @Test
    void eachInstanceAnswersForTheUsersOfTheOther(@TempDir Path otherState) throws Exception {
        String secret = "0123456789abcdef0123456789abcdef";
        BearerToken token = BearerToken.read(Files.writeString(state.resolve("token"), secret));
        Path keyStore = keyStore(state.resolve("serving.p12"), "a password");
        Tls tls = Tls.read(keyStore, Files.writeString(state.resolve("password"), "a password\n"));
        kafka.sendAll(Topic.INTERACTIONS, interactions(USERS, 0, random));
        try (Serving one = serve(state, Set.of(), new HttpApi.Settings("127.0.0.1", 0, null, true, token, tls, 0));
                Serving other =
                        serve(otherState, Set.of(), new HttpApi.Settings("127.0.0.1", 0, null, true, token, tls, 1))) {
            SSLContext trust = trusting(keyStore, "a password");
            Http unlimited = Http.secure(one.port(), trust).with(secret);
            Http limited = Http.secure(other.port(), trust).with(secret);
            await("both have users", () -> {
                int ones = users(unlimited);
                int others = users(limited);
                return ones > 0 && others > 0 && ones + others == USERS;
            });
            for (int user = 0; user < USERS; user++) {
                String path = "/v1/users/u" + user + "/similar";
                // A moment after the move an instance may still take itself for the one that has the user.
                await(path, () -> unlimited.get(path).statusCode() == 200);
                JsonNode similar = unlimited.json(path);
                assertThat(similar.path("node").asText())
                        .as("%s: %s", path, similar)
                        .isEqualTo("u" + user);
                assertThat(similar.get("neighbors")).as(path).isEmpty();
            }
            String mine =
                    unlimited.json("/v1/users?limit=1").at("/users/0/user").asText();
            assertThat(limited.json("/v1/users/" + mine).get("user").asText()).isEqualTo(mine);
            assertThat(Http.secure(one.port(), trust).get("/v1/users/u1").statusCode())
                    .isEqualTo(401);
        }
    }

    /** Users of an instance, by its metrics, which count for no limit. */
    private static int users(Http http) throws Exception {
        Matcher users = Pattern.compile("(?m)^freshet_users (\\d+)")
                .matcher(http.get("/metrics").body());
        return users.find() ? Integer.parseInt(users.group(1)) : 0;
    }

    private static Path keyStore(Path file, String password) throws Exception {
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "serving",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        password)
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        return file;
    }

    private static SSLContext trusting(Path keyStore, String password) throws Exception {
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(KeyStore.getInstance(keyStore.toFile(), password.toCharArray()));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trusted.getTrustManagers(), null);
        return context;
    }

    @Test
    void ofALongHistoryTheNewestAndTheOneInForceAreKept() throws Exception {
        ModelRelease sound = release("20270101T000000Z-lightgcn");
        try (Serving serving = serve()) {
            List<Map.Entry<String, ModelRelease>> rollbacks = new ArrayList<>();
            for (int n = 0; n < ReleaseReader.KEPT + 20; n++) {
                rollbacks.add(Map.entry(
                        sound.getModel(),
                        ModelRelease.newBuilder(sound)
                                .setAction(ReleaseAction.ROLLBACK)
                                .setVersion("unknown-" + n)
                                .build()));
            }
            kafka.sendAll(Topic.MODELS, rollbacks);
            Http http = new Http(serving.port());
            await("the history is read and cut", () -> {
                List<String> versions =
                        http.json("/v1/models?limit=101").get("releases").findValuesAsText("version");
                return versions.size() == ReleaseReader.KEPT + 1
                        && versions.get(0).equals("unknown-" + (ReleaseReader.KEPT + 19))
                        && versions.get(ReleaseReader.KEPT).equals(sound.getVersion());
            });
            assertThat(http.json("/v1/models").get("releases")).hasSize(20);
            assertThat(http.walk("/v1/models?limit=30", "releases", "version"))
                    .hasSize(ReleaseReader.KEPT + 1)
                    .isEqualTo(http.walk("/v1/models?limit=101", "releases", "version"));
            assertThat(http.json("/v1/models").get("inForce").asText()).isEqualTo(sound.getVersion());
            assertThat(http.json("/v1/status").get("releases")).hasSize(10);
        }
    }

    private void assertStillScoredBy(ModelRelease release, long second) {
        loop.interact("u1", "i1", "click", second);
        Received<Recommendations> list = kafka.awaitRecord(
                Topic.RECOMMENDATIONS,
                record -> record.value() != null
                        && LoopFixture.EPOCH
                                .plusSeconds(second)
                                .equals(record.value().getCausedBy()),
                PATIENCE);
        assertThat(isOf(list, release.getVersion())).isTrue();
    }

    private List<DeadLetter> letters() {
        return kafka.drain(Topic.DEAD_LETTERS).stream().map(Received::value).toList();
    }

    private void awaitLetters(int n) throws Exception {
        await(n + " dead letters", () -> letters().size() >= n);
    }

    @Test
    void malformedRecordsAreSkippedAndTheLoopGoesOn() throws Exception {
        byte[] bad = {(byte) 0xC3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7};
        try (Serving serving = serve()) {
            loop.interact("u1", "i1", "click", 1);
            kafka.sendBytes(Topic.INTERACTIONS.name(), LoopFixture.bytes("u1"), bad);
            kafka.sendBytes(Topic.INTERACTIONS.name(), LoopFixture.bytes("u1"), new byte[0]);
            kafka.sendBytes(Topic.ITEMS.name(), LoopFixture.bytes("i1"), bad);
            kafka.sendBytes(Topic.NEIGHBORS.name(), LoopFixture.bytes("item-jaccard:i1"), bad);
            kafka.sendBytes(Topic.ERASURES.name(), LoopFixture.bytes(Keys.node(NodeKind.USER, "u1")), bad);
            awaitLetters(1);
            loop.interact("u1", "i2", "click", 2);
            kafka.awaitRecord(
                    Topic.RECOMMENDATIONS,
                    record -> record.value().getCausedBy().equals(LoopFixture.EPOCH.plusSeconds(2)),
                    PATIENCE);
            JsonNode skipped = new Http(serving.port()).json("/v1/status").get("skipped");
            assertThat(skipped.get("interactions").asInt()).isEqualTo(2);
            assertThat(skipped.get("items").asInt()).isEqualTo(1);
            assertThat(skipped.get("erasures").asInt()).isEqualTo(1);
        }
        // The graph job writes those of interactions, items and erasures.
        assertThat(letters()).hasSize(1);
        assertThat(letters().get(0).getTopic()).isEqualTo("neighbors");
        assertThat(letters().get(0).getValue()).isEqualTo(ByteBuffer.wrap(bad));
    }

    @Test
    void aKilledProcessLosesNothing(@TempDir Path otherState) throws Exception {
        ModelRelease release = release("20270101T000000Z-lightgcn");
        int port = Ports.free(1)[0];
        List<String> arguments = List.of(
                "--bootstrap", kafka.bootstrapServers(),
                "--state", state.toString(),
                "--port", Integer.toString(port));
        Path log = Path.of("target", "killed.log");
        List<Map.Entry<String, Interaction>> events = interactions(1500, 0, random);
        String store = null;
        for (int run = 0; run < 3; run++) {
            try (JavaProcess process = JavaProcess.start(
                    Installation.find().jars("serving"), List.of(), ServingMain.class.getName(), arguments, log)) {
                await("ready", () -> {
                    assertThat(process.isAlive())
                            .as(() -> String.join("\n", process.tail(20)))
                            .isTrue();
                    try {
                        return new Http(port).get("/health").statusCode() == 200;
                    } catch (IOException e) {
                        return false;
                    }
                });
                process.archiveClasses(0).join();
                if (run > 0) {
                    assertThat(neighborsStore("IDENTITY"))
                            .as("opened, not made anew")
                            .hasContent(store);
                    assertThat(otherGraph(port)).containsExactly(LISTS, 25 * LISTS);
                }
                kafka.sendAll(Topic.INTERACTIONS, events.subList(500 * run, 500 * (run + 1)));
                if (run == 2) {
                    awaitLastEvents();
                    whatAHeldUpProcessHasInHandIsNeverPublished(process, otherState);
                    assertThat(process.stop(Duration.ofSeconds(60))).isTrue();
                } else {
                    if (run == 0) {
                        storesAreOnDisk(port);
                        store = Files.readString(neighborsStore("IDENTITY"));
                    }
                    process.kill();
                    process.waitFor();
                }
            }
        }
        assertThat(usersScoredBy(release.getVersion())).hasSize(USERS);
        assertNothingOwnedIsRecommended();
        assertNoListMixesVersions();
        assertEveryEventHasOneListInOrder();
    }

    /** More lists than the store's 8 MiB in memory hold: only then does Streams find it unclosed after a kill. */
    private void storesAreOnDisk(int port) throws Exception {
        List<Neighbor> neighbors = new ArrayList<>();
        for (int n = 0; n < 25; n++) {
            neighbors.add(new Neighbor("neighbor-" + n + "-".repeat(40), 1.0));
        }
        List<Map.Entry<String, NeighborList>> records = new ArrayList<>();
        for (int node = 0; node < LISTS; node++) {
            NeighborList list = new NeighborList("item-other", "n" + node, neighbors, 1, 1L);
            records.add(Map.entry(Keys.neighbors("item-other", list.getNode()), list));
        }
        kafka.sendAll(Topic.NEIGHBORS, records);
        await("all lists are there", () -> otherGraph(port)[0] == LISTS);
        await("they are on disk", () -> {
            try (Stream<Path> files = Files.list(neighborsStore(""))) {
                return files.anyMatch(file -> file.toString().endsWith(".sst"));
            }
        });
    }

    /** Nodes and edges of the graph of {@link #storesAreOnDisk}. */
    private static int[] otherGraph(int port) throws Exception {
        JsonNode graph = new Http(port).json("/v1/status").path("graphs").path("item-other");
        return new int[] {graph.path("nodes").asInt(), graph.path("edges").asInt()};
    }

    private Path neighborsStore(String file) {
        return state.resolve("freshet-serving/global/rocksdb/neighbors").resolve(file);
    }

    /** Stopped for longer than its session lasts, it has lost its users to another when it goes on. */
    private void whatAHeldUpProcessHasInHandIsNeverPublished(JavaProcess held, Path otherState) throws Exception {
        kafka.sendAll(Topic.INTERACTIONS, interactions(2 * USERS, 1500, random));
        signal("-STOP", held);
        try (Serving other = serve(otherState)) {
            awaitLastEvents();
            assertThat(other.ready()).isTrue();
            signal("-CONT", held);
            kafka.sendAll(Topic.INTERACTIONS, interactions(2 * USERS, 1500 + 2 * USERS, random));
            awaitLastEvents();
        } finally {
            signal("-CONT", held);
        }
        assertThat(held.isAlive()).isTrue();
    }

    private static void signal(String name, JavaProcess process) throws Exception {
        assertThat(new ProcessBuilder("kill", name, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private void assertEveryEventHasOneListInOrder() {
        Map<String, Instant> last = new HashMap<>();
        int answers = 0;
        for (Received<Recommendations> list : kafka.drain(Topic.RECOMMENDATIONS)) {
            Instant cause = list.value().getCausedBy();
            if (cause != null) {
                answers++;
                Instant before = last.put(list.key(), cause);
                assertThat(before == null || before.isBefore(cause))
                        .as(list.key() + ": " + cause + " after " + before)
                        .isTrue();
            }
        }
        assertThat(answers).isEqualTo(kafka.drain(Topic.INTERACTIONS).size());
    }
}

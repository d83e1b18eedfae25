package dev.freshet.serving.stream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.Reason;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.serving.experiment.Outcome;
import dev.freshet.serving.experiment.Tally;
import dev.freshet.serving.score.FoldIn;
import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.ItemFacts;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.ItemMatrix;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.serving.score.Popularity;
import dev.freshet.serving.score.Recommender;
import dev.freshet.serving.score.Scoring;
import dev.freshet.serving.score.Stamp;
import dev.freshet.serving.score.Taste;
import dev.freshet.serving.score.Variant;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
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
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingTopologyTest {

    private static final Instant NOW = Instant.ofEpochMilli(1_800_000_000_000L);
    private static final int SIZE = 5;
    private static final int RATE = 100;
    private static final Duration SLICE = UserProcessor.SLICE_INTERVAL;

    @TempDir
    private Path state;

    private final List<String> refused = new ArrayList<>();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final ServingContext serving = context();
    private TopologyTestDriver driver;
    private TestOutputTopic<String, byte[]> recommendations;
    private TestOutputTopic<String, byte[]> embeddings;
    private TestOutputTopic<String, byte[]> shadows;
    private Instant clock = NOW;
    private final Map<String, TestInputTopic<String, byte[]>> inputs = new HashMap<>();

    private ServingContext context() {
        return new ServingContext(
                new ServingMetrics(registry),
                WireFormat.SINGLE_OBJECT,
                (record, reason) -> refused.add(record.topic() + "@" + record.offset() + ": " + reason),
                SIZE,
                Scoring.DEFAULT,
                RATE,
                EnumSet.allOf(Variant.class));
    }

    @BeforeEach
    void start() {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        settings.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, BoundedRocksDb.class);
        // Slices end when their work is done, however slow the machine is.
        driver = new TopologyTestDriver(
                ServingTopology.build(serving, () -> 0, () -> clock.toEpochMilli()), settings, NOW);
        recommendations = output(Topic.RECOMMENDATIONS);
        embeddings = output(Topic.EMBEDDINGS);
        shadows = output(Topic.SHADOW_RECOMMENDATIONS);
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    private TestOutputTopic<String, byte[]> output(Topic<?> topic) {
        return driver.createOutputTopic(topic.name(), new StringDeserializer(), new ByteArrayDeserializer());
    }

    private void pipe(String topic, String key, byte[] value) {
        inputs.computeIfAbsent(
                        topic, name -> driver.createInputTopic(name, new StringSerializer(), new ByteArraySerializer()))
                .pipeInput(key, value, NOW);
    }

    private <T extends SpecificRecordBase> void pipe(Topic<T> topic, String key, T value) {
        pipe(topic.name(), key, value == null ? null : topic.codec().encode(value));
    }

    private void event(String user, String item, String action, long secondsAgo) {
        pipe(
                Topic.INTERACTIONS,
                user,
                Interaction.newBuilder()
                        .setUser(user)
                        .setItem(item)
                        .setAction(action)
                        .setEventTime(NOW.minusSeconds(secondsAgo))
                        .build());
    }

    /** An event that reaches the broker later than all before. */
    private void arrive(String user, String item, String action, long secondsFromNow) {
        Instant at = NOW.plusSeconds(secondsFromNow);
        inputs.get(Topic.INTERACTIONS.name())
                .pipeInput(
                        user,
                        Topic.INTERACTIONS
                                .codec()
                                .encode(Interaction.newBuilder()
                                        .setUser(user)
                                        .setItem(item)
                                        .setAction(action)
                                        .setEventTime(at)
                                        .build()),
                        at);
    }

    private void item(String id, boolean available) {
        pipe(
                Topic.ITEMS,
                id,
                Item.newBuilder()
                        .setItem(id)
                        .setTitle("Item " + id)
                        .setAvailable(available)
                        .setFeatures(Map.of("text", Vectors.toList(1, 2)))
                        .build());
    }

    private void neighbors(String item, long version, Map<String, Double> weights) {
        List<Neighbor> list = new ArrayList<>();
        new TreeMap<>(weights).forEach((id, weight) -> list.add(new Neighbor(id, weight)));
        list.sort((a, b) -> Double.compare(b.getWeight(), a.getWeight()));
        pipe(
                Topic.NEIGHBORS,
                Keys.neighbors(GraphNames.ITEM_JACCARD, item),
                new NeighborList(GraphNames.ITEM_JACCARD, item, list, 1, version));
    }

    private void forget(NodeKind kind, String id, Instant upTo) {
        pipe(Topic.ERASURES, Keys.node(kind, id), new Erasure(kind, id, upTo));
    }

    private static <T extends SpecificRecordBase> T decode(Topic<T> topic, byte[] value) {
        try {
            return value == null ? null : topic.codec().decode(value);
        } catch (BadRecordException e) {
            throw new AssertionError(e);
        }
    }

    private Recommendations nextList() {
        return decode(Topic.RECOMMENDATIONS, recommendations.readValue());
    }

    private List<String> nextItems() {
        return nextList().getItems().stream().map(RecommendedItem::getItem).toList();
    }

    private Map<String, Recommendations> lists() {
        Map<String, Recommendations> lists = new TreeMap<>();
        for (TestRecord<String, byte[]> record : recommendations.readRecordsToList()) {
            lists.put(record.key(), decode(Topic.RECOMMENDATIONS, record.value()));
        }
        return lists;
    }

    private Model model(String version, int items) {
        return model(version, ModelFixture.BEGINNING, items);
    }

    private Model model(String version, Model.Cut cut, int items) {
        Random random = new Random(items);
        return ModelFixture.model(
                version, cut, ModelFixture.vectors("u", 3, 8, random), ModelFixture.vectors("i", items, 8, random));
    }

    @Test
    void popularityThenNeighbors() {
        event("a", "p", "click", 100);
        assertThat(nextItems()).isEmpty();
        event("b", "q", "click", 90);
        assertThat(nextItems()).containsExactly("p");
        neighbors("q", 6, Map.of("r", 0.5, "s", 0.25));
        event("b", "q", "purchase", 80);

        Recommendations list = nextList();

        assertThat(list.getUser()).isEqualTo("b");
        assertThat(list.getItems()).extracting(RecommendedItem::getItem).containsExactly("r", "s", "p");
        assertThat(list.getModelVersion()).isNull();
        assertThat(list.getGraphVersion()).isEqualTo(6);
        assertThat(list.getCausedBy()).isEqualTo(NOW.minusSeconds(80));
        assertThat(embeddings.isEmpty()).isTrue();
    }

    @Test
    void holdsWhatAUserTakesAgainstTheListBeforeItAndAgainstNoneThatMayKnowOfIt() {
        for (String user : List.of("a", "b", "c")) {
            event(user, "p", "click", 100);
        }
        event("a", "q", "click", 90);
        event("b", "q", "click", 90);
        event("a", "r", "click", 90);
        Tally others = serving.tally(0);
        event("u", "z", "click", 80);
        assertThat(serving.tally(0).events()).as("a stranger has no list").isEqualTo(others.events());
        long before = others.events();

        arrive("u", "q", "click", 1);
        assertThat(serving.tally(0).events()).isEqualTo(before + 1);
        double hit = Outcome.reciprocalRank(2);
        assertThat(registry.get("freshet.arm.reciprocal.ranks").counter().count())
                .isEqualTo(hit);
        arrive("u", "new", "click", 2);
        arrive("u", "q", "purchase", 3);
        arrive("u", "q", "remove", 4);
        arrive("u", "p", "dislike", 5);
        arrive("u", "p", "click", 6);
        assertThat(serving.tally(0).events())
                .as("only what a list might have offered")
                .isEqualTo(before + 2);
        // Taken back, it may be offered again.
        arrive("u", "q", "click", 7);
        assertThat(serving.tally(0).events()).isEqualTo(before + 3);

        // A release and its lists come 20 s later; an event from before them, which serving reads only now, may be what
        // they rest on.
        serving.switchTo(model("20270102T000000Z-m", 12));
        clock = NOW.plusSeconds(20);
        driver.advanceWallClockTime(Duration.ofSeconds(20));
        String offered = lists().get("u").getItems().get(0).getItem();
        double unmeasured = counted("unmeasured");
        arrive("u", offered, "click", 15);
        assertThat(serving.tally(0).events()).isEqualTo(before + 3);
        assertThat(counted("unmeasured")).isEqualTo(unmeasured + 1);
        assertThat(counted("hit")).isEqualTo(2);
        assertThat(counted("miss")).isEqualTo(before + 1);

        forget(NodeKind.USER, "u", NOW.plusSeconds(60));
        driver.advanceWallClockTime(SLICE);
        assertThat(serving.tally(0).events()).isEqualTo(before);
    }

    @Test
    void interactionsThatAreBehindAreScoredTogetherEachWithItsList() {
        event("x", "p", "click", 100);
        serving.switchTo(model("20270102T000000Z-m", 12));
        driver.advanceWallClockTime(SLICE);
        recommendations.readRecordsToList();
        clock = NOW.plusSeconds(1);
        event("a", "q", "click", 90);
        event("b", "r", "click", 80);
        assertThat(recommendations.isEmpty()).isTrue();

        event("a", "r", "click", 70);

        assertThat(causes())
                .as("the second of a user's lists knows of what the first does not")
                .containsExactly("a " + NOW.minusSeconds(90), "b " + NOW.minusSeconds(80));
        driver.advanceWallClockTime(Duration.ofMillis(25));
        assertThat(causes()).containsExactly("a " + NOW.minusSeconds(70));
        for (int user = 0; user < Recommender.AT_ONCE; user++) {
            assertThat(recommendations.isEmpty()).isTrue();
            event("u" + user, "p", "click", 60);
        }
        assertThat(causes()).hasSize(Recommender.AT_ONCE);

        // Together or alone, lists are the same.
        event("alone", "q", "click", 50);
        driver.advanceWallClockTime(Duration.ofMillis(25));
        Recommendations alone = nextList();
        event("one", "q", "click", 50);
        event("other", "r", "click", 50);
        driver.advanceWallClockTime(Duration.ofMillis(25));
        assertThat(nextList().getItems()).isEqualTo(alone.getItems()).isNotEmpty();
        nextList();
    }

    /** User and cause of the lists since the last look. */
    private List<String> causes() {
        return recommendations.readRecordsToList().stream()
                .map(record -> {
                    Recommendations list = decode(Topic.RECOMMENDATIONS, record.value());
                    return list.getUser() + " " + list.getCausedBy();
                })
                .toList();
    }

    private double counted(String result) {
        return registry.get("freshet.arm.events")
                .tag("result", result)
                .counter()
                .count();
    }

    private Map<String, List<String>> shadowItems() {
        Map<String, List<String>> items = new TreeMap<>();
        for (TestRecord<String, byte[]> record : shadows.readRecordsToList()) {
            Recommendations list = decode(Topic.SHADOW_RECOMMENDATIONS, record.value());
            items.put(
                    record.key(),
                    list.getItems().stream().map(RecommendedItem::getItem).toList());
            assertThat(list.getItems())
                    .allSatisfy(item -> assertThat(item.getReasons()).hasSize(1));
        }
        return items;
    }

    @Test
    void everyVariantAnswersTheSameEventInItsOwnWay() {
        event("u0", "i5", "click", 100);
        event("a", "i5", "click", 95);
        event("b", "i6", "click", 90);
        neighbors("i6", 6, Map.of("i7", 0.5, "i6", 1.0));
        Model first = model("20270101T000000Z-m", 12);
        serving.keepFirst(first);
        serving.switchTo(model("20270102T000000Z-m", 12));
        shadows.readRecordsToList();

        event("b", "i6", "purchase", 80);
        Map<String, List<String>> stranger = shadowItems();
        assertThat(stranger.get("popularity:b")).containsExactly("i5");
        assertThat(stranger.get("item-knn:b")).containsExactly("i7", "i5");
        assertThat(stranger.get("model:b")).hasSize(SIZE).doesNotContain("i6");
        // Training has not seen b: the frozen model has nothing to say, the refreshed one folds b in.
        assertThat(stranger.get("frozen:b")).containsExactly("i5");
        assertThat(stranger.get("frozen-refreshed:b")).hasSize(SIZE).doesNotContain("i6");

        event("u1", "i3", "click", 70);
        List<String> frozen = shadowItems().get("frozen:u1");
        assertThat(frozen).hasSize(SIZE).doesNotContain("i3");
        event("u1", frozen.get(0), "click", 60);
        Map<String, List<String>> known = shadowItems();
        // A frozen list loses what the user has, and nothing else moves in it.
        assertThat(known.get("frozen:u1").subList(0, SIZE - 1)).isEqualTo(frozen.subList(1, SIZE));
        assertThat(known).hasSize(5);
        assertThat(lists().get("u1").getModelVersion()).isEqualTo("20270102T000000Z-m");
    }

    @Test
    void aRemovalTakesThePairBackAndAnOlderEventDoesNotBringItBack() {
        event("a", "p", "click", 100);
        event("b", "q", "click", 100);
        event("a", "q", "click", 90);
        recommendations.readRecordsToList();

        event("a", "q", "cancel", 50);
        assertThat(nextItems()).containsExactly("q");
        event("a", "q", "click", 60);
        assertThat(recommendations.isEmpty()).isTrue();
        event("a", "q", "click", 40);
        assertThat(nextItems()).isEmpty();
        assertThat(serving.popularity()).containsExactly(new Popularity.Entry("q", 2), new Popularity.Entry("p", 1));
    }

    @Test
    void unusableRecordsAreSkippedAndCounted() {
        event("a", "p", "click", 100);
        recommendations.readRecordsToList();
        pipe("interactions", "a", new byte[] {1, 2, 3});
        pipe("interactions", "a", null);
        byte[] good = Topic.INTERACTIONS.codec().encode(new Interaction("a", "q", "click", 1.0, NOW, null));
        pipe("interactions", "a", Arrays.copyOf(good, good.length - 3));
        event("", "q", "click", 1);
        event("a", "q", "click", -200_000);
        pipe("items", "q", new byte[0]);

        assertThat(recommendations.isEmpty()).isTrue();
        assertThat(serving.metrics().skippedOf("interactions")).isEqualTo(5);
        assertThat(serving.metrics().skippedOf("items")).isEqualTo(1);
        event("a", "q", "click", 1);
        assertThat(nextList().getUser()).isEqualTo("a");
    }

    @Test
    void anAuditFindsWhatTheProfileDoesNotKnow() {
        event("a", "p", "click", 100);
        event("b", "q", "click", 90);
        assertThat(registry.get("freshet.audited.lists").counter().count()).isEqualTo(1);

        // As a profile that has lost a pair would leave it.
        KeyValueStore<Bytes, byte[]> pairs = driver.getKeyValueStore(ServingTopology.PAIRS_STORE);
        pairs.put(PairState.key("b", "p"), new PairState(true, "click", 1, new Stamp(1, 0, 0)).encode());
        for (int n = 0; n < UserProcessor.AUDIT_EVERY; n++) {
            event("b", "q", "view", 80 - n);
        }

        assertThat(registry.get("freshet.audited.lists").counter().count()).isEqualTo(2);
        assertThat(registry.get("freshet.violations").counter().count()).isEqualTo(1);
    }

    @Test
    void anUnusableNeighborListIsRefused() {
        pipe("neighbors", "item-jaccard:x", new byte[] {9});
        pipe(Topic.NEIGHBORS, "item-jaccard:y", new NeighborList(GraphNames.ITEM_JACCARD, "z", List.of(), 0, 1L));
        pipe(
                Topic.NEIGHBORS,
                "item-jaccard:z",
                new NeighborList(GraphNames.ITEM_JACCARD, "z", List.of(new Neighbor("a", Double.NaN)), 0, 1L));

        assertThat(refused).hasSize(3);
        assertThat(refused.get(0)).startsWith("neighbors@0: NeighborList: not Avro single-object encoding");
        assertThat(refused.get(1)).contains("the key is item-jaccard:y, but the value is of item-jaccard:z");
        assertThat(refused.get(2)).contains("NaN");
        assertThat(serving.catalogue().graphs()).isEmpty();
    }

    @Test
    void aReasonDoesNotRepeatAKeyOfMegabytes() {
        pipe(Topic.NEIGHBORS, "x".repeat(1 << 20), new NeighborList(GraphNames.ITEM_JACCARD, "y", List.of(), 0, 1L));
        pipe("neighbors", "x".repeat(1 << 20), null);

        assertThat(refused).hasSize(2).allMatch(reason -> reason.length() < 2000);
    }

    @Test
    void aListReplacesOneOfTheSameSize() {
        neighbors("a", 1, Map.of("b", 0.5));
        neighbors("a", 2, Map.of("c", 0.4));

        assertThat(serving.catalogue().graphs())
                .containsExactly(Map.entry(GraphNames.ITEM_JACCARD, new Catalogue.GraphSize(1, 1)));
        assertThat(serving.catalogue().neighbors(GraphNames.ITEM_JACCARD, "a"))
                .hasValueSatisfying(list -> assertThat(list.getNeighbors())
                        .extracting(Neighbor::getId)
                        .containsExactly("c"));
    }

    @Test
    void theSizesOfTheGraphsFollowTheLists() {
        neighbors("a", 1, Map.of("b", 0.5, "c", 0.2));
        neighbors("b", 1, Map.of("a", 0.5));
        assertThat(serving.catalogue().graphs())
                .containsExactly(Map.entry(GraphNames.ITEM_JACCARD, new Catalogue.GraphSize(2, 3)));
        neighbors("a", 2, Map.of("b", 0.4));
        neighbors("b", 2, Map.of());
        pipe("neighbors", "item-jaccard:none", null);

        assertThat(serving.catalogue().graphs())
                .containsExactly(Map.entry(GraphNames.ITEM_JACCARD, new Catalogue.GraphSize(1, 1)));
        assertThat(serving.catalogue().neighbors(GraphNames.ITEM_JACCARD, "b")).isEmpty();
        assertThat(serving.catalogue().jaccard("a").ids()).containsExactly("b");
    }

    @Test
    void aStartKnowsTheSizesOfTheGraphs() {
        neighbors("a", 1, Map.of("b", 0.5, "c", 0.2));
        neighbors("b", 1, Map.of("a", 0.5));
        MockProcessorContext<Void, Void> context = new MockProcessorContext<>();
        context.addStateStore(driver.getKeyValueStore(ServingTopology.NEIGHBORS_STORE));

        ServingContext next = context();
        new GlobalProcessors.Neighbors(next).init(context);

        assertThat(next.catalogue().graphs())
                .containsExactly(Map.entry(GraphNames.ITEM_JACCARD, new Catalogue.GraphSize(2, 3)));
    }

    @Test
    void aReleaseScoresEveryoneMostRecentFirstAtTheRate() {
        for (int user = 0; user < 60; user++) {
            event("u" + user, "i" + user % 7, "click", 1000 - user);
        }
        recommendations.readRecordsToList();
        serving.switchTo(model("v1", 12));

        List<TestRecord<String, byte[]>> first = List.of();
        for (int slice = 0; slice < 50 && first.isEmpty(); slice++) {
            driver.advanceWallClockTime(SLICE);
            first = recommendations.readRecordsToList();
        }
        assertThat(first).isNotEmpty().hasSizeLessThanOrEqualTo(RATE / 10);
        assertThat(first)
                .extracting(TestRecord::key)
                .containsExactlyElementsOf(IntStream.range(0, first.size())
                        .mapToObj(n -> "u" + (59 - n))
                        .toList());
        assertThat(serving.progress()).isEqualTo(new ServingContext.Progress("v1", 60, first.size()));
        // An interaction is scored with the new model at once, and its user not a second time.
        event("u0", "i9", "click", 0);
        int published = first.size();
        List<String> rest = new ArrayList<>();
        for (int slice = 0; slice < 100; slice++) {
            driver.advanceWallClockTime(SLICE);
            recommendations.readRecordsToList().forEach(record -> {
                Recommendations list = decode(Topic.RECOMMENDATIONS, record.value());
                assertThat(list.getModelVersion()).isEqualTo("v1");
                rest.add(record.key());
            });
        }

        assertThat(published + rest.size()).isEqualTo(60);
        assertThat(rest).doesNotHaveDuplicates();
        assertThat(serving.progress()).isEqualTo(new ServingContext.Progress("v1", 60, 60));
        assertThat(embeddings.readRecordsToList())
                .filteredOn(record -> record.key().startsWith("user:"))
                .hasSize(60);
        driver.advanceWallClockTime(Duration.ofSeconds(5));
        assertThat(recommendations.isEmpty()).isTrue();
    }

    @Test
    void theListAndTheEmbeddingAreOfOneModel() {
        serving.switchTo(model("v2", 30));
        event("u1", "i3", "click", 10);

        Recommendations list = nextList();
        Embedding embedding = decode(Topic.EMBEDDINGS, embeddings.readValue());

        assertThat(list.getModelVersion()).isEqualTo("v2");
        assertThat(list.getItems())
                .hasSize(SIZE)
                .extracting(RecommendedItem::getItem)
                .doesNotContain("i3");
        assertThat(embedding.getModelVersion()).isEqualTo("v2");
        assertThat(embedding.getId()).isEqualTo("u1");
        Model model = serving.model();
        double[] scores = ModelFixture.scores(model.items(), Vectors.toArray(embedding.getVector()));
        // Without neighbors the list is the model's ranking.
        assertThat(list.getItems())
                .extracting(item -> scores[model.items().row(item.getItem())])
                .isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(list.getItems()).allSatisfy(item -> assertThat(item.getReasons())
                .extracting(Reason::getKind)
                .containsExactly("model"));
    }

    @Test
    void whatIsUnavailableOrWithdrawnIsTakenFromTheLists() {
        for (int n = 0; n < 4; n++) {
            event("other" + n, "p" + n, "click", 100);
        }
        event("a", "q", "click", 50);
        assertThat(lists().get("a").getItems()).hasSize(4);
        item("p0", false);
        item("p1", true);
        pipe("items", "p2", null);

        driver.advanceWallClockTime(SLICE);
        Map<String, Recommendations> scored = lists();
        assertThat(scored.get("a").getItems())
                .extracting(RecommendedItem::getItem)
                .containsExactly("p1", "p3");
        assertThat(serving.catalogue().itemCount()).isEqualTo(1);
        assertThat(serving.catalogue().item("p1").orElseThrow().getTitle()).isEqualTo("Item p1");
        assertThat(serving.catalogue().item("p1").orElseThrow().getFeatures()).isEmpty();
        item("p0", true);
        assertThat(serving.catalogue().itemCount()).isEqualTo(2);
        event("a", "q", "click", 40);
        assertThat(nextItems()).containsExactly("p0", "p1", "p3");
    }

    /** A user and an item of one id are apart. */
    @Test
    void aRequestToForgetCountsWhateverItsKey() {
        pipe(Topic.ERASURES, "42", new Erasure(NodeKind.USER, "42", NOW));
        pipe(Topic.ERASURES, "42", new Erasure(NodeKind.ITEM, "42", NOW.minusSeconds(9)));
        KeyValueStore<String, byte[]> store = driver.getKeyValueStore(ServingTopology.ERASURES_STORE);
        assertThat(store.get("user:42")).isNotNull();
        assertThat(store.get("item:42")).isNotNull();
        assertThat(store.get("42")).isNull();
    }

    @Test
    void whatTheFilterDoesNotAdmitCountsAsUnavailable() {
        Catalogue catalogue = new Catalogue(ItemFilter.of(List.of("category:shoes"), List.of(), List.of("i3")));
        KeyValueStore<String, byte[]> store = driver.getKeyValueStore(ServingTopology.ITEMS_STORE);
        for (String[] item : new String[][] {{"i1", "shoes"}, {"i2", "hats"}, {"i3", "shoes"}}) {
            pipe(
                    Topic.ITEMS,
                    item[0],
                    Item.newBuilder()
                            .setItem(item[0])
                            .setAttributes(Map.of("category", item[1]))
                            .build());
        }
        try {
            catalogue.attachItems(store);
        } catch (BadRecordException e) {
            throw new AssertionError(e);
        }

        assertThat(catalogue.excludes("i1")).isFalse();
        assertThat(catalogue.excludes("i2")).isTrue();
        assertThat(catalogue.excludes("i3")).isTrue();
        // Of which nothing is known.
        assertThat(catalogue.excludes("i4")).isTrue();
        assertThat(catalogue.itemCount()).isEqualTo(1);
        // What was offered before is looked at again.
        assertThat(catalogue.withdrawals()).isPositive();
    }

    @Test
    void whatIsUnavailableIsTakenFromShadowListsThatAloneOfferIt() {
        Model model = model("20270101T000000Z-m", 12);
        serving.keepFirst(model);
        serving.switchTo(model);
        event("other", "p0", "click", 100);
        event("u1", "i3", "click", 50);
        assertThat(lists().get("u1").getItems())
                .extracting(RecommendedItem::getItem)
                .doesNotContain("p0");
        assertThat(shadowItems().get("popularity:u1")).contains("p0");

        item("p0", false);
        driver.advanceWallClockTime(SLICE);

        assertThat(shadowItems().get("popularity:u1")).isEmpty();
    }

    @Test
    void aForgottenUserLeavesTombstonesAndLaterEventsCountAgain() {
        serving.switchTo(model("v1", 10));
        settle();
        event("u0", "i1", "click", 100);
        event("u1", "i1", "click", 100);
        event("u1", "i2", "click", 20);
        recommendations.readRecordsToList();
        embeddings.readRecordsToList();

        forget(NodeKind.USER, "u0", NOW.minusSeconds(50));
        forget(NodeKind.USER, "u1", NOW.minusSeconds(50));
        slices(40);

        List<TestRecord<String, byte[]>> out = recommendations.readRecordsToList();
        assertThat(out).extracting(TestRecord::key).containsExactly("u0", "u1", "u1");
        assertThat(out.get(0).value()).isNull();
        assertThat(out.get(1).value()).isNull();
        assertThat(out.get(2).value()).isNotNull();
        assertThat(embeddings.readRecordsToList())
                .extracting(TestRecord::key)
                .filteredOn(key -> key.startsWith("user:"))
                .containsExactly("user:u0", "user:u1", "user:u1");
        assertThat(serving.users().search("", null, 10))
                .extracting(UserIndex.Entry::user)
                .containsExactly("u1");
        assertThat(serving.popularity()).containsExactly(new Popularity.Entry("i2", 1));
        event("u0", "i5", "click", 60);
        assertThat(recommendations.isEmpty()).isTrue();
        event("u0", "i6", "click", 10);
        assertThat(nextList().getUser()).isEqualTo("u0");
        UserProfile profile = UserProfile.decode(driver.<String, byte[]>getKeyValueStore(ServingTopology.USERS_STORE)
                .get("u0"));
        assertThat(profile.recent()).hasSize(1);
    }

    /** A client may date a request as far back as it likes. */
    @Test
    void aVectorThatWasTrainedBeforeAnErasureIsNotUsed() {
        event("u0", "i1", "click", 10);
        serving.switchTo(model("v1", new Model.Cut(Map.of(0, 1L), 0), 10));
        assertThat(origin("u0")).isEqualTo(FoldIn.Origin.TRAINED);

        forget(NodeKind.USER, "u0", NOW.minusSeconds(1_000_000));
        assertThat(origin("u0")).isEqualTo(FoldIn.Origin.FOLDED_IN);
        // Of no effect, since it is dated earlier: a model need not have seen it.
        forget(NodeKind.USER, "u0", NOW.minusSeconds(2_000_000));
        serving.switchTo(model("v2", new Model.Cut(Map.of(0, 1L), 1), 10));
        assertThat(origin("u0")).isEqualTo(FoldIn.Origin.TRAINED);

        // A restart knows as much.
        ServingContext restarted = context();
        MockProcessorContext<Void, Void> task = new MockProcessorContext<>();
        task.addStateStore(driver.<String, byte[]>getKeyValueStore(ServingTopology.ERASURES_STORE));
        new GlobalProcessors.Erasures(restarted).init(task);
        assertThat(restarted.catalogue().userErasure("u0"))
                .isEqualTo(new Catalogue.Forgotten(NOW.minusSeconds(1_000_000).toEpochMilli(), 0));
    }

    private FoldIn.Origin origin(String user) {
        KeyValueStore<String, byte[]> users = driver.getKeyValueStore(ServingTopology.USERS_STORE);
        return serving.vector(serving.model(), user, UserProfile.decode(users.get(user)))
                .origin();
    }

    @Test
    void aForgottenItemIsNotRecommendedUntilItIsSentAgain() {
        event("a", "p", "click", 100);
        event("b", "q", "click", 100);
        forget(NodeKind.ITEM, "p", NOW.minusSeconds(1));
        driver.advanceWallClockTime(SLICE);
        recommendations.readRecordsToList();
        event("b", "q", "click", 90);
        assertThat(nextItems()).isEmpty();
        item("p", true);
        event("c", "p", "click", 0);
        recommendations.readRecordsToList();
        event("b", "q", "click", 80);

        assertThat(nextItems()).containsExactly("p");
    }

    @Test
    void aForgottenItemLeavesTheHistoriesAndTheReasons() {
        event("a", "phone", "click", 100);
        event("a", "quilt", "click", 90);
        event("b", "phone", "click", 80);
        event("c", "radio", "click", 70);
        recommendations.readRecordsToList();
        forget(NodeKind.ITEM, "phone", NOW.minusSeconds(1));
        driver.advanceWallClockTime(SLICE);

        List<TestRecord<String, byte[]>> out = recommendations.readRecordsToList();
        assertThat(out).filteredOn(record -> record.key().equals("b")).last().satisfies(record -> assertThat(
                        record.value())
                .isNull());
        assertThat(out)
                .allSatisfy(record -> assertThat(record.value() == null ? "" : new String(record.value(), ISO_8859_1))
                        .doesNotContain("phone"));
        KeyValueStore<String, byte[]> users = driver.getKeyValueStore(ServingTopology.USERS_STORE);
        assertThat(UserProfile.decode(users.get("a")).recent())
                .extracting(HistoryItem::item)
                .containsExactly("quilt");
        assertThat(users.get("b")).isNull();
        assertThat(serving.popularity()).extracting(Popularity.Entry::item).containsExactlyInAnyOrder("quilt", "radio");
    }

    @Test
    void aDislikedItemCountsForNobodyAndIsNotOfferedAgainUntilItIsTakenBack() {
        event("a", "p", "click", 100);
        event("a", "q", "click", 99);
        event("b", "q", "click", 90);
        assertThat(lists().get("b").getItems())
                .extracting(RecommendedItem::getItem)
                .containsExactly("p");

        event("b", "p", "dislike", 80);
        assertThat(nextItems()).isEmpty();
        assertThat(serving.popularity()).containsExactly(new Popularity.Entry("q", 2), new Popularity.Entry("p", 1));
        // Of what one had, too: the dislike is the later word.
        event("b", "q", "dislike", 70);
        assertThat(nextItems()).isEmpty();
        assertThat(serving.popularity().users("q")).isEqualTo(1);
        event("b", "p", "remove", 60);
        assertThat(nextItems()).containsExactly("p");
    }

    @Test
    void aDislikeTurnsTheListAwayFromWhatIsLikeIt() {
        serving.switchTo(model("v1", 100));
        event("u1", "i3", "click", 100);
        List<String> before = nextItems();
        double liking = likingOf("u1", before.get(0));

        event("u1", before.get(0), "dislike", 90);

        assertThat(nextItems()).doesNotContain(before.get(0)).isNotEqualTo(before.subList(1, SIZE));
        assertThat(likingOf("u1", before.get(0))).isLessThan(liking);
    }

    /** The model's score of an item for a user. */
    private double likingOf(String user, String item) {
        KeyValueStore<String, byte[]> users = driver.getKeyValueStore(ServingTopology.USERS_STORE);
        float[] vector = serving.vector(serving.model(), user, UserProfile.decode(users.get(user)))
                .values();
        ItemMatrix items = serving.model().items();
        return ModelFixture.scores(items, vector)[items.row(item)];
    }

    /** Until the items that came since the model's snapshot are there. */
    private void settle() {
        for (int slice = 0; slice < 200 && !serving.arrivals().isDone(serving.model()); slice++) {
            driver.advanceWallClockTime(SLICE);
        }
        assertThat(serving.arrivals().isDone(serving.model())).isTrue();
    }

    /** Enough for whatever is done in slices. */
    private void slices(int count) {
        for (int slice = 0; slice < count; slice++) {
            driver.advanceWallClockTime(SLICE);
        }
    }

    /** The last embedding, or tombstone, of each item; those that were read already do not count. */
    private Map<String, Embedding> itemEmbeddings() {
        Map<String, Embedding> items = new TreeMap<>();
        for (TestRecord<String, byte[]> record : embeddings.readRecordsToList()) {
            if (record.key().startsWith("item:")) {
                items.put(record.key().substring("item:".length()), decode(Topic.EMBEDDINGS, record.value()));
            }
        }
        return items;
    }

    @Test
    void aNewItemIsScoredByAModelThatIsNotInductiveWithTheMeanOfItsNeighbors() {
        Model model = model("v1", 12);
        serving.switchTo(model);
        settle();
        slices(40);
        assertThat(itemEmbeddings()).hasSize(12);
        neighbors("n", 1, Map.of("i3", 0.5, "unknown", 0.4));
        slices(40);

        float[] mean = model.items().vector(model.items().row("i3"));
        assertThat(Vectors.toArray(itemEmbeddings().get("n").getVector())).containsExactly(mean);
        assertThat(model.facts("n").origin()).isEqualTo(ItemFacts.Origin.NEIGHBORS);
        // The item's own list alone: what b has does not lead to it in the graph.
        event("b", "i3", "click", 10);
        assertThat(nextList().getItems())
                .filteredOn(item -> item.getItem().equals("n"))
                .singleElement()
                .satisfies(item -> assertThat(item.getReasons())
                        .extracting(Reason::getKind)
                        .containsExactly("model"));
        embeddings.readRecordsToList();

        // Another release knows it by its list alone, and takes back nothing in between.
        serving.switchTo(model("v2", 12));
        settle();
        slices(40);
        List<TestRecord<String, byte[]>> published = embeddings.readRecordsToList();
        assertThat(published)
                .filteredOn(record -> record.key().equals("item:n"))
                .singleElement()
                .satisfies(record -> assertThat(
                                decode(Topic.EMBEDDINGS, record.value()).getModelVersion())
                        .isEqualTo("v2"));
        assertThat(published).hasSize(14).noneMatch(record -> record.value() == null);
    }

    @Test
    void anErasedItemOfTheModelIsWithdrawnAndPublishedAgainWhenItIsSentAgain() {
        serving.switchTo(model("v1", 12));
        settle();
        slices(40);
        embeddings.readRecordsToList();
        forget(NodeKind.ITEM, "i3", NOW.minusSeconds(1));
        slices(40);
        assertThat(itemEmbeddings()).hasSize(1).containsEntry("i3", null);
        item("i3", true);
        slices(40);
        assertThat(itemEmbeddings()).containsOnlyKeys("i3").doesNotContainValue(null);
    }

    /** A new user, and a new item, that rest on an item that is erased; and features beyond what numbers hold. */
    @Test
    void whatIsErasedOrBeyondNumbersGoesIntoNoVector() {
        Model model = ModelFixture.inductive("v1", 1);
        serving.switchTo(model);
        pictured("n", true, 3, 4);
        neighbors("n", 2, Map.of("north", 1.0));
        pictured("huge", true, 3e38f, -3e38f);
        pictured("gone", false, 1, 1);
        event("w", "north", "click", 40);
        people("w", Map.of("v", 1.0));
        slices(40);
        assertThat(itemEmbeddings()).containsOnlyKeys("east", "north", "n");
        assertThat(start("w").values()).containsExactly(0, 1, 0, 1);

        // Lists of users are from before their erasure, until a model has seen it.
        forget(NodeKind.USER, "w", NOW.minusSeconds(30));
        event("w", "north", "click", 20);
        assertThat(start("w").values()).containsExactly(0, 1, 0, 0);

        forget(NodeKind.ITEM, "north", NOW.minusSeconds(10));
        assertThat(start("w")).isNull();
        slices(40);
        assertThat(Vectors.toArray(itemEmbeddings().get("n").getVector())).containsExactly(3, 4, 0, 0);
        // Sent again it is another, which this model has not seen.
        pictured("north", true, 0, 1);
        event("w", "north", "click", 0);
        slices(40);
        assertThat(start("w")).isNull();
        assertThat(model.vectors().vector(model.vectors().row("n"))).containsExactly(3, 4, 0, 0);
    }

    private void pictured(String id, boolean available, float... image) {
        pipe(
                Topic.ITEMS,
                id,
                Item.newBuilder()
                        .setItem(id)
                        .setAvailable(available)
                        .setFeatures(Map.of("image", Vectors.toList(image)))
                        .build());
    }

    @Test
    void aNewItemIsEmbeddedByAnInductiveModelAndLostWhenItIsErased() {
        pictured("n", true, 3, 4);
        Model first = ModelFixture.inductive("v1", 1);
        serving.switchTo(first);
        slices(40);

        // By its features alone: the block of the ids is empty.
        assertThat(Vectors.toArray(itemEmbeddings().get("n").getVector())).containsExactly(3, 4, 0, 0);
        assertThat(first.facts("n").origin()).isEqualTo(ItemFacts.Origin.INDUCTIVE);
        assertThat(first.facts("n").modalityWeights()).containsEntry("image", 1f);
        event("b", "east", "click", 50);
        Recommendations list = nextList();
        assertThat(list.getItems()).extracting(RecommendedItem::getItem).containsExactly("n", "north");
        Reason reason = list.getItems().get(0).getReasons().get(0);
        assertThat(reason.getModalityWeights()).containsEntry("image", 1f);
        assertThat(reason.getUncertainty()).isNull();

        // People have it with north: half of north's state comes in.
        neighbors("n", 2, Map.of("north", 1.0));
        slices(40);
        assertThat(Vectors.toArray(itemEmbeddings().get("n").getVector())).containsExactly(1.5f, 2.5f, 0, 1);
        pictured("n", false, 3, 4);
        event("b", "east", "click", 40);
        assertThat(nextItems()).containsExactly("north");

        // Another version has its own space, and the one before keeps its own.
        pictured("n", true, 3, 4);
        neighbors("n", 3, Map.of());
        Model second = ModelFixture.inductive("v2", 2);
        serving.switchTo(second);
        slices(40);
        Embedding published = itemEmbeddings().get("n");
        assertThat(published.getModelVersion()).isEqualTo("v2");
        assertThat(Vectors.toArray(published.getVector())).containsExactly(6, 8, 0, 0);
        assertThat(first.vectors().vector(first.vectors().row("n"))[0]).isEqualTo(1.5f);

        forget(NodeKind.ITEM, "n", NOW.plusSeconds(1));
        slices(40);
        assertThat(second.vectors().row("n")).isNegative();
        assertThat(itemEmbeddings()).containsEntry("n", null);
        recommendations.readRecordsToList();
        event("b", "east", "click", 30);
        assertThat(nextItems()).containsExactly("north");
    }

    private void people(String user, Map<String, Double> weights) {
        List<Neighbor> list = new ArrayList<>();
        weights.forEach((id, weight) -> list.add(new Neighbor(id, weight)));
        pipe(
                Topic.NEIGHBORS,
                Keys.neighbors(GraphNames.USER_JACCARD, user),
                new NeighborList(GraphNames.USER_JACCARD, user, list, 1, 1L));
    }

    @Test
    void aUserIsWhatTheNeighborsOfTodaySay() {
        serving.switchTo(ModelFixture.inductive("v1", 1));
        // Training saw u going east; nothing since: what it made of u stays, whoever u is like.
        people("u", Map.of("v", 1.0));
        assertThat(start("u").origin()).isEqualTo(FoldIn.Origin.TRAINED);
        event("u", "east", "click", 50);
        assertThat(start("u")).satisfies(start -> {
            assertThat(start.origin()).isEqualTo(FoldIn.Origin.REFRESHED);
            assertThat(start.values()).containsExactly(.5f, .5f, .5f, .5f);
        });
        assertThat(origin("u")).isEqualTo(FoldIn.Origin.REFRESHED);

        // A new user: the profile by the items' pictures, the rest by the neighbors.
        event("w", "east", "click", 40);
        assertThat(start("w").values()).containsExactly(1, 0, 0, 0);
        people("w", Map.of("v", 1.0));
        assertThat(start("w").values()).containsExactly(.5f, .5f, 0, 1);
        assertThat(origin("w")).isEqualTo(FoldIn.Origin.INDUCTIVE);

        // Whoever was erased has no part in it.
        forget(NodeKind.USER, "v", NOW);
        assertThat(start("w").values()).containsExactly(1, 0, 0, 0);
        assertThat(start("u").origin()).isEqualTo(FoldIn.Origin.TRAINED);
    }

    private FoldIn.Vector start(String user) {
        KeyValueStore<String, byte[]> users = driver.getKeyValueStore(ServingTopology.USERS_STORE);
        Model model = serving.model();
        byte[] stored = users.get(user);
        Taste taste = stored == null ? Taste.NONE : serving.taste(UserProfile.decode(stored));
        return new Induction(serving).start(model, user, serving.mayUseTrained(model, user), taste);
    }

    /** Removals, dislikes, repeats and more items than a profile holds: no list ever has what its user has or dislikes. */
    @Test
    void neverRecommendsWhatAUserHasOrDislikes() {
        Random random = new Random(5);
        serving.switchTo(model("v1", 400));
        Map<String, Set<String>> live = new HashMap<>();
        Map<String, Set<String>> disliked = new HashMap<>();
        for (int step = 0; step < 3000; step++) {
            String user = random.nextInt(4) > 0 ? "heavy" : "u" + random.nextInt(3);
            String item = "i" + random.nextInt(400);
            String action = List.of("remove", "dislike", "dislike", "click", "click", "click", "click", "click")
                    .get(random.nextInt(8));
            event(user, item, action, 5000 - step);
            Set<String> has = live.computeIfAbsent(user, key -> new HashSet<>());
            Set<String> dislikes = disliked.computeIfAbsent(user, key -> new HashSet<>());
            has.remove(item);
            dislikes.remove(item);
            if (action.equals("click")) {
                has.add(item);
            } else if (action.equals("dislike")) {
                dislikes.add(item);
            }
            assertThat(nextItems()).noneMatch(has::contains).noneMatch(dislikes::contains);
        }
        assertThat(live.get("heavy")).hasSizeGreaterThan(UserProfile.MAX_RECENT);
        assertThat(disliked.get("heavy")).hasSizeGreaterThan(UserProfile.MAX_DISLIKED);
    }
}

package dev.freshet.serving.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.NodeKind;
import dev.freshet.serving.experiment.Measure;
import dev.freshet.serving.score.ActionWeights;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.serving.score.Scoring;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One processor through the life of its task, which Streams closes and opens anew over stores as they were committed. */
class UserProcessorTest {

    private static final int USERS = 20;
    private static final Instant NOW = Instant.ofEpochMilli(1_800_000_000_000L);

    @TempDir
    private Path state;

    private final ServingContext serving = context(Scoring.DEFAULT);
    /** How far the clock goes on whenever it is looked at. */
    private Duration tick = Duration.ZERO;

    private long nanos;
    private Instant clock = NOW;
    private final UserProcessor processor =
            new UserProcessor(serving, () -> nanos += tick.toNanos(), () -> clock.toEpochMilli());
    private MockProcessorContext<byte[], byte[]> task;
    private long offset;

    private static ServingContext context(Scoring scoring) {
        return new ServingContext(
                new ServingMetrics(new SimpleMeterRegistry()),
                WireFormat.SINGLE_OBJECT,
                (record, reason) -> {},
                5,
                scoring,
                1000,
                Set.of());
    }

    @BeforeEach
    void open() {
        task = new MockProcessorContext<>(new Properties(), new TaskId(0, 0), state.toFile());
        task.setCurrentSystemTimeMs(NOW.toEpochMilli());
        add(ServingTopology.USERS_STORE, Serdes.String(), Serdes.ByteArray());
        add(ServingTopology.PAIRS_STORE, Serdes.Bytes(), Serdes.ByteArray());
        add(ServingTopology.RECOMMENDATIONS_STORE, Serdes.String(), Serdes.ByteArray());
        add(ServingTopology.COUNTS_STORE, Serdes.String(), Serdes.Long());
        add(ServingTopology.ITEM_EMBEDDINGS_STORE, Serdes.String(), Serdes.ByteArray());
        processor.init(task);
    }

    private <K, V> void add(String name, Serde<K> key, Serde<V> value) {
        KeyValueStore<K, V> store = Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), key, value)
                .withLoggingDisabled()
                .withCachingDisabled()
                .build();
        store.init(task.getStateStoreContext(), store);
        task.addStateStore(store);
    }

    private void event(String user, String item, long secondsAgo) {
        task.setRecordMetadata(Topic.INTERACTIONS.name(), 0, offset++);
        processor.process(new Record<>(
                user.getBytes(StandardCharsets.UTF_8),
                Topic.INTERACTIONS
                        .codec()
                        .encode(Interaction.newBuilder()
                                .setUser(user)
                                .setItem(item)
                                .setAction("click")
                                .setEventTime(NOW.minusSeconds(secondsAgo))
                                .build()),
                NOW.toEpochMilli()));
    }

    private void slice() {
        punctuate(1);
    }

    private void scoreWaiting() {
        punctuate(2);
    }

    /** Runs what the newest processor has scheduled, counted from the last. */
    private void punctuate(int fromTheEnd) {
        task.scheduledPunctuators()
                .get(task.scheduledPunctuators().size() - fromTheEnd)
                .getPunctuator()
                .punctuate(NOW.toEpochMilli());
    }

    private <K, V> Map<K, V> content(String store) {
        Map<K, V> content = new HashMap<>();
        try (KeyValueIterator<K, V> all =
                task.<KeyValueStore<K, V>>getStateStore(store).all()) {
            all.forEachRemaining(entry -> content.put(entry.key, entry.value));
        }
        return content;
    }

    private <K, V> void restore(String name, Map<K, V> content) {
        KeyValueStore<K, V> store = task.getStateStore(name);
        List<KeyValue<K, V>> entries = new ArrayList<>();
        content.forEach((key, value) -> entries.add(KeyValue.pair(key, value)));
        store.putAll(entries);
    }

    @Test
    void anErasureIsDoneAgainOverStoresFromBeforeIt() {
        event("gone", "p", 100);
        event("other", "q", 100);
        event("other", "p", 100);
        Map<String, byte[]> users = content(ServingTopology.USERS_STORE);
        Map<Object, byte[]> pairs = content(ServingTopology.PAIRS_STORE);
        Map<String, Long> counts = content(ServingTopology.COUNTS_STORE);
        serving.catalogue().putErasure(new Erasure(NodeKind.USER, "gone", NOW), 0);
        serving.catalogue().putErasure(new Erasure(NodeKind.ITEM, "q", NOW), 1);
        slice();
        assertThat(content(ServingTopology.PAIRS_STORE)).hasSize(1);

        // The transaction of the erasure was aborted: Streams closes the task and opens it with the same processor.
        processor.close();
        restore(ServingTopology.USERS_STORE, users);
        restore(ServingTopology.PAIRS_STORE, pairs);
        restore(ServingTopology.COUNTS_STORE, counts);
        processor.init(task);
        slice();

        assertThat(content(ServingTopology.USERS_STORE)).containsOnlyKeys("other");
        assertThat(content(ServingTopology.COUNTS_STORE)).isEqualTo(Map.of("p", 1L));
        assertThat(content(ServingTopology.PAIRS_STORE)).hasSize(1);
    }

    @Test
    void whatWaitsWhenTheTaskClosesHasItsListFromTheNext() throws Exception {
        clock = NOW.plusSeconds(1);
        event("a", "p", 100);
        event("b", "q", 90);
        assertThat(versions()).isEmpty();

        processor.close();
        UserProcessor next = new UserProcessor(serving, () -> 0, () -> clock.toEpochMilli());
        next.init(task);
        task.resetForwards();
        scoreWaiting();

        assertThat(causes()).containsExactlyInAnyOrder(NOW.minusSeconds(100), NOW.minusSeconds(90));
        assertThat(content(ServingTopology.USERS_STORE).values()).noneMatch(of -> UserProfile.waits((byte[]) of));
    }

    @Test
    void whoIsForgottenWhileAnInteractionWaitsHasNoListOfIt() throws Exception {
        clock = NOW.plusSeconds(1);
        event("gone", "p", 100);
        serving.catalogue().putErasure(new Erasure(NodeKind.USER, "gone", NOW), 0);
        slice();
        scoreWaiting();

        assertThat(content(ServingTopology.USERS_STORE)).isEmpty();
        assertThat(content(ServingTopology.PAIRS_STORE)).isEmpty();
        assertThat(causes()).isEmpty();
    }

    @Test
    void aListIsOwedStillWhereAnotherItemIsForgotten() throws Exception {
        event("u", "x", 100);
        clock = NOW.plusSeconds(1);
        event("u", "p", 50);
        task.resetForwards();
        serving.catalogue().putErasure(new Erasure(NodeKind.ITEM, "x", NOW), 0);
        slice();
        scoreWaiting();

        assertThat(causes()).containsExactly(NOW.minusSeconds(50));
    }

    /** Causes of the lists that were sent, without withdrawals. */
    private List<Instant> causes() throws BadRecordException {
        List<Instant> causes = new ArrayList<>();
        for (MockProcessorContext.CapturedForward<? extends byte[], ? extends byte[]> sent : task.forwarded()) {
            if (sent.childName().orElseThrow().equals(ServingTopology.RECOMMENDATIONS_SINK)
                    && sent.record().value() != null) {
                causes.add(Topic.RECOMMENDATIONS
                        .codec()
                        .decode(sent.record().value())
                        .getCausedBy());
            }
        }
        return causes;
    }

    @Test
    void measurementsOutliveTheTask() {
        // Lists that are there before the next events.
        clock = NOW.minusSeconds(1);
        event("a", "p", 100);
        event("b", "q", 100);
        event("a", "q", 90);
        event("b", "p", 90);
        assertThat(serving.tally(0).events()).isEqualTo(2);
        double hits = serving.tally(0).estimate(Measure.HIT_RATE).orElseThrow().mean();

        processor.close();
        assertThat(serving.tally(0).events()).isZero();
        processor.init(task);

        assertThat(serving.tally(0).events()).isEqualTo(2);
        assertThat(serving.tally(0).estimate(Measure.HIT_RATE).orElseThrow().mean())
                .isEqualTo(hits)
                .isEqualTo(.5);
    }

    @Test
    void whoComesIntoAnArmWithoutAModelIsScoredWithoutOne() throws Exception {
        Random random = new Random(3);
        serving.switchTo(ModelFixture.model(
                "v1",
                ModelFixture.BEGINNING,
                ModelFixture.vectors("u", USERS, 8, random),
                ModelFixture.vectors("i", 9, 8, random)));
        for (int user = 0; user < USERS; user++) {
            event("u" + user, "i1", 100);
        }
        assertThat(versions().values()).containsOnly("v1");
        processor.close();

        Split split = Split.of("lightgcn=50,spumr=50", Split.SALT);
        ServingContext next =
                context(new Scoring(ActionWeights.DEFAULT, ItemFilter.NONE, 0, split, Scoring.EXACT_ITEMS));
        new UserProcessor(next, () -> 0, NOW::toEpochMilli).init(task);
        slice();

        assertThat(versions()).allSatisfy((user, version) -> assertThat(version).isNull());
        long ofOne = next.users().size(0);
        assertThat(ofOne).isStrictlyBetween(0L, (long) USERS);
        assertThat(next.users().size(1)).isEqualTo(USERS - ofOne);
        // Nobody is looked at again, and all are measured from now on.
        byte[] profile = task.<KeyValueStore<String, byte[]>>getStateStore(ServingTopology.USERS_STORE)
                .get("u1");
        slice();
        assertThat(task.<KeyValueStore<String, byte[]>>getStateStore(ServingTopology.USERS_STORE)
                        .get("u1"))
                .isSameAs(profile);
        assertThat(content(ServingTopology.USERS_STORE).values())
                .allMatch(of -> UserProfile.decode((byte[]) of).scoredIn(split.id()));
    }

    private Map<String, String> versions() throws BadRecordException {
        Map<String, String> versions = new HashMap<>();
        for (Map.Entry<String, byte[]> list : this.<String, byte[]>content(ServingTopology.RECOMMENDATIONS_STORE)
                .entrySet()) {
            versions.put(
                    list.getKey(),
                    Topic.RECOMMENDATIONS.codec().decode(list.getValue()).getModelVersion());
        }
        return versions;
    }

    @Test
    void theSearchForPairsOfAForgottenItemLeavesRoomForInteractions() {
        for (int user = 0; user < 50; user++) {
            event("u" + user, "kept", 100);
            event("u" + user, "gone", 100);
        }
        tick = Duration.ofMillis(5);
        serving.catalogue().putErasure(new Erasure(NodeKind.ITEM, "gone", NOW.minusSeconds(10)), 2);
        slice();
        int afterOne = content(ServingTopology.PAIRS_STORE).size();
        assertThat(afterOne).isGreaterThan(50);
        // What comes meanwhile counts, and so does another request.
        event("a-late-one", "gone", 1);
        serving.catalogue().putErasure(new Erasure(NodeKind.ITEM, "kept", NOW.minusSeconds(10)), 3);

        for (int slice = 0; slice < 300; slice++) {
            slice();
        }

        assertThat(content(ServingTopology.USERS_STORE)).containsOnlyKeys("a-late-one");
        assertThat(content(ServingTopology.COUNTS_STORE)).isEqualTo(Map.of("gone", 1L));
    }
}

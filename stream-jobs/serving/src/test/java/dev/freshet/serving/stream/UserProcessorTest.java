package dev.freshet.serving.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.NodeKind;
import dev.freshet.serving.score.Scoring;
import dev.freshet.topic.Topic;
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

    private static final Instant NOW = Instant.ofEpochMilli(1_800_000_000_000L);

    @TempDir
    private Path state;

    private final ServingContext serving = new ServingContext(
            new ServingMetrics(new SimpleMeterRegistry()), (record, reason) -> {}, 5, Scoring.DEFAULT, 100, Set.of());
    /** How far the clock goes on whenever it is looked at. */
    private Duration tick = Duration.ZERO;

    private long nanos;
    private final UserProcessor processor = new UserProcessor(serving, () -> nanos += tick.toNanos());
    private MockProcessorContext<byte[], byte[]> task;
    private long offset;

    @BeforeEach
    void open() {
        task = new MockProcessorContext<>(new Properties(), new TaskId(0, 0), state.toFile());
        task.setCurrentSystemTimeMs(NOW.toEpochMilli());
        add(ServingTopology.USERS_STORE, Serdes.String(), Serdes.ByteArray());
        add(ServingTopology.PAIRS_STORE, Serdes.Bytes(), Serdes.ByteArray());
        add(ServingTopology.RECOMMENDATIONS_STORE, Serdes.String(), Serdes.ByteArray());
        add(ServingTopology.COUNTS_STORE, Serdes.String(), Serdes.Long());
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
        task.scheduledPunctuators()
                .get(task.scheduledPunctuators().size() - 1)
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

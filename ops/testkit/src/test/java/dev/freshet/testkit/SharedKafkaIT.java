package dev.freshet.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.schema.Interaction;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SharedKafkaIT {

    private final TestKafka kafka = TestKafka.shared();

    @BeforeEach
    void topics() {
        kafka.freshTopics(2);
    }

    @Test
    void readsWhatItSent() {
        Interaction click = click("u1", "i1");
        kafka.send(Topic.INTERACTIONS, "u1", click);

        List<Received<Interaction>> received = kafka.drain(Topic.INTERACTIONS);

        assertThat(received).hasSize(1);
        assertThat(received.get(0).key()).isEqualTo("u1");
        assertThat(received.get(0).value()).isEqualTo(click);
        assertThat(received.get(0).timestamp()).isAfter(Instant.now().minusSeconds(60));
    }

    @Test
    void freshTopicsAreEmptyAndAsTheCatalogueSays() throws Exception {
        kafka.send(Topic.INTERACTIONS, "u1", click("u1", "i1"));
        kafka.freshTopics(3);

        assertThat(kafka.drain(Topic.INTERACTIONS)).isEmpty();
        assertThat(kafka.drainBytes("schemas")).hasSize(Topic.all().size());
        assertThat(kafka.admin()
                        .describeTopics(Topic.all().keySet())
                        .allTopicNames()
                        .get()
                        .get("interactions")
                        .partitions())
                .hasSize(3);
        ConfigResource items = new ConfigResource(ConfigResource.Type.TOPIC, "items");
        assertThat(kafka.admin()
                        .describeConfigs(List.of(items))
                        .all()
                        .get()
                        .get(items)
                        .get("cleanup.policy")
                        .value())
                .isEqualTo("compact");
    }

    @Test
    void readsCommittedTransactionsOnly() {
        try (Producer<byte[], byte[]> transactional = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        kafka.bootstrapServers(),
                        ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                        "testkit"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            transactional.initTransactions();
            transactional.beginTransaction();
            transactional.send(record("aborted"));
            transactional.abortTransaction();
            transactional.beginTransaction();
            transactional.send(record("committed"));
            transactional.commitTransaction();
        }

        // A commit returns before its records are visible.
        kafka.awaitRecord(Topic.INTERACTIONS, record -> true, Duration.ofSeconds(60));
        assertThat(kafka.drain(Topic.INTERACTIONS)).extracting(Received::key).containsExactly("committed");
    }

    @Test
    void waitsForARecordAndSaysSoIfNoneComes() {
        kafka.send(Topic.INTERACTIONS, "u1", click("u1", "i1"));
        kafka.send(Topic.INTERACTIONS, "u2", click("u2", "i1"));

        assertThat(kafka.awaitRecord(Topic.INTERACTIONS, r -> r.key().equals("u2"), Duration.ofSeconds(60))
                        .value()
                        .getUser())
                .isEqualTo("u2");
        assertThatThrownBy(
                        () -> kafka.awaitRecord(Topic.INTERACTIONS, r -> r.key().equals("u3"), Duration.ofMillis(300)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("interactions: 0 of 1");
    }

    @Test
    void doesNotCreateTopicsByItself() {
        assertThatThrownBy(() -> kafka.admin()
                        .describeTopics(List.of("no-such-topic"))
                        .allTopicNames()
                        .get())
                .isInstanceOf(ExecutionException.class);
    }

    private static ProducerRecord<byte[], byte[]> record(String key) {
        return new ProducerRecord<>(
                "interactions",
                key.getBytes(StandardCharsets.UTF_8),
                Topic.INTERACTIONS.codec().encode(click(key, "i1")));
    }

    private static Interaction click(String user, String item) {
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction("click")
                .setEventTime(Instant.ofEpochMilli(1_700_000_000_000L))
                .build();
    }
}

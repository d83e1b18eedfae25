package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Interaction;
import dev.freshet.testkit.TestKafka;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The catalogue and the schemas on a real broker. */
class TopicsIT {

    private static final TestKafka KAFKA = TestKafka.shared();
    private static final int PARTITIONS = 3;

    @BeforeEach
    void topics() {
        KAFKA.freshTopics(PARTITIONS);
    }

    @Test
    void topicsHaveTheirSettings() throws Exception {
        List<String> names = new ArrayList<>(Topic.all().keySet());
        names.add(SchemaTopic.NAME);
        Map<String, TopicDescription> descriptions =
                KAFKA.admin().describeTopics(names).allTopicNames().get();
        Map<String, Config> configs = new HashMap<>();
        KAFKA.admin()
                .describeConfigs(names.stream()
                        .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                        .toList())
                .all()
                .get()
                .forEach((resource, config) -> configs.put(resource.name(), config));
        for (Topic<?> topic : Topic.all().values()) {
            assertThat(descriptions.get(topic.name()).partitions())
                    .as(topic.name())
                    .hasSize(topic.partitions() == Topic.Partitioning.KEYED ? PARTITIONS : 1);
            Config config = configs.get(topic.name());
            assertThat(config.get("compression.type").value()).isEqualTo("lz4");
            assertThat(config.get("message.timestamp.type").value()).isEqualTo("LogAppendTime");
            assertThat(config.get("cleanup.policy").value())
                    .as(topic.name())
                    .isEqualTo(topic.cleanup() == Topic.Cleanup.COMPACT ? "compact" : "delete");
            if (topic.cleanup() == Topic.Cleanup.DELETE) {
                assertThat(config.get("retention.ms").value())
                        .isEqualTo(Long.toString(topic.retention().toMillis()));
                assertThat(config.get("retention.bytes").source())
                        .as(topic.name())
                        .isEqualTo(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
                assertThat(config.get("retention.bytes").value()).isEqualTo("-1");
            }
        }
        assertThat(descriptions.get(SchemaTopic.NAME).partitions()).hasSize(1);
        assertThat(configs.get(SchemaTopic.NAME).get("cleanup.policy").value()).isEqualTo("compact");
        // Ten years: an event that is gone is no longer counted.
        assertThat(Topic.INTERACTIONS.retention().toDays()).isEqualTo(3650);
    }

    /** Leaders that metadata name take records a moment later; a producer that sent before that could wait in vain: KAFKA-15591. */
    @Test
    void aNewTopicTakesManyBatchesAtOnce() throws Exception {
        for (int round = 0; round < 20; round++) {
            KAFKA.deleteTopics();
            KAFKA.admin()
                    .createTopics(List.of(new NewTopic("warm-up", 1, (short) 1)))
                    .all()
                    .get();
            try (Producer<byte[], byte[]> producer = new KafkaProducer<>(
                    Map.of(
                            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                            KAFKA.bootstrapServers(),
                            ProducerConfig.BATCH_SIZE_CONFIG,
                            1),
                    new ByteArraySerializer(),
                    new ByteArraySerializer())) {
                producer.send(new ProducerRecord<>("warm-up", new byte[1])).get();
                TopicCatalogue.create(KAFKA.admin(), PARTITIONS, (short) 1);
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                for (int i = 0; i < 30; i++) {
                    sent.add(producer.send(
                            new ProducerRecord<>(Topic.INTERACTIONS.name(), i % PARTITIONS, new byte[1], new byte[1])));
                }
                for (Future<RecordMetadata> record : sent) {
                    assertThat(record).succeedsWithin(Duration.ofSeconds(20));
                }
            }
        }
    }

    @Test
    void creatingAgainChangesNothing() throws Exception {
        KAFKA.send(Topic.INTERACTIONS, "u", interaction());
        assertThat(TopicCatalogue.create(KAFKA.admin(), PARTITIONS + 2, (short) 1))
                .isEmpty();
        assertThat(KAFKA.drain(Topic.INTERACTIONS)).hasSize(1);
    }

    @Test
    void aRecordOfANewerVersionIsReadOnceItsSchemaIsOnTheTopic() throws Exception {
        Schema newer = newer("added" + System.nanoTime());
        byte[] bytes = encode(newer);
        assertThatThrownBy(() -> Topic.INTERACTIONS.codec().decode(bytes))
                .isInstanceOf(BadRecordException.class)
                .hasMessageContaining("topic schemas");

        for (byte[] garbage : new byte[][] {
            null,
            {},
            {1, 2, 3},
            "{\"type\": \"record\"}".getBytes(StandardCharsets.UTF_8),
            "[".getBytes(StandardCharsets.UTF_8),
            ("{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"f\", \"type\": \"int\","
                            + " \"default\": \"x\"}]}")
                    .getBytes(StandardCharsets.UTF_8),
            "{\"type\": \"fixed\", \"name\": \"F\", \"size\": -1}".getBytes(StandardCharsets.UTF_8)
        }) {
            KAFKA.sendBytes(SchemaTopic.NAME, "0123456789abcdef".getBytes(StandardCharsets.UTF_8), garbage);
        }
        publish(newer);
        try (Consumer<byte[], byte[]> consumer = KAFKA.consumer()) {
            assertThat(SchemaTopic.load(consumer)).isEqualTo(Topic.all().size() + 1);
        }
        assertThat(Topic.INTERACTIONS.codec().decode(bytes)).isEqualTo(interaction());
    }

    @Test
    void aSchemaThatIsPublishedWhileItIsFollowedIsFound() throws Exception {
        SchemaTopic.follow(KAFKA.bootstrapServers());
        Schema newer = newer("later" + System.nanoTime());
        byte[] bytes = encode(newer);
        assertThatThrownBy(() -> Topic.INTERACTIONS.codec().decode(bytes)).isInstanceOf(BadRecordException.class);

        publish(newer);

        assertThat(Topic.INTERACTIONS.codec().decode(bytes)).isEqualTo(interaction());
    }

    /** A later version; with a name of its own for the new field, since what this process has learnt it keeps. */
    private static Schema newer(String added) {
        Schema schema = Interaction.getClassSchema();
        List<Schema.Field> fields = new ArrayList<>();
        schema.getFields().forEach(field -> fields.add(new Schema.Field(field, field.schema())));
        fields.add(new Schema.Field(added, Schema.create(Schema.Type.STRING), "Added.", ""));
        return Schema.createRecord(schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
    }

    private static void publish(Schema schema) {
        KAFKA.sendBytes(
                SchemaTopic.NAME,
                SchemaTopic.fingerprint(schema).getBytes(StandardCharsets.UTF_8),
                schema.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] encode(Schema newer) throws Exception {
        GenericRecord record = new GenericData.Record(newer);
        record.put("user", "u");
        record.put("item", "i");
        record.put("action", "view");
        record.put("weight", 1.0);
        record.put("eventTime", 1_700_000_000_000L);
        record.put(newer.getFields().size() - 1, "x");
        ByteBuffer encoded = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), newer).encode(record);
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    private static Interaction interaction() {
        return new Interaction("u", "i", "view", 1.0, Instant.ofEpochMilli(1_700_000_000_000L), null);
    }
}

package dev.freshet.testkit;

import dev.freshet.codec.BadRecordException;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicCatalogue;
import dev.freshet.topic.TopicScan;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A real Kafka broker for tests, one per JVM, started when first asked for: in a container where a Docker engine answers,
 * else {@code target/freshet/broker} as a process. It ends with the JVM, even a killed one.
 */
public final class TestKafka implements AutoCloseable {

    private static final Duration TOPIC_TIMEOUT = Duration.ofSeconds(30);

    private static TestKafka shared;

    private final String bootstrapServers;
    private final Admin admin;
    private final Producer<byte[], byte[]> producer;

    private TestKafka(String bootstrapServers) {
        this.bootstrapServers = bootstrapServers;
        this.admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers));
        this.producer = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrapServers,
                        ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                        TopicCatalogue.MAX_RECORD_BYTES,
                        ProducerConfig.COMPRESSION_TYPE_CONFIG,
                        "lz4",
                        ProducerConfig.LINGER_MS_CONFIG,
                        "5",
                        // Topics come and go: of two batches under way, only the second may meet the new one
                        // (KAFKA-15591).
                        ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION,
                        1),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    /**
     * The broker of this JVM.
     *
     * @throws IllegalStateException with a remedy if there is neither a Docker engine nor a built broker
     */
    public static synchronized TestKafka shared() {
        if (shared == null) {
            String bootstrapServers = ContainerBroker.start().orElseGet(ProcessBroker::start);
            shared = new TestKafka(bootstrapServers);
        }
        return shared;
    }

    /** Another broker, which the test has started itself; to be closed, unlike the shared one. */
    public static TestKafka connect(String bootstrapServers) {
        return new TestKafka(bootstrapServers);
    }

    /** The broker's address, host:port. */
    public String bootstrapServers() {
        return bootstrapServers;
    }

    /** An admin client, shared: not to be closed. */
    public Admin admin() {
        return admin;
    }

    /** A producer of bytes, shared: not to be closed. */
    public Producer<byte[], byte[]> producer() {
        return producer;
    }

    /** Deletes every topic, and creates those of the catalogue anew, empty, with the schemas published. */
    public void freshTopics(int partitions) {
        try {
            deleteTopics();
            TopicCatalogue.create(admin, partitions, (short) 1);
            SchemaTopic.publish(producer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Deletes every topic. */
    public void deleteTopics() throws InterruptedException {
        Instant deadline = Instant.now().plus(TOPIC_TIMEOUT);
        try {
            Set<String> names = admin.listTopics().names().get();
            admin.deleteTopics(names).all().get();
            // The broker hears of it from the controller a moment later.
            while (!Collections.disjoint(names, admin.listTopics().names().get())) {
                if (Instant.now().isAfter(deadline)) {
                    throw new IllegalStateException(
                            "the broker has not deleted the topics within " + TOPIC_TIMEOUT.toSeconds() + " s");
                }
                Thread.sleep(20);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Sends a record and waits for the broker's acknowledgement; a null value is a tombstone. */
    public <T extends SpecificRecordBase> RecordMetadata send(Topic<T> topic, String key, T value) {
        return sendBytes(
                topic.name(),
                key.getBytes(StandardCharsets.UTF_8),
                value == null ? null : topic.codec().encode(value));
    }

    /** Sends records by key in the order of the map's iteration and waits for all of them. */
    public <T extends SpecificRecordBase> void sendAll(Topic<T> topic, Iterable<Map.Entry<String, T>> records) {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (Map.Entry<String, T> record : records) {
            sent.add(producer.send(new ProducerRecord<>(
                    topic.name(),
                    record.getKey().getBytes(StandardCharsets.UTF_8),
                    record.getValue() == null ? null : topic.codec().encode(record.getValue()))));
        }
        producer.flush();
        sent.forEach(TestKafka::await);
    }

    /** Sends raw bytes, as broken producers do. */
    public RecordMetadata sendBytes(String topic, byte[] key, byte[] value) {
        return await(producer.send(new ProducerRecord<>(topic, key, value)));
    }

    private static RecordMetadata await(Future<RecordMetadata> sent) {
        try {
            return sent.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** A {@code read_committed} consumer of bytes without a group; the caller assigns and closes it. */
    public Consumer<byte[], byte[]> consumer() {
        return Consumers.committed(bootstrapServers);
    }

    /**
     * Every committed record that the topic has now, in order within each partition. A transaction's records appear a moment
     * after its commit has returned: wait for one of them first.
     */
    public <T extends SpecificRecordBase> List<Received<T>> drain(Topic<T> topic) {
        List<Received<T>> received = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : drainBytes(topic.name())) {
            received.add(decode(topic, record));
        }
        return received;
    }

    /** The last committed value of every key that the topic has now; a tombstone removes its key. */
    public <T extends SpecificRecordBase> Map<String, T> table(Topic<T> topic) {
        Map<String, T> table = new HashMap<>();
        for (Received<T> record : drain(topic)) {
            if (record.value() == null) {
                table.remove(record.key());
            } else {
                table.put(record.key(), record.value());
            }
        }
        return table;
    }

    /** Every committed record that the topic has now, undecoded. */
    public List<ConsumerRecord<byte[], byte[]>> drainBytes(String topic) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (Consumer<byte[], byte[]> consumer = consumer()) {
            TopicScan.assign(consumer, topic);
            TopicScan.toEnd(consumer, records::add);
        }
        return records;
    }

    /**
     * The first committed record, from the topic's beginning on, that the condition holds for.
     *
     * @throws AssertionError if none comes within the time
     */
    public <T extends SpecificRecordBase> Received<T> awaitRecord(
            Topic<T> topic, Predicate<Received<T>> condition, Duration time) {
        return awaitRecords(topic, condition, 1, time).get(0);
    }

    /**
     * The first {@code count} committed records, from the topic's beginning on, that the condition holds for.
     *
     * @throws AssertionError if they do not come within the time
     */
    public <T extends SpecificRecordBase> List<Received<T>> awaitRecords(
            Topic<T> topic, Predicate<Received<T>> condition, int count, Duration time) {
        Instant deadline = Instant.now().plus(time);
        List<Received<T>> found = new ArrayList<>();
        long seen = 0;
        try (Consumer<byte[], byte[]> consumer = consumer()) {
            TopicScan.assign(consumer, topic.name());
            while (found.size() < count) {
                if (Instant.now().isAfter(deadline)) {
                    throw new AssertionError("topic " + topic.name() + ": " + found.size() + " of " + count
                            + " records within " + time.toMillis() + " ms; " + seen + " others came");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    Received<T> received = decode(topic, record);
                    if (found.size() < count && condition.test(received)) {
                        found.add(received);
                    } else {
                        seen++;
                    }
                }
            }
        }
        return Collections.unmodifiableList(found);
    }

    private static <T extends SpecificRecordBase> Received<T> decode(
            Topic<T> topic, ConsumerRecord<byte[], byte[]> record) {
        try {
            return new Received<>(
                    record.key() == null ? null : new String(record.key(), StandardCharsets.UTF_8),
                    record.value() == null ? null : topic.codec().decode(record.value()),
                    record.partition(),
                    record.offset(),
                    Instant.ofEpochMilli(record.timestamp()));
        } catch (BadRecordException e) {
            throw new AssertionError(
                    "topic " + topic.name() + " partition " + record.partition() + " offset " + record.offset() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** Closes the clients. */
    @Override
    public void close() {
        producer.close(Duration.ofSeconds(1));
        admin.close(Duration.ofSeconds(1));
    }
}

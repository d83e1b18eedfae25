package dev.freshet.serving.release;

import dev.freshet.topic.TopicCatalogue;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Plain clients beside the stream: without a group, of bytes. */
public final class Clients {

    private final String bootstrap;

    /** @param bootstrap bootstrap servers, host:port */
    public Clients(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** A consumer of committed records that is assigned by hand and never skips to another offset by itself. */
    public Consumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(
                settings("read_committed"), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** The same for those who wait for an answer: after five seconds it gives up. */
    Consumer<byte[], byte[]> promptConsumer() {
        Map<String, Object> settings = settings("read_committed");
        settings.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5000);
        settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 5000);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** A consumer that sees where partitions really end, open transactions included. */
    Consumer<byte[], byte[]> boundsConsumer() {
        return new KafkaConsumer<>(
                settings("read_uncommitted"), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private Map<String, Object> settings(String isolation) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 8 << 20);
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2000);
        return settings;
    }

    /** A producer for those who wait for an answer: each record goes at once, and after ten seconds it gives up. */
    Producer<byte[], byte[]> promptProducer() {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 5000);
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000);
        settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, TopicCatalogue.MAX_RECORD_BYTES);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    Producer<byte[], byte[]> producer() {
        return new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ProducerConfig.COMPRESSION_TYPE_CONFIG,
                        "lz4",
                        ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                        TopicCatalogue.MAX_DEAD_LETTER_BYTES),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }
}

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
        return consumer("read_committed");
    }

    /** A consumer that sees where partitions really end, open transactions included. */
    Consumer<byte[], byte[]> boundsConsumer() {
        return consumer("read_uncommitted");
    }

    private Consumer<byte[], byte[]> consumer(String isolation) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 8 << 20);
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2000);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
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

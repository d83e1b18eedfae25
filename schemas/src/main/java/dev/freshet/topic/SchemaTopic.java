package dev.freshet.topic;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.specific.SpecificData;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;

/**
 * The topic {@code schemas}: every schema that a value was written with, JSON by fingerprint (16 lower-case hex digits), so
 * that a reader of an older version resolves what a newer one writes. It takes the place of a schema registry.
 */
public final class SchemaTopic {

    /** Name of the topic. */
    public static final String NAME = "schemas";

    /** Besides those of its own build, which every codec knows. */
    static final KnownSchemas KNOWN = new KnownSchemas(System::nanoTime);

    private SchemaTopic() {}

    /**
     * Sends the schemas of every topic of this build, and waits until the broker has them.
     *
     * @throws KafkaException if the broker does not take one within the producer's delivery timeout
     */
    public static void publish(Producer<byte[], byte[]> producer) throws InterruptedException {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (Topic<?> topic : Topic.all().values()) {
            Schema schema = SpecificData.get().getSchema(topic.value());
            sent.add(producer.send(new ProducerRecord<>(
                    NAME,
                    fingerprint(schema).getBytes(StandardCharsets.UTF_8),
                    schema.toString().getBytes(StandardCharsets.UTF_8))));
        }
        producer.flush();
        for (Future<RecordMetadata> record : sent) {
            try {
                record.get();
            } catch (ExecutionException e) {
                throw new KafkaException(
                        "cannot publish the schemas: " + e.getCause().getMessage(), e.getCause());
            }
        }
    }

    /**
     * Reads the topic to its end and makes its schemas known to every codec of this process.
     *
     * @param consumer loses its assignment
     * @return the number of schemas on the topic
     */
    public static int load(Consumer<byte[], byte[]> consumer) {
        return KNOWN.load(consumer);
    }

    /**
     * Like {@link #load}, and keeps a consumer: a schema that is published later is found when its first value is decoded, or a
     * second later where many values came before it. For processes that read for long; a later call takes the place of an earlier one.
     *
     * @param bootstrap Kafka's address
     * @throws KafkaException if the topic cannot be read, here or when a value is decoded
     */
    public static void follow(String bootstrap) {
        KNOWN.follow(bootstrap, () -> Consumers.committed(bootstrap));
    }

    /** The fingerprint of {@code schema} as the topic's key has it. */
    static String fingerprint(Schema schema) {
        return String.format(Locale.ROOT, "%016x", SchemaNormalization.parsingFingerprint64(schema));
    }

    /** Settings of the topic: compacted, one partition. */
    static Properties settings() {
        Properties settings = new Properties();
        settings.setProperty("cleanup.policy", "compact");
        settings.setProperty("compression.type", "lz4");
        return settings;
    }
}

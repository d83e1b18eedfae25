package dev.freshet.examples;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParser;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.SchemaStore;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Prints recommendations as they come, with nothing of Freshet's: Kafka's client, Avro, and the schemas from the topic
 * {@code schemas}. Arguments: Kafka's address, a name for the consumer group, and after how many lists to end.
 */
public final class ReadRecommendations {

    private static final String LIST = "dev.freshet.schema.Recommendations";

    private final SchemaStore.Cache writers = new SchemaStore.Cache();
    private Schema newest;

    private ReadRecommendations() {}

    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            System.err.println("usage: ReadRecommendations HOST:PORT GROUP COUNT");
            System.exit(2);
        }
        ReadRecommendations reader = new ReadRecommendations();
        reader.learnSchemas(args[0]);
        reader.print(args[0], args[1], Integer.parseInt(args[2]));
    }

    private static Consumer<byte[], byte[]> consumer(String bootstrap, String group) {
        return new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ConsumerConfig.GROUP_ID_CONFIG,
                        group,
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "earliest",
                        // Lists are written in transactions.
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                        "read_committed"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /** Reads the topic schemas to its end: each value is a schema as JSON, of one version of one kind of record. */
    private void learnSchemas(String bootstrap) {
        TopicPartition all = new TopicPartition("schemas", 0);
        try (Consumer<byte[], byte[]> consumer = consumer(bootstrap, "none")) {
            consumer.assign(List.of(all));
            consumer.seekToBeginning(List.of(all));
            long end = consumer.endOffsets(List.of(all)).get(all);
            while (consumer.position(all) < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    Schema schema = new SchemaParser()
                            .parse(new String(record.value(), StandardCharsets.UTF_8))
                            .mainSchema();
                    writers.addSchema(schema);
                    if (schema.getFullName().equals(LIST)) {
                        newest = schema;
                    }
                }
            }
        }
    }

    private void print(String bootstrap, String group, int count) throws IOException {
        // Finds the writer's schema by the fingerprint in the first ten bytes, and resolves it to the newest.
        BinaryMessageDecoder<GenericRecord> decoder = new BinaryMessageDecoder<>(GenericData.get(), newest, writers);
        int printed = 0;
        try (Consumer<byte[], byte[]> consumer = consumer(bootstrap, group)) {
            consumer.subscribe(List.of("recommendations"));
            while (printed < count) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    String user = new String(record.key(), StandardCharsets.UTF_8);
                    if (record.value() == null) {
                        System.out.println(user + ": forgotten");
                    } else {
                        System.out.println(user + ": " + items(decoder.decode(record.value())));
                    }
                    if (++printed == count) {
                        return;
                    }
                }
            }
        }
    }

    private static String items(GenericRecord list) {
        return ((List<?>) list.get("items"))
                .stream()
                        .map(item -> ((GenericRecord) item).get("item").toString())
                        .collect(Collectors.joining(", "));
    }
}

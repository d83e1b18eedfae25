package dev.freshet.topic;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParser;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** Reads the topic {@code schemas} on from where it was. Not thread-safe. */
final class SchemaReader implements AutoCloseable {

    private final Consumer<byte[], byte[]> consumer;

    /** @param consumer not assigned to anything that is still needed */
    SchemaReader(Consumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
        TopicScan.assign(consumer, SchemaTopic.NAME);
    }

    /**
     * Passes on what lies before the end of the topic as it is now. A value that is no Avro schema is passed over: nothing can have
     * been written with it.
     *
     * @return number of schemas passed on
     */
    int readToEnd(java.util.function.Consumer<Schema> sink) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
        // The topic was made anew.
        List<TopicPartition> renewed = ends.keySet().stream()
                .filter(partition -> consumer.position(partition) > ends.get(partition))
                .toList();
        if (!renewed.isEmpty()) {
            consumer.seekToBeginning(renewed);
        }
        AtomicInteger schemas = new AtomicInteger();
        TopicScan.toEnd(consumer, record -> parse(record.value()).ifPresent(schema -> {
            sink.accept(schema);
            schemas.incrementAndGet();
        }));
        return schemas.get();
    }

    private static Optional<Schema> parse(byte[] json) {
        if (json == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SchemaParser()
                    .parse(new String(json, StandardCharsets.UTF_8))
                    .mainSchema());
        } catch (AvroRuntimeException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        consumer.close();
    }
}

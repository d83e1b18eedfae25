package dev.freshet.cli.verify;

import dev.freshet.codec.AvroSerializer;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.schema.Control;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/** Follows the manifests on {@code graph-snapshots}. */
final class SnapshotWatch implements AutoCloseable {

    private final TopicReader reader;
    private SnapshotManifest newest;

    SnapshotWatch(String bootstrap) {
        reader = new TopicReader(bootstrap);
        reader.follow(Topic.GRAPH_SNAPSHOTS.name());
    }

    /** Reads what has come, after a short wait; the newest manifest, or null. */
    SnapshotManifest poll() throws IOException {
        for (ConsumerRecord<byte[], byte[]> record : reader.next()) {
            if (record.value() != null) {
                try {
                    newest = Topic.GRAPH_SNAPSHOTS.codec().decode(record.value());
                } catch (BadRecordException e) {
                    throw new IOException("graph-snapshots, offset " + record.offset() + ": " + e.getMessage(), e);
                }
            }
        }
        return newest;
    }

    /** Records of the partitions that a snapshot covers. */
    static long covered(SnapshotManifest manifest, Map<TopicPartition, Long> ends) {
        if (manifest == null) {
            return 0;
        }
        Map<TopicPartition, Long> offsets = new HashMap<>();
        for (TopicOffset offset : manifest.getOffsets()) {
            offsets.put(new TopicPartition(offset.getTopic(), offset.getPartition()), offset.getOffset());
        }
        return ends.entrySet().stream()
                .mapToLong(end -> Math.max(0, Math.min(end.getValue(), offsets.getOrDefault(end.getKey(), 0L))))
                .sum();
    }

    /** Asks for a snapshot. */
    static void request(String bootstrap) {
        Control command = new Control(Command.SNAPSHOT, Map.of(), Instant.now());
        try (Producer<String, Control> producer = new KafkaProducer<>(
                Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap),
                new StringSerializer(),
                new AvroSerializer<>(Topic.CONTROL.codec()))) {
            producer.send(new ProducerRecord<>(Topic.CONTROL.name(), Command.SNAPSHOT.name(), command));
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}

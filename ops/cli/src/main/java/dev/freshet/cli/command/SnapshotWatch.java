package dev.freshet.cli.command;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Follows the manifests on {@code graph-snapshots}, from the topic's beginning. */
public final class SnapshotWatch implements AutoCloseable {

    private final Consumer<byte[], byte[]> consumer;
    private int seen;
    private SnapshotManifest newest;

    public SnapshotWatch(String bootstrap) {
        consumer = Consumers.committed(bootstrap);
        SchemaTopic.load(consumer);
        TopicScan.assign(consumer, Topic.GRAPH_SNAPSHOTS.name());
    }

    /**
     * Takes in what has come by now, or else what comes first within the time.
     *
     * @return the newest manifest so far, or null
     */
    public SnapshotManifest poll(Duration time) throws BadRecordException {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(time)) {
            if (record.value() != null) {
                try {
                    newest = Topic.GRAPH_SNAPSHOTS.codec().decode(record.value());
                } catch (BadRecordException e) {
                    throw new BadRecordException(
                            "graph-snapshots, offset " + record.offset() + ": " + e.getMessage(), e);
                }
                seen++;
            }
        }
        return newest;
    }

    /** Manifests so far. */
    public int seen() {
        return seen;
    }

    /** How many of the records before the ends a snapshot covers; 0 for null. */
    public static long covered(SnapshotManifest manifest, Map<TopicPartition, Long> ends) {
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

    @Override
    public void close() {
        consumer.close();
    }
}

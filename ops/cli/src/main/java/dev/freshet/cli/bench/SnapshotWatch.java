package dev.freshet.cli.bench;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Waits for the committed snapshot that holds everything the input topics had when the watch began. */
final class SnapshotWatch implements AutoCloseable {

    private final Consumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private long interactions;
    private int snapshots;
    private SnapshotManifest newest;

    SnapshotWatch(String bootstrap) {
        consumer = Consumers.committed(bootstrap);
        SchemaTopic.load(consumer);
        List<TopicPartition> inputs = new ArrayList<>(Consumers.partitions(consumer, Topic.INTERACTIONS.name()));
        inputs.addAll(Consumers.partitions(consumer, Topic.ITEMS.name()));
        consumer.endOffsets(inputs).forEach((partition, end) -> {
            if (end > 0) {
                ends.put(partition, end);
            }
        });
        List<TopicPartition> manifests = Consumers.partitions(consumer, Topic.GRAPH_SNAPSHOTS.name());
        consumer.assign(manifests);
        consumer.seekToBeginning(manifests);
    }

    /** The first snapshot that holds all, if it is committed by now or within the time. */
    Optional<SnapshotManifest> poll(Duration time) throws BadRecordException {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(time)) {
            if (record.value() == null) {
                continue;
            }
            SnapshotManifest manifest = Topic.GRAPH_SNAPSHOTS.codec().decode(record.value());
            snapshots++;
            newest = manifest;
            if (holdsAll(manifest)) {
                return Optional.of(manifest);
            }
        }
        return Optional.empty();
    }

    private boolean holdsAll(SnapshotManifest manifest) {
        Map<TopicPartition, Long> reached = new HashMap<>();
        for (TopicOffset offset : manifest.getOffsets()) {
            reached.put(new TopicPartition(offset.getTopic(), offset.getPartition()), offset.getOffset());
        }
        interactions = reached.entrySet().stream()
                .filter(entry -> entry.getKey().topic().equals(Topic.INTERACTIONS.name()))
                .mapToLong(Map.Entry::getValue)
                .sum();
        return ends.entrySet().stream().allMatch(end -> reached.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }

    /** Interactions in the last snapshot seen. */
    long interactions() {
        return interactions;
    }

    /** The last snapshot seen, or null. */
    SnapshotManifest newest() {
        return newest;
    }

    /** Snapshots seen. */
    int snapshots() {
        return snapshots;
    }

    @Override
    public void close() {
        consumer.close();
    }
}

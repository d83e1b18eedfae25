package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The manifests on the topic graph-snapshots: what a job that has lost its state has published before. */
final class PublishedManifests implements ManifestAssembler.Earlier {

    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(PublishedManifests.class);

    private final String bootstrap;

    PublishedManifests(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public List<SnapshotManifest> read() {
        SchemaTopic.follow(bootstrap);
        Map<String, SnapshotManifest> manifests = new TreeMap<>();
        TopicPartition partition = new TopicPartition(Topic.GRAPH_SNAPSHOTS.name(), 0);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                        "read_committed"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    String id = new String(record.key(), StandardCharsets.UTF_8);
                    if (record.value() == null) {
                        manifests.remove(id);
                    } else {
                        try {
                            manifests.put(id, Topic.GRAPH_SNAPSHOTS.codec().decode(record.value()));
                        } catch (BadRecordException e) {
                            LOG.warn("{} of {} passed over: {}", id, partition.topic(), e.getMessage());
                        }
                    }
                }
            }
        }
        return List.copyOf(manifests.values());
    }
}

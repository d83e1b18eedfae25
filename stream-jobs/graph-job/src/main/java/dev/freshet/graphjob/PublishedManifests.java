package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.Consumer;
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
        Map<String, SnapshotManifest> manifests = new TreeMap<>();
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            TopicScan.assign(consumer, Topic.GRAPH_SNAPSHOTS.name());
            TopicScan.toEnd(consumer, record -> {
                String id = new String(record.key(), StandardCharsets.UTF_8);
                if (record.value() == null) {
                    manifests.remove(id);
                    return;
                }
                try {
                    manifests.put(id, Topic.GRAPH_SNAPSHOTS.codec().decode(record.value()));
                } catch (BadRecordException e) {
                    LOG.warn("{} of {} passed over: {}", id, record.topic(), e.getMessage());
                }
            });
        }
        return List.copyOf(manifests.values());
    }
}

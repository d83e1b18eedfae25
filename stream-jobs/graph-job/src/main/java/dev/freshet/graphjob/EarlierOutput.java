package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The manifests and lists on the topics: what a job that has lost its state has published before. */
final class EarlierOutput implements ManifestAssembler.Earlier {

    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(EarlierOutput.class);

    private final String bootstrap;

    EarlierOutput(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public List<SnapshotManifest> manifests() {
        Map<String, SnapshotManifest> manifests = new TreeMap<>();
        scan(Topic.GRAPH_SNAPSHOTS, record -> {
            String id = key(record);
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
        return List.copyOf(manifests.values());
    }

    @Override
    public Set<String> lists() {
        Set<String> keys = new HashSet<>();
        scan(Topic.NEIGHBORS, record -> {
            if (record.value() == null) {
                keys.remove(key(record));
            } else {
                keys.add(key(record));
            }
        });
        return keys;
    }

    private void scan(Topic<?> topic, java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> sink) {
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            TopicScan.assign(consumer, topic.name());
            TopicScan.toEnd(consumer, sink);
        }
    }

    private static String key(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.key(), StandardCharsets.UTF_8);
    }
}

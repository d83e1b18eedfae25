package dev.freshet.cli.command;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.ReleaseEmbeddings;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.util.Collection;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The topic {@code models} as it is now. */
final class ReleaseLog {

    private final Consumer<byte[], byte[]> consumer;
    private final TreeMap<String, ModelRelease> releases = new TreeMap<>();
    private String inForce;

    private ReleaseLog(Consumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
    }

    /**
     * Reads it to its end.
     *
     * @param consumer loses its assignment; still asked later
     */
    static ReleaseLog read(Consumer<byte[], byte[]> consumer) {
        ReleaseLog log = new ReleaseLog(consumer);
        TopicScan.assign(consumer, Topic.MODELS.name());
        TopicScan.toEnd(consumer, log::take);
        return log;
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null) {
            return;
        }
        try {
            ModelRelease release = Topic.MODELS.codec().decode(record.value());
            if (release.getAction() == ReleaseAction.RELEASE) {
                releases.put(release.getVersion(), release);
                inForce = release.getVersion();
            } else if (releases.containsKey(release.getVersion())) {
                inForce = release.getVersion();
            }
        } catch (BadRecordException e) {
            // Serving reports it; nothing can return to it.
        }
    }

    /** The version that was announced last, or null. */
    String inForce() {
        return inForce;
    }

    Optional<ModelRelease> of(String version) {
        return Optional.ofNullable(releases.get(version));
    }

    /** All releases, newest first. */
    Collection<ModelRelease> newestFirst() {
        return releases.descendingMap().values();
    }

    /** Why the topic no longer has a release's embeddings; empty if it has. */
    Optional<String> missing(ModelRelease release) {
        return ReleaseEmbeddings.missing(consumer, release);
    }
}

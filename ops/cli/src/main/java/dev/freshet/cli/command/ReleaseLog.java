package dev.freshet.cli.command;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.ReleaseEmbeddings;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The topic {@code models} as it is now. */
final class ReleaseLog {

    private final Consumer<byte[], byte[]> consumer;
    private final TreeMap<String, ModelRelease> releases = new TreeMap<>();
    private final Split split;
    /** The version in force by the name of the arm. */
    private final Map<String, String> inForce = new HashMap<>();

    private ReleaseLog(Consumer<byte[], byte[]> consumer, Split split) {
        this.consumer = consumer;
        this.split = split;
    }

    /**
     * Reads it to its end.
     *
     * @param consumer loses its assignment; still asked later
     * @param split which models serve whom
     */
    static ReleaseLog read(Consumer<byte[], byte[]> consumer, Split split) {
        ReleaseLog log = new ReleaseLog(consumer, split);
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
            }
            if (split.serves(release.getModel()) && releases.containsKey(release.getVersion())) {
                inForce.put(split.armOf(release.getModel()), release.getVersion());
            }
        } catch (BadRecordException e) {
            // Serving reports it; nothing can return to it.
        }
    }

    /** Whether a version is the one that was announced last for its arm. */
    boolean isInForce(String version) {
        return inForce.containsValue(version);
    }

    Optional<ModelRelease> of(String version) {
        return Optional.ofNullable(releases.get(version));
    }

    /** Why a version cannot be put in force, as far as the topics say; empty if it can. */
    Optional<String> obstacle(String version) {
        ModelRelease release = releases.get(version);
        if (release == null) {
            return Optional.of("no release " + version + " is known");
        }
        if (!split.serves(release.getModel())) {
            return Optional.of(
                    "release " + version + " is of " + release.getModel() + ", which has no arm in " + split);
        }
        return ReleaseEmbeddings.missing(consumer, release)
                .map(missing -> "release " + version + " is not whole: " + missing);
    }

    /** Versions that can be put in force and are not, newest first. */
    Stream<String> others() {
        return releases.descendingKeySet().stream()
                .filter(version -> !isInForce(version))
                .filter(version -> obstacle(version).isEmpty());
    }
}

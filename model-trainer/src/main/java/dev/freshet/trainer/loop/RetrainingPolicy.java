package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** Which snapshots are worth a training: those with enough new events, long enough after the training before. */
final class RetrainingPolicy {

    /** Entry of a release's configuration: events that the snapshot had seen. */
    static final String EVENTS = "events";

    private final long minNewInteractions;
    private final Duration minInterval;
    private final Map<String, Training> last = new HashMap<>();

    private record Training(String snapshotId, long events, Instant finished) {}

    /**
     * @param minNewInteractions events since the last training from which a snapshot is worth another
     * @param minInterval shortest time from the end of a training to the next
     */
    RetrainingPolicy(long minNewInteractions, Duration minInterval) {
        this.minNewInteractions = minNewInteractions;
        this.minInterval = minInterval;
    }

    /**
     * Whether to train a model on a snapshot now.
     *
     * @param inForce its release in force, which stands for the last training after a restart, or null
     */
    boolean isDue(String model, SnapshotManifest manifest, ModelRelease inForce) {
        Training before = last.get(model);
        if (before == null) {
            if (inForce == null) {
                return true;
            }
            before = new Training(
                    inForce.getSnapshotId(),
                    Long.parseLong(inForce.getConfiguration().getOrDefault(EVENTS, "0")),
                    inForce.getReleasedAt());
            last.put(model, before);
        }
        return manifest.getSnapshotId().compareTo(before.snapshotId) > 0
                && events(manifest) - before.events >= minNewInteractions
                && !Instant.now().isBefore(before.finished.plus(minInterval));
    }

    /** Notes a training, whatever came of it. */
    void trained(String model, SnapshotManifest manifest, Instant finished) {
        last.put(model, new Training(manifest.getSnapshotId(), events(manifest), finished));
    }

    /** Events on the topic of interactions that a snapshot has seen. */
    static long events(SnapshotManifest manifest) {
        return manifest.getOffsets().stream()
                .filter(offset -> offset.getTopic().equals(Topic.INTERACTIONS.name()))
                .mapToLong(TopicOffset::getOffset)
                .sum();
    }
}

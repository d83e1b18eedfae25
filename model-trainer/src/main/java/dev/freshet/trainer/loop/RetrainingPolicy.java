package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which snapshots are worth a training: those with enough new events, or with anything new where the model has grown old, long enough after
 * the training before. A command needs no such snapshot, and its training counts like any other.
 */
final class RetrainingPolicy {

    private final long minNewInteractions;
    private final Duration minInterval;
    private final Duration maxAge;
    private final InstantSource clock;
    private final Map<String, Training> last = new HashMap<>();

    private record Training(String snapshotId, Set<TopicOffset> offsets, Instant finished) {}

    /**
     * @param minNewInteractions events since the last training from which a snapshot is worth another
     * @param minInterval shortest time from the end of a training to the next
     * @param maxAge time from the end of a training after which any new record is worth another: an item's features, too
     * @param clock tells the time
     */
    RetrainingPolicy(long minNewInteractions, Duration minInterval, Duration maxAge, InstantSource clock) {
        this.minNewInteractions = minNewInteractions;
        this.minInterval = minInterval;
        this.maxAge = maxAge;
        this.clock = clock;
    }

    /**
     * Whether to train a model on a snapshot now.
     *
     * @param releases the releases so far: the model's newest stands for the last training after a restart, and where the release in
     *     force was returned to, nothing is due until somebody asks for a training
     */
    boolean isDue(String model, SnapshotManifest manifest, Releases releases) {
        if (releases.held(model)) {
            return false;
        }
        ModelRelease release = releases.of(model);
        Training before = last.get(model);
        if (before == null) {
            if (release == null) {
                return true;
            }
            before = new Training(release.getSnapshotId(), Set.copyOf(release.getOffsets()), release.getReleasedAt());
            last.put(model, before);
        }
        Instant now = clock.instant();
        if (manifest.getSnapshotId().compareTo(before.snapshotId) <= 0
                || now.isBefore(before.finished.plus(minInterval))) {
            return false;
        }
        // Without a release, there is nothing that grows old: what was refused waits for new events.
        boolean old = release != null && !now.isBefore(before.finished.plus(maxAge));
        Set<TopicOffset> offsets = Set.copyOf(manifest.getOffsets());
        return events(offsets) - events(before.offsets) >= minNewInteractions
                || (old && !offsets.equals(before.offsets));
    }

    /** Notes a training, whatever came of it. */
    void trained(String model, SnapshotManifest manifest, Instant finished) {
        last.put(model, new Training(manifest.getSnapshotId(), Set.copyOf(manifest.getOffsets()), finished));
    }

    /** Events on the topic of interactions before these positions. */
    private static long events(Set<TopicOffset> offsets) {
        return offsets.stream()
                .filter(offset -> offset.getTopic().equals(Topic.INTERACTIONS.name()))
                .mapToLong(TopicOffset::getOffset)
                .sum();
    }
}

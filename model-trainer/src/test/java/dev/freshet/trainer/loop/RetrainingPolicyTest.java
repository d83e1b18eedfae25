package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.ReleaseAction;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.testkit.ReleaseFixture;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RetrainingPolicyTest {

    private static final String MODEL = "spumr";
    private static final int ENOUGH = 10;
    private static final Duration PAUSE = Duration.ofMinutes(1);
    private static final Duration OLD = Duration.ofHours(24);

    private final Releases releases = new Releases(Split.NONE);
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final RetrainingPolicy policy = policy();

    private RetrainingPolicy policy() {
        return new RetrainingPolicy(ENOUGH, PAUSE, OLD, () -> now);
    }

    private void pass(Duration time) {
        now = now.plus(time);
    }

    /** A snapshot that has seen so many interactions and records of items. */
    private static SnapshotManifest snapshot(int number, long interactions, long items) {
        return SnapshotManifest.newBuilder()
                .setSnapshotId(id(number))
                .setCheckpointId(number)
                .setCreatedAt(Instant.EPOCH)
                .setOffsets(offsets(interactions, items))
                .setLocation("file:///none")
                .setFiles(List.of())
                .setCounts(Map.of())
                .setSettings(Map.of())
                .setJobVersion("test")
                .build();
    }

    private static String id(int number) {
        return String.format(Locale.ROOT, "snapshot-%012d", number);
    }

    /** Of two partitions each. */
    private static List<TopicOffset> offsets(long interactions, long items) {
        return List.of(
                new TopicOffset(Topic.INTERACTIONS.name(), 0, interactions / 2),
                new TopicOffset(Topic.INTERACTIONS.name(), 1, interactions - interactions / 2),
                new TopicOffset(Topic.ITEMS.name(), 0, items));
    }

    private void announce(ReleaseAction action, int snapshot, long interactions, long items) {
        releases.announced(ReleaseFixture.release(MODEL, snapshot + "-" + MODEL)
                .setAction(action)
                .setReleasedAt(now)
                .setSnapshotId(id(snapshot))
                .setOffsets(offsets(interactions, items))
                .build());
    }

    /** Trains and releases. */
    private void train(int snapshot, long interactions, long items) {
        announce(ReleaseAction.RELEASE, snapshot, interactions, items);
        policy.trained(MODEL, snapshot(snapshot, interactions, items), now);
    }

    private boolean isDue(int snapshot, long interactions, long items) {
        return policy.isDue(MODEL, snapshot(snapshot, interactions, items), releases);
    }

    @Test
    void theFirstSnapshotIsDue() {
        assertThat(isDue(1, 1, 0)).isTrue();
    }

    @Test
    void enoughNewInteractionsAreDueAfterThePause() {
        train(1, 100, 5);
        assertThat(isDue(2, 100 + ENOUGH, 5)).isFalse();
        pass(PAUSE.minusMillis(1));
        assertThat(isDue(2, 100 + ENOUGH, 5)).isFalse();
        pass(Duration.ofMillis(1));
        assertThat(isDue(2, 100 + ENOUGH - 1, 500)).isFalse();
        assertThat(isDue(2, 100 + ENOUGH, 5)).isTrue();
        // Not on what it was trained on already, nor on what is older.
        assertThat(isDue(1, 100 + ENOUGH, 5)).isFalse();
    }

    @Test
    void anythingNewIsDueWhenTheModelIsOld() {
        train(1, 100, 5);
        pass(OLD.minusMillis(1));
        assertThat(isDue(2, 101, 5)).isFalse();
        assertThat(isDue(2, 100, 6)).isFalse();
        pass(Duration.ofMillis(1));
        assertThat(isDue(2, 101, 5)).isTrue();
        assertThat(isDue(2, 100, 6)).as("features of an item").isTrue();
        assertThat(isDue(2, 100, 5)).as("nothing new").isFalse();
    }

    @Test
    void aRefusedTrainingOfAnOldModelIsNotTriedAtOnceAgain() {
        train(1, 100, 5);
        pass(OLD);
        policy.trained(MODEL, snapshot(2, 101, 5), now);
        pass(PAUSE);
        assertThat(isDue(3, 102, 5)).isFalse();
        pass(OLD);
        assertThat(isDue(3, 102, 5)).isTrue();
    }

    @Test
    void aModelThatNeverWasReleasedDoesNotGrowOld() {
        policy.trained(MODEL, snapshot(1, 3, 5), Instant.MIN);
        assertThat(isDue(2, 3, 6)).isFalse();
        assertThat(isDue(2, 3 + ENOUGH, 6)).isTrue();
    }

    @Test
    void afterARestartTheReleaseStandsForTheLastTraining() {
        train(1, 100, 5);
        pass(PAUSE);
        RetrainingPolicy restarted = policy();
        assertThat(restarted.isDue(MODEL, snapshot(2, 100 + ENOUGH - 1, 6), releases))
                .isFalse();
        assertThat(restarted.isDue(MODEL, snapshot(2, 100 + ENOUGH, 5), releases))
                .isTrue();
        pass(OLD);
        assertThat(policy().isDue(MODEL, snapshot(2, 100, 5), releases)).isFalse();
        assertThat(policy().isDue(MODEL, snapshot(2, 100, 6), releases)).isTrue();
    }

    @Test
    void aTrainingByCommandCountsLikeAnyOther() {
        train(1, 100, 5);
        pass(PAUSE);
        assertThat(isDue(2, 100 + ENOUGH, 5)).isTrue();
        // A command trained on it meanwhile.
        train(2, 100 + ENOUGH, 5);
        pass(PAUSE);
        assertThat(isDue(3, 100 + 2 * ENOUGH - 1, 5)).isFalse();
        assertThat(isDue(3, 100 + 2 * ENOUGH, 5)).isTrue();
    }

    @Test
    void afterARollbackNothingIsDueUntilACommandHasReleased() {
        train(1, 100, 5);
        pass(PAUSE);
        train(2, 200, 5);
        announce(ReleaseAction.ROLLBACK, 1, 100, 5);
        pass(OLD);
        assertThat(isDue(3, 300, 9)).isFalse();
        assertThat(policy().isDue(MODEL, snapshot(3, 300, 9), releases)).isFalse();
        train(3, 300, 9);
        pass(PAUSE);
        assertThat(isDue(4, 300 + ENOUGH, 9)).isTrue();
    }
}

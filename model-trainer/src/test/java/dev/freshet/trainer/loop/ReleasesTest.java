package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReleasesTest {

    private final Releases releases = new Releases();

    private static ModelRelease announcement(ReleaseAction action, String model, String version) {
        return ModelRelease.newBuilder()
                .setModel(model)
                .setVersion(version)
                .setAction(action)
                .setReleasedAt(Instant.EPOCH)
                .setSnapshotId("s")
                .setOffsets(List.of())
                .setCodeVersion("test")
                .setSeed(1)
                .setDimension(1)
                .setUsers(1)
                .setItems(1)
                .setEmbeddings(List.of())
                .setArtifactUri("file:///none")
                .setArtifactSha256("")
                .build();
    }

    private void release(String model, String version) {
        releases.announced(announcement(ReleaseAction.RELEASE, model, version));
    }

    private void rollback(String model, String version) {
        releases.announced(announcement(ReleaseAction.ROLLBACK, model, version));
    }

    @Test
    void theNewestAnnouncementIsInForceWhateverItsModel() {
        assertThat(releases.inForce()).isNull();
        release("a", "1-a");
        release("b", "2-b");
        assertThat(releases.inForce().getVersion()).isEqualTo("2-b");
        assertThat(releases.of("a").getVersion()).isEqualTo("1-a");
        release("a", "3-a");
        rollback("a", "1-a");
        assertThat(releases.inForce().getVersion()).isEqualTo("1-a");
        assertThat(releases.inForce().getAction()).isEqualTo(ReleaseAction.RELEASE);
        rollback("a", "0-a");
        rollback("a", "2-b");
        assertThat(releases.inForce().getVersion()).isEqualTo("1-a");
        assertThat(releases.versions()).containsExactlyInAnyOrder("1-a", "2-b");
        assertThat(releases.newestFirst()).containsExactly("3-a", "2-b", "1-a");
        assertThat(releases.ofVersion("3-a").getModel()).isEqualTo("a");
        assertThat(releases.ofVersion("0-a")).isNull();
    }

    @Test
    void aReleaseIsHeldFromTheReturnToItUntilTheNextRelease() {
        release("a", "1-a");
        release("a", "2-a");
        rollback("a", "0-a");
        assertThat(releases.held()).isFalse();
        rollback("a", "1-a");
        assertThat(releases.held()).isTrue();
        release("b", "3-b");
        assertThat(releases.held()).isFalse();
    }

    @Test
    void keepsTheNewestAndWhatAModelNeeds() {
        release("rare", "0-rare");
        for (int n = 1; n <= 3 * Releases.KEPT; n++) {
            release("busy", n + "-busy");
        }
        int newest = 3 * Releases.KEPT;
        assertThat(releases.of("rare").getVersion()).isEqualTo("0-rare");
        assertThat(releases.of(List.of("0-rare", "1-busy", newest + "-busy")))
                .extracting(ModelRelease::getVersion)
                .containsExactly("0-rare", newest + "-busy");
        // What is not kept cannot be returned to.
        rollback("busy", "1-busy");
        assertThat(releases.inForce().getVersion()).isEqualTo(newest + "-busy");
        rollback("busy", (newest - Releases.KEPT / 2) + "-busy");
        assertThat(releases.inForce().getVersion()).isEqualTo((newest - Releases.KEPT / 2) + "-busy");
    }
}

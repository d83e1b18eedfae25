package dev.freshet.trainer.loop;

import static dev.freshet.testkit.ReleaseFixture.announcement;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.Split;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReleasesTest {

    private final Releases releases = new Releases(Split.NONE);

    private void release(String model, String version) {
        releases.announced(announcement(ReleaseAction.RELEASE, model, version));
    }

    private void rollback(String model, String version) {
        releases.announced(announcement(ReleaseAction.ROLLBACK, model, version));
    }

    @Test
    void theNewestAnnouncementIsInForceWhateverItsModel() {
        assertThat(releases.inForce("any")).isNull();
        release("a", "1-a");
        release("b", "2-b");
        assertThat(releases.inForce("any").getVersion()).isEqualTo("2-b");
        assertThat(releases.of("a").getVersion()).isEqualTo("1-a");
        release("a", "3-a");
        rollback("a", "1-a");
        assertThat(releases.inForce("any").getVersion()).isEqualTo("1-a");
        assertThat(releases.inForce("any").getAction()).isEqualTo(ReleaseAction.RELEASE);
        rollback("a", "0-a");
        rollback("a", "2-b");
        assertThat(releases.inForce("any").getVersion()).isEqualTo("1-a");
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
    void ofASplitEachModelHasItsOwnReleaseInForceAndHold() {
        Releases split = new Releases(Split.of("a=1,b=1", Split.SALT));
        for (String version : List.of("1-a", "2-b", "3-a", "4-c")) {
            split.announced(announcement(ReleaseAction.RELEASE, version.substring(2), version));
        }
        split.announced(announcement(ReleaseAction.ROLLBACK, "a", "1-a"));
        assertThat(split.inForce("a").getVersion()).isEqualTo("1-a");
        assertThat(split.inForce("b").getVersion()).isEqualTo("2-b");
        assertThat(split.inForce("d")).isNull();
        assertThat(split.isInForce(split.ofVersion("2-b"))).isTrue();
        assertThat(split.isInForce(split.ofVersion("3-a"))).isFalse();
        assertThat(split.isInForce(split.ofVersion("4-c"))).isFalse();
        assertThat(split.held("a")).isTrue();
        assertThat(split.held("b")).isFalse();
        split.announced(announcement(ReleaseAction.RELEASE, "b", "5-b"));
        assertThat(split.held("a")).isTrue();
        split.announced(announcement(ReleaseAction.RELEASE, "a", "6-a"));
        assertThat(split.held()).isFalse();
    }

    @Test
    void anArmThatReleasesOftenPutsTheOtherOutOfNothing() {
        Releases split = new Releases(Split.of("a=1,b=1", Split.SALT));
        for (String version : List.of("1-a", "2-a", "3-a")) {
            split.announced(announcement(ReleaseAction.RELEASE, "a", version));
        }
        split.announced(announcement(ReleaseAction.ROLLBACK, "a", "2-a"));
        for (int n = 1; n <= 2 * Releases.KEPT; n++) {
            split.announced(announcement(ReleaseAction.RELEASE, "b", n + "-b"));
            split.announced(announcement(ReleaseAction.RELEASE, "c", n + "-c"));
        }
        assertThat(split.newestFirst()).hasSize(3 + 2 * Releases.KEPT).contains("1-a", "2-a", "3-a");
        assertThat(split.held("a")).isTrue();
        split.announced(announcement(ReleaseAction.ROLLBACK, "a", "1-a"));
        assertThat(split.inForce("a").getVersion()).isEqualTo("1-a");
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
        assertThat(releases.inForce("any").getVersion()).isEqualTo(newest + "-busy");
        rollback("busy", (newest - Releases.KEPT / 2) + "-busy");
        assertThat(releases.inForce("any").getVersion()).isEqualTo((newest - Releases.KEPT / 2) + "-busy");
    }
}

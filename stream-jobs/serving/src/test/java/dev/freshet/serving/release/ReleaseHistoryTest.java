package dev.freshet.serving.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.ReleaseAction;
import dev.freshet.serving.release.ReleaseHistory.Announcement;
import dev.freshet.testkit.ReleaseFixture;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class ReleaseHistoryTest {

    private final ReleaseHistory history = new ReleaseHistory(Split.of("a=1,b=1", Split.SALT));
    private long end;

    private Announcement announce(ReleaseAction action, String model, String version) {
        Announcement announcement = new Announcement(
                ReleaseFixture.announcement(action, model, version),
                new ConsumerRecord<>(Topic.MODELS.name(), 0, end++, null, null));
        history.add(announcement);
        return announcement;
    }

    private void releaseOften(String model) {
        for (int n = 0; n < 2 * ReleaseReader.KEPT; n++) {
            announce(ReleaseAction.RELEASE, model, n + "-" + model);
        }
    }

    private List<String> kept() {
        return history.all().stream().map(kept -> kept.release().getVersion()).toList();
    }

    @Test
    void anArmThatReleasesOftenPutsTheOtherOutOfNothing() {
        announce(ReleaseAction.RELEASE, "a", "1-a");
        announce(ReleaseAction.RELEASE, "a", "2-a");
        announce(ReleaseAction.ROLLBACK, "a", "1-a");
        releaseOften("b");
        releaseOften("c");
        history.forgetOld(release -> false);

        assertThat(kept()).hasSize(3 + 2 * ReleaseReader.KEPT).startsWith("1-a", "2-a", "1-a");
        assertThat(history.held(0)).isTrue();
        assertThat(history.held(1)).isFalse();
        assertThat(history.newest(0)).map(ReleaseReader.Entry::offset).hasValue(2L);
        assertThat(history.newest(1).orElseThrow().release().getVersion())
                .isEqualTo((2 * ReleaseReader.KEPT - 1) + "-b");
        assertThat(history.newest(Long.MAX_VALUE, 1).get(0).release().getModel())
                .isEqualTo("c");
    }

    @Test
    void whatIsInForceAndWhatAnArmObeysOutliveWhateverIsRefused() {
        Announcement inForce = announce(ReleaseAction.RELEASE, "a", "1-a");
        announce(ReleaseAction.RELEASE, "a", "2-a");
        announce(ReleaseAction.ROLLBACK, "a", "1-a");
        for (int n = 0; n < ReleaseReader.KEPT; n++) {
            history.refuse(announce(ReleaseAction.RELEASE, "a", "bad-" + n), "bad");
        }
        history.forgetOld(inForce.release()::equals);

        assertThat(kept()).hasSize(ReleaseReader.KEPT + 2).startsWith("1-a", "1-a", "bad-0");
        assertThat(history.held(0)).isTrue();
        assertThat(history.newest(0)).map(ReleaseReader.Entry::refused).hasValue("bad");
    }
}

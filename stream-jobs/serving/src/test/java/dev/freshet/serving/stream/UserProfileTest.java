package dev.freshet.serving.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.Stamp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class UserProfileTest {

    /** Against a map of all pairs, with more items than a profile holds. */
    @RepeatedTest(10)
    void holdsTheNewestLiveItems(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        Map<String, PairState> pairs = new HashMap<>();
        UserProfile profile = new UserProfile();
        for (int offset = 0; offset < 2000; offset++) {
            String item = "i" + random.nextInt(300);
            PairState event =
                    new PairState(random.nextInt(3) > 0, "click", 1, new Stamp(random.nextInt(3000), 0, offset));
            PairState before = pairs.get(item);
            if (before != null && before.stamp().compareTo(event.stamp()) >= 0) {
                continue;
            }
            pairs.put(item, event);
            profile.apply(item, event, before != null && before.live());
            List<HistoryItem> live = new ArrayList<>();
            pairs.forEach((id, pair) -> {
                if (pair.live()) {
                    live.add(pair.asHistory(id));
                }
            });
            if (profile.needsRefill()) {
                profile.refill(live);
            }
            live.sort(HistoryItem.NEWEST_FIRST);
            assertThat(profile.live()).isEqualTo(live.size());
            assertThat(profile.recent())
                    .containsExactlyElementsOf(live.subList(0, Math.min(live.size(), UserProfile.MAX_RECENT)));
        }
    }

    @Test
    void survivesItsBytes() {
        UserProfile profile = new UserProfile();
        profile.apply("ü:1", new PairState(true, "kauf".repeat(40), 2.5, new Stamp(-5, 3, 1L << 40)), false);
        profile.scored("v1", true);

        UserProfile read = UserProfile.decode(profile.encode());

        assertThat(read.recent()).isEqualTo(profile.recent());
        assertThat(read.recent().get(0).action()).hasSize(64);
        assertThat(read.live()).isEqualTo(1);
        assertThat(read.scoredVersion()).isEqualTo("v1");
        assertThat(read.embedded()).isTrue();
        assertThat(UserProfile.lastActivity(profile.encode())).isEqualTo(-5);
    }

    @Test
    void pairKeysOfAUserLieTogether() {
        Bytes key = PairState.key("user", "item:7");

        assertThat(PairState.item(key)).isEqualTo("item:7");
        assertThat(key.get()).startsWith(PairState.prefix("user"));
        assertThat(PairState.key("useri", "tem").get()).isNotEqualTo(key.get());
        assertThat(PairState.key("use", "ritem").get()[1]).isNotEqualTo(PairState.prefix("user")[1]);
    }
}

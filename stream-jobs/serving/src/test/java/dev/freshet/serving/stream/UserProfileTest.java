package dev.freshet.serving.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.serving.experiment.Outcome;
import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.Stamp;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class UserProfileTest {

    /** Against a map of all pairs, with more items than a profile holds. */
    @RepeatedTest(10)
    void holdsTheNewestItems(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        Map<String, PairState> pairs = new HashMap<>();
        UserProfile profile = new UserProfile();
        for (int offset = 0; offset < 2000; offset++) {
            String item = "i" + random.nextInt(300);
            String action = List.of("click", "click", "click", "remove", "dislike", "dislike")
                    .get(random.nextInt(6));
            PairState event =
                    new PairState(action.equals("click"), action, 1, new Stamp(random.nextInt(3000), 0, offset));
            PairState before = pairs.get(item);
            if (before != null && before.stamp().compareTo(event.stamp()) >= 0) {
                continue;
            }
            pairs.put(item, event);
            profile.apply(item, event, before);
            if (profile.needsRefill()) {
                profile.refill(pairs);
            }
            List<HistoryItem> live = newest(pairs, PairState::live);
            List<HistoryItem> disliked = newest(pairs, PairState::disliked);
            assertThat(profile.live()).isEqualTo(live.size());
            assertThat(profile.recent())
                    .containsExactlyElementsOf(live.subList(0, Math.min(live.size(), UserProfile.MAX_RECENT)));
            assertThat(profile.disliked())
                    .containsExactlyElementsOf(
                            disliked.subList(0, Math.min(disliked.size(), UserProfile.MAX_DISLIKED)));
            assertThat(profile.complete())
                    .isEqualTo(live.size() <= UserProfile.MAX_RECENT && disliked.size() <= UserProfile.MAX_DISLIKED);
        }
    }

    private static List<HistoryItem> newest(Map<String, PairState> pairs, Predicate<PairState> kind) {
        List<HistoryItem> found = new ArrayList<>();
        pairs.forEach((id, pair) -> {
            if (kind.test(pair)) {
                found.add(pair.asHistory(id));
            }
        });
        found.sort(HistoryItem.NEWEST_FIRST);
        return found;
    }

    @Test
    void survivesItsBytes() {
        UserProfile profile = new UserProfile();
        profile.apply("ü:1", new PairState(true, "kauf", 2.5, new Stamp(-5, 3, 1L << 40)), null);
        profile.apply("nein", new PairState(false, "dislike", 1, new Stamp(-7, 3, 5)), null);
        profile.scored("v1", true, 77, 5);
        Outcome outcome = new Outcome(3, 2, 1.25, 1.5, 1);
        profile.measured(outcome);

        UserProfile read = UserProfile.decode(profile.encode());

        assertThat(read.recent()).isEqualTo(profile.recent());
        assertThat(read.recent().get(0).action()).isEqualTo("kauf");
        assertThat(read.live()).isEqualTo(1);
        assertThat(read.disliked()).isEqualTo(profile.disliked()).hasSize(1);
        assertThat(read.complete()).isTrue();
        assertThat(read.scoredVersion()).isEqualTo("v1");
        assertThat(read.embedded()).isTrue();
        assertThat(UserProfile.lastActivity(profile.encode())).isEqualTo(-5);
        assertThat(UserProfile.waits(profile.encode())).isFalse();
        assertThat(read.waiting()).isNull();
        read.waits(Instant.ofEpochMilli(-5), 99);
        assertThat(UserProfile.waits(read.encode())).isTrue();
        assertThat(UserProfile.decode(read.encode()).waiting()).isEqualTo(Instant.ofEpochMilli(-5));
        assertThat(UserProfile.decode(read.encode()).waitingSince()).isEqualTo(99);
        assertThat(read.listedAt()).isEqualTo(77);
        assertThat(read.outcome(5)).isEqualTo(outcome);
        assertThat(read.outcome(6)).isEqualTo(Outcome.NONE);
        assertThat(UserProfile.outcome(profile.encode(), 5)).isEqualTo(outcome);
        assertThat(UserProfile.outcome(profile.encode(), 6)).isEqualTo(Outcome.NONE);
        // Another experiment measures anew.
        read.scored("v1", true, 78, 6);
        assertThat(read.outcome(6)).isEqualTo(Outcome.NONE);
    }

    /** As states and changelogs from before there were dislikes have it. */
    @Test
    void readsTheFormatWithoutDislikes() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(1);
        out.writeLong(77);
        out.writeUTF("v1");
        out.writeBoolean(true);
        out.writeInt(300);
        out.writeInt(1);
        out.writeUTF("i1");
        out.writeUTF("click");
        out.writeDouble(2);
        PairState.write(new Stamp(77, 0, 5), out);

        UserProfile read = UserProfile.decode(bytes.toByteArray());

        assertThat(read.lastActivity()).isEqualTo(77);
        assertThat(read.live()).isEqualTo(300);
        assertThat(read.recent()).containsExactly(new HistoryItem("i1", "click", 2, new Stamp(77, 0, 5)));
        assertThat(read.disliked()).isEmpty();
        assertThat(read.listedAt()).isEqualTo(Long.MAX_VALUE);
        assertThat(read.waiting()).isNull();
        assertThat(UserProfile.waits(bytes.toByteArray())).isFalse();
        assertThat(UserProfile.outcome(bytes.toByteArray(), 0)).isEqualTo(Outcome.NONE);
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

package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.IdIndex;
import dev.freshet.schema.LiveInteraction;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TemporalSliceTest {

    private static LiveInteraction at(String user, String item, long time) {
        return new LiveInteraction(user, item, true, "click", 1.0, Instant.ofEpochMilli(time), 0, 0L);
    }

    private static TemporalSlice slice(List<LiveInteraction> live) {
        return slice(live, TemporalSlice.Seen.NOTHING);
    }

    private static TemporalSlice slice(List<LiveInteraction> live, TemporalSlice.Seen seen) {
        return TemporalSlice.of(
                live,
                IdIndex.of(live.stream().map(LiveInteraction::getUser).toList()),
                IdIndex.of(live.stream().map(LiveInteraction::getItem).toList()),
                seen);
    }

    @Test
    void holdsOutTheLatestTenthSplitByUser() {
        List<LiveInteraction> live = new ArrayList<>();
        for (int n = 0; n < 1000; n++) {
            live.add(at("u" + n % 90, "i" + n, n));
        }
        // Users that are new in the held-out tenth.
        live.add(at("new1", "i1", 5000));
        live.add(at("new2", "i1", 5001));
        TemporalSlice slice = slice(live);
        IdIndex users = IdIndex.of(live.stream().map(LiveInteraction::getUser).toList());
        IdIndex items = IdIndex.of(live.stream().map(LiveInteraction::getItem).toList());
        assertThat(slice.train().size()).isEqualTo(902);
        assertThat(slice.valid().size() + slice.test().size()).isEqualTo(100);
        assertThat(slice.valid().size()).isBetween(25, 75);
        assertThat(slice.newUsers()).isEqualTo(2);
        for (LiveInteraction interaction : live) {
            int user = users.indexOf(interaction.getUser());
            int item = items.indexOf(interaction.getItem());
            boolean late = interaction.getEventTime().toEpochMilli() >= 902;
            assertThat(slice.train().contains(user, item)).isEqualTo(!late);
            assertThat(slice.valid().contains(user, item))
                    .isEqualTo(late && TemporalSlice.validates(interaction.getUser()));
            assertThat(slice.test().contains(user, item))
                    .isEqualTo(late && !TemporalSlice.validates(interaction.getUser()));
        }
    }

    @Test
    void doesNotDependOnTheOrderOfTheRows() {
        List<LiveInteraction> live = new ArrayList<>();
        for (int n = 0; n < 200; n++) {
            live.add(at("u" + n % 20, "i" + n, 7));
        }
        int[] held = slice(live).test().itemOfEach();
        assertThat(held).isNotEmpty();
        // Of equal times not the last ids in the alphabet are held out, but some of everywhere.
        assertThat(Arrays.stream(held).min().orElseThrow()).isLessThan(150);
        List<LiveInteraction> shuffled = new ArrayList<>(live);
        Collections.shuffle(shuffled, new Random(1));
        assertThat(slice(shuffled).test().itemOfEach()).isEqualTo(held);
    }

    @Test
    void whatAModelHasSeenIsNotHeldOut() {
        List<LiveInteraction> live = new ArrayList<>();
        for (int n = 0; n < 200; n++) {
            live.add(at("u" + n % 20, "i" + n, n));
        }
        TemporalSlice unseen = slice(live);
        int held = unseen.valid().size() + unseen.test().size();
        assertThat(held).isEqualTo(20);
        // Its event is among the latest tenth of all.
        TemporalSlice slice = slice(live, (user, item) -> user.equals("u7") && item.equals("i187"));
        assertThat(slice.valid().size() + slice.test().size()).isEqualTo(19);
        assertThat(slice.train().size()).isEqualTo(unseen.train().size() + 1);
        TemporalSlice all = slice(live, (user, item) -> true);
        assertThat(all.valid().size() + all.test().size()).isZero();
        assertThat(all.train().size()).isEqualTo(unseen.train().size() + held);
    }

    @Test
    void fewInteractionsAreAllTrainedOn() {
        TemporalSlice slice = slice(List.of(at("a", "x", 1), at("b", "y", 2)));
        assertThat(slice.train().size()).isEqualTo(2);
        assertThat(slice.valid().size() + slice.test().size()).isZero();
    }
}

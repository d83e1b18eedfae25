package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.schema.Interaction;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class HotKeyFeedTest {

    private static final int EVENTS = 20_000;

    @Test
    void hasOneHotItemAndOneBot() throws IOException {
        List<Interaction> events = read(0);

        assertThat(events).hasSize(EVENTS);
        assertThat(share(events, event -> event.getItem().equals("hot"))).isCloseTo(.5, Offset.offset(.02));
        assertThat(share(events, event -> event.getUser().equals("bot"))).isCloseTo(.4, Offset.offset(.02));
        assertThat(events).isSortedAccordingTo((a, b) -> a.getEventTime().compareTo(b.getEventTime()));
        assertThat(read(EVENTS / 2)).isEqualTo(events.subList(EVENTS / 2, EVENTS));
    }

    private static double share(List<Interaction> events, Predicate<Interaction> what) {
        return (double) events.stream().filter(what).count() / events.size();
    }

    private static List<Interaction> read(long from) throws IOException {
        List<Interaction> events = new ArrayList<>();
        try (Feed.Cursor cursor = new HotKeyFeed(EVENTS).open(from)) {
            for (FeedEvent event = cursor.next(); event != null; event = cursor.next()) {
                events.add(((FeedEvent.OfInteraction) event).interaction());
            }
        }
        return events;
    }
}

package dev.freshet.cli.bench;

import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.schema.Interaction;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * The worst keys a shop may have: one item is in half of the events, by many users, and one user, a bot, sends most of the others.
 * What is left is an ordinary background. Comes out the same every time.
 */
final class HotKeyFeed implements Feed {

    private static final Instant START = Instant.parse("2024-01-01T00:00:00Z");
    private static final Duration SPAN = Duration.ofDays(30);
    private static final int USERS = 300_000;
    private static final int ITEMS = 40_000;
    private static final double HOT_ITEM = 0.5;
    private static final double BOT = 0.4;

    private final long events;

    HotKeyFeed(long events) {
        this.events = events;
    }

    @Override
    public String name() {
        return "hot keys";
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.of(events);
    }

    @Override
    public Cursor open(long from) {
        return new Cursor() {
            private long position = from;

            @Override
            public FeedEvent next() {
                return position == events ? null : new FeedEvent.OfInteraction(event(position++));
            }

            @Override
            public long position() {
                return position;
            }

            @Override
            public void close() {}
        };
    }

    private Interaction event(long number) {
        SplittableRandom random = new SplittableRandom(number);
        double share = random.nextDouble();
        String user = "user-" + random.nextInt(USERS);
        // A background item's popularity falls with its number.
        String item = "item-" + (int) (ITEMS * Math.pow(random.nextDouble(), 2));
        if (share < HOT_ITEM) {
            item = "hot";
        } else if (share < HOT_ITEM + BOT) {
            user = "bot";
            item = "item-" + random.nextInt(ITEMS);
        }
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction("view")
                .setEventTime(START.plus(SPAN.multipliedBy(number).dividedBy(events)))
                .build();
    }
}

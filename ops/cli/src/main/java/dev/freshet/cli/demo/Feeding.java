package dev.freshet.cli.demo;

import dev.freshet.cli.send.Pace;
import dev.freshet.cli.send.Replay;
import dev.freshet.dataset.Feed;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a feed into the loop on a thread of its own: its history at once, then the rest at a pace. */
final class Feeding implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Feeding.class);
    private static final int MAX_FAILURES = 5;
    private static final long PAUSE_MILLIS = 2_000;

    private final Feed feed;
    private final String bootstrap;
    private final WireFormat format;
    private final FeedState state;
    private final long history;
    private final Pace pace;
    private final Thread thread = new Thread(this::run, "feeding");
    private volatile boolean stopped;
    private volatile boolean finished;
    private volatile Replay replay;
    private volatile IOException failure;

    /**
     * Starts where {@code state} says.
     *
     * @param history events from the beginning that are sent as fast as the broker takes them
     * @param pace of the events after them
     */
    Feeding(Feed feed, String bootstrap, WireFormat format, FeedState state, long history, Pace pace) {
        this.feed = feed;
        this.bootstrap = bootstrap;
        this.format = format;
        this.state = state;
        this.history = history;
        this.pace = pace;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run() {
        int failures = 0;
        while (!stopped && !finished) {
            long before = state.position();
            try (Replay current = new Replay(feed, bootstrap, format)) {
                replay = current;
                if (stopped) {
                    return;
                }
                long position = before;
                if (position < history) {
                    position = current.run(position, history - position, Pace.FASTEST, at -> keep(current));
                }
                if (!stopped) {
                    current.run(position, Long.MAX_VALUE, pace, at -> keep(current));
                }
                finished = !stopped;
                state.save(current.acknowledged());
            } catch (InterruptedException e) {
                return;
            } catch (IOException e) {
                failures = state.position() > before ? 1 : failures + 1;
                LOG.warn("feeding failed", e);
                if (failures >= MAX_FAILURES) {
                    failure = e;
                    return;
                }
                pause();
            }
        }
    }

    private long kept = System.nanoTime();

    private void keep(Replay current) {
        long now = System.nanoTime();
        if (now - kept > 1_000_000_000L) {
            kept = now;
            try {
                state.save(current.acknowledged());
            } catch (IOException e) {
                LOG.warn("cannot keep the position of the feed", e);
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Events sent, of those there are. */
    String progress() {
        Replay current = replay;
        long position = current == null ? state.position() : current.position();
        OptionalLong size = feed.size();
        String sent = size.isPresent()
                ? String.format(Locale.ROOT, "%,d of %,d events", position, size.getAsLong())
                : String.format(Locale.ROOT, "%,d events", position);
        return feed.name() + ", " + sent + (finished ? ", all sent" : "");
    }

    /** Why nothing is sent any more. */
    Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    /** Stops after the event in hand, and keeps the position. */
    @Override
    public void close() throws InterruptedException {
        stopped = true;
        Replay current = replay;
        if (current != null) {
            current.stop();
        }
        thread.join(15_000);
    }
}

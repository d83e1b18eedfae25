package dev.freshet.serving.http;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Rates and freshness of the last quarter of an hour, so that a page that is opened has a past to show. Thread-safe. */
final class History implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(History.class);
    private static final Duration EVERY = Duration.ofSeconds(5);
    private static final int POINTS = 180;

    private final Supplier<Answers.StatusView> status;
    private final Deque<Answers.HistoryPoint> points = new ArrayDeque<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "history");
        thread.setDaemon(true);
        return thread;
    });

    History(Supplier<Answers.StatusView> status) {
        this.status = status;
        clock.scheduleAtFixedRate(this::sample, 1, EVERY.toSeconds(), TimeUnit.SECONDS);
    }

    private void sample() {
        try {
            Answers.StatusView now = status.get();
            add(new Answers.HistoryPoint(
                    now.at(),
                    now.events().perSecond(),
                    now.recommendations().perSecond(),
                    now.freshnessMillis().p50(),
                    now.freshnessMillis().p99(),
                    now.lag()));
        } catch (RuntimeException e) {
            LOG.warn("history: {}", e.toString());
        }
    }

    private synchronized void add(Answers.HistoryPoint point) {
        points.addLast(point);
        if (points.size() > POINTS) {
            points.removeFirst();
        }
    }

    synchronized Answers.RatesView view() {
        return new Answers.RatesView(EVERY.toSeconds(), new ArrayList<>(points));
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}

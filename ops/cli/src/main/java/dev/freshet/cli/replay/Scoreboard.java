package dev.freshet.cli.replay;

import dev.freshet.schema.Interaction;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** What the predictions of all contenders are worth, in total and by windows of as many events each. */
final class Scoreboard {

    /**
     * A window.
     *
     * @param from events of the stream before it
     * @param to events of the stream at its end
     * @param begin time of its first event
     * @param end time of its last
     * @param coverage of each contender: share of the items known by then that it recommended to someone in the window
     * @param freshness microseconds of the lists that were read in the window
     */
    record Window(
            long from,
            long to,
            Instant begin,
            Instant end,
            Map<Contender, Tally> tallies,
            Map<Contender, Double> coverage,
            Histogram freshness) {}

    private final LivePairs pairs;
    private final long windowEvents;
    private final Map<Contender, Tally> totals = tallies();
    private final Map<Contender, Map<Metric, PairedDifference>> differences = new EnumMap<>(Contender.class);
    private final List<Window> windows = new ArrayList<>();
    private Map<Contender, Tally> current = tallies();
    /** What had been read by the end of the window before. */
    private Histogram before;

    private Instant begin;
    private Instant end;
    private long events;
    private long from;

    /**
     * @param pairs what users have at any time
     * @param windowEvents events in a window, at least 1
     */
    Scoreboard(LivePairs pairs, long windowEvents) {
        this.pairs = pairs;
        this.windowEvents = windowEvents;
        for (Contender contender : Contender.values()) {
            Map<Metric, PairedDifference> byMetric = new EnumMap<>(Metric.class);
            for (Metric metric : Metric.values()) {
                byMetric.put(metric, new PairedDifference());
            }
            differences.put(contender, byMetric);
        }
    }

    private static Map<Contender, Tally> tallies() {
        Map<Contender, Tally> tallies = new EnumMap<>(Contender.class);
        for (Contender contender : Contender.values()) {
            tallies.put(contender, new Tally());
        }
        return tallies;
    }

    /** Scores what every contender said before an event, while what users have is still what they had then. */
    void score(Interaction event, Map<Contender, Prediction> predictions) {
        int live = predictions.get(Contender.LIVE).rank(event.getItem(), Metric.AT);
        predictions.forEach((contender, prediction) -> {
            int rank = prediction.rank(event.getItem(), Metric.AT);
            totals.get(contender).add(prediction, rank, pairs);
            current.get(contender).add(prediction, rank, pairs);
            differences
                    .get(contender)
                    .forEach(
                            (metric, difference) -> difference.add(event.getUser(), metric.of(rank) - metric.of(live)));
        });
    }

    /**
     * Says that an event is past, whether it was scored or not.
     *
     * @param freshness microseconds of all lists that were read so far
     * @return the window that ends with it, or null
     */
    Window passed(Instant time, Histogram freshness) {
        begin = begin == null ? time : begin;
        end = time;
        events++;
        return events - from == windowEvents ? close(freshness) : null;
    }

    /**
     * Ends the last window, if it has begun; null if it has not.
     *
     * @param freshness microseconds of all lists that were read so far
     */
    Window close(Histogram freshness) {
        if (begin == null) {
            return null;
        }
        Map<Contender, Double> coverage = new EnumMap<>(Contender.class);
        current.forEach((contender, tally) -> coverage.put(contender, tally.coverage(pairs.knownItems())));
        Histogram read = freshness.copy();
        if (before != null) {
            read.subtract(before);
        }
        before = freshness.copy();
        Window window = new Window(from, events, begin, end, current, coverage, read);
        windows.add(window);
        current = tallies();
        from = events;
        begin = null;
        return window;
    }

    /** Windows that have ended. */
    List<Window> windows() {
        return Collections.unmodifiableList(windows);
    }

    Tally total(Contender contender) {
        return totals.get(contender);
    }

    /** Share of the items that anyone ever took that a contender recommended to someone. */
    double coverage(Contender contender) {
        return totals.get(contender).coverage(pairs.knownItems());
    }

    /** A contender's metric less that of the live loop. */
    PairedDifference difference(Contender contender, Metric metric) {
        return differences.get(contender).get(metric);
    }

    /** Events past. */
    long events() {
        return events;
    }

    /** Users with predictions. */
    int users() {
        return differences.get(Contender.LIVE).get(Metric.HIT_RATE).users();
    }
}

package dev.freshet.cli.replay;

import dev.freshet.schema.Interaction;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the predictions of all contenders are worth, in total and by windows of as many events each. */
final class Scoreboard {

    /**
     * A window.
     *
     * @param from events of the stream before it
     * @param to events of the stream at its end
     * @param begin time of its first event
     * @param end time of its last
     */
    record Window(long from, long to, Instant begin, Instant end, Map<Contender, Tally> tallies) {}

    private final LivePairs pairs;
    private final long windowEvents;
    private final Map<Contender, Tally> totals = tallies();
    private final Map<Contender, Set<String>> recommended = new EnumMap<>(Contender.class);
    private final Map<Contender, Map<Metric, PairedDifference>> differences = new EnumMap<>(Contender.class);
    private final List<Window> windows = new ArrayList<>();
    private Map<Contender, Tally> current = tallies();
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
            recommended.put(contender, new HashSet<>());
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
            recommended.get(contender).addAll(prediction.items());
            differences
                    .get(contender)
                    .forEach(
                            (metric, difference) -> difference.add(event.getUser(), metric.of(rank) - metric.of(live)));
        });
    }

    /**
     * Says that an event is past, whether it was scored or not.
     *
     * @return the window that ends with it, or null
     */
    Window passed(Instant time) {
        begin = begin == null ? time : begin;
        end = time;
        events++;
        return events - from == windowEvents ? close() : null;
    }

    /** Ends the last window, if it has begun; null if it has not. */
    Window close() {
        if (begin == null) {
            return null;
        }
        Window window = new Window(from, events, begin, end, current);
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
        Set<String> known = pairs.knownItems();
        return recommended.get(contender).stream().filter(known::contains).count() / (double) Math.max(1, known.size());
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

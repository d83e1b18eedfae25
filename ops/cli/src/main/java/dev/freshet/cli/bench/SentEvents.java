package dev.freshet.cli.bench;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** The interactions of one measurement: when each was due, and what was read that knows of it. Thread-safe. */
final class SentEvents {

    private static final int DIGITS = 3;

    /** An event, and the number of users that its item has with it. */
    private record Waiting(long due, int degree) {}

    private final Map<String, Long> byUser = new LinkedHashMap<>();
    private final Map<String, Deque<Waiting>> byItem = new HashMap<>();
    private final Histogram recommendations = new Histogram(DIGITS);
    private final Histogram neighbors = new Histogram(DIGITS);
    private int size;
    private int listsAwaited;
    private long newestAnswered = Long.MIN_VALUE;
    private long newestListed = Long.MIN_VALUE;

    /** Events so far. */
    synchronized int size() {
        return size;
    }

    /** Events so far that change a list of their item. */
    synchronized int listsAwaited() {
        return listsAwaited;
    }

    /**
     * An event is about to be sent.
     *
     * @param degree number of users that the item has with it; 0 where the event changes no graph, and no list of it is waited for
     * @param due when it was due, as of {@code System.nanoTime}
     */
    synchronized void sending(String user, Instant at, String item, int degree, long due) {
        size++;
        byUser.put(key(user, at), due);
        if (degree > 0) {
            listsAwaited++;
            byItem.computeIfAbsent(item, any -> new ArrayDeque<>()).add(new Waiting(due, degree));
        }
    }

    /** The list that an event has caused was read; others are passed over. */
    synchronized void answered(String user, Instant causedBy, long nanos) {
        Long due = byUser.remove(key(user, causedBy));
        if (due != null) {
            recommendations.recordValue(micros(nanos - due));
            newestAnswered = Math.max(newestAnswered, due);
        }
    }

    /** An item's list was read that knows of so many users. */
    synchronized void listed(String item, int degree, long nanos) {
        Deque<Waiting> waiting = byItem.get(item);
        while (waiting != null && !waiting.isEmpty() && waiting.element().degree() <= degree) {
            long due = waiting.remove().due();
            neighbors.recordValue(micros(nanos - due));
            newestListed = Math.max(newestListed, due);
        }
    }

    /** When the latest event was due whose user's list was read. */
    synchronized long newestAnswered() {
        return newestAnswered;
    }

    /** When the latest event was due of which a list of its item was read. */
    synchronized long newestListed() {
        return newestListed;
    }

    /** When the first event was due that waits for its user's list; far in the future where none does. */
    synchronized long oldestUnanswered() {
        return byUser.isEmpty() ? Long.MAX_VALUE : byUser.values().iterator().next();
    }

    /** Whether all was read that is waited for. */
    synchronized boolean allRead() {
        return recommendations.getTotalCount() == size && neighbors.getTotalCount() == listsAwaited;
    }

    /** Microseconds from when an event was due until its user's list was read, of those whose was. */
    synchronized Histogram recommendations() {
        return recommendations.copy();
    }

    /** Microseconds from when an event was due until a list of its item was read that knows of it, of those of which one was. */
    synchronized Histogram neighbors() {
        return neighbors.copy();
    }

    private static long micros(long nanos) {
        return Math.max(0, nanos / 1000);
    }

    private static String key(String user, Instant at) {
        return user + '@' + at.toEpochMilli();
    }
}

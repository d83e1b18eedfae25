package dev.freshet.serving;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** Tells a failure now and then from one that comes back at once. Thread-safe. */
final class RecentFailures {

    private final int limit;
    private final long windowNanos;
    private final Deque<Long> times = new ArrayDeque<>();

    /**
     * @param limit failures within the window that are still borne
     * @param window time that counts
     */
    RecentFailures(int limit, Duration window) {
        this.limit = limit;
        this.windowNanos = window.toNanos();
    }

    /** Takes note of a failure; returns whether it is one too many. */
    synchronized boolean tooMany(long nanoTime) {
        times.addLast(nanoTime);
        while (nanoTime - times.getFirst() > windowNanos) {
            times.removeFirst();
        }
        return times.size() > limit;
    }
}

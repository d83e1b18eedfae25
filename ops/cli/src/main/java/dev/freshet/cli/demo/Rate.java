package dev.freshet.cli.demo;

import java.util.ArrayDeque;
import java.util.Deque;

/** A count and its rate over the last seconds. */
final class Rate {

    private static final long WINDOW_NANOS = 5_000_000_000L;

    private record Sample(long nanos, long count) {}

    private final Deque<Sample> samples = new ArrayDeque<>();
    private long count;

    void add(long more) {
        count += more;
    }

    long count() {
        return count;
    }

    /** Per second, at a time of {@link System#nanoTime}; times must not go back. */
    double perSecond(long now) {
        samples.add(new Sample(now, count));
        while (samples.size() > 2 && now - samples.peekFirst().nanos() > WINDOW_NANOS) {
            samples.removeFirst();
        }
        Sample first = samples.peekFirst();
        return now == first.nanos() ? 0 : (count - first.count()) * 1e9 / (now - first.nanos());
    }
}

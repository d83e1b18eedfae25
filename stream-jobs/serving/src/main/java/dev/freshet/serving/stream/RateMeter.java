package dev.freshet.serving.stream;

import java.util.Arrays;

/** Events per second over the last ten whole seconds. Thread-safe. */
public final class RateMeter {

    private static final int SECONDS = 10;

    private final long[] counts = new long[SECONDS + 1];
    private long second = Long.MIN_VALUE;
    private long total;

    /** Counts events at a time, milliseconds. */
    synchronized void add(long n, long now) {
        advance(now / 1000);
        counts[Math.floorMod(second, counts.length)] += n;
        total += n;
    }

    /** Events per second, the running second left out. */
    public synchronized double perSecond(long now) {
        advance(now / 1000);
        long sum = Arrays.stream(counts).sum() - counts[Math.floorMod(second, counts.length)];
        return (double) sum / SECONDS;
    }

    /** Events since the start. */
    public synchronized long total() {
        return total;
    }

    private void advance(long now) {
        if (second == Long.MIN_VALUE || now - second > SECONDS) {
            Arrays.fill(counts, 0);
            second = now;
        }
        while (second < now) {
            second++;
            counts[Math.floorMod(second, counts.length)] = 0;
        }
    }
}

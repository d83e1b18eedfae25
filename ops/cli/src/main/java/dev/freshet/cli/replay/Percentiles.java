package dev.freshet.cli.replay;

import it.unimi.dsi.fastutil.longs.LongCollection;
import java.util.Arrays;

/** Percentiles of times, in milliseconds; not numbers where there are no times. */
record Percentiles(double p50, double p95, double p99) {

    /** Of nanoseconds: the least that at least this share do not exceed. */
    static Percentiles of(LongCollection nanos) {
        long[] sorted = nanos.toLongArray();
        Arrays.sort(sorted);
        return new Percentiles(at(sorted, 50), at(sorted, 95), at(sorted, 99));
    }

    private static double at(long[] sorted, int percent) {
        return sorted.length == 0 ? Double.NaN : sorted[(int) ((sorted.length * (long) percent + 99) / 100) - 1] / 1e6;
    }
}

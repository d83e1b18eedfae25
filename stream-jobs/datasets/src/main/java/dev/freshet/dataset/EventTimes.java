package dev.freshet.dataset;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;

/**
 * Event times for data sets that have none. Event r of a user with n events lies at the share (r + h) / n of the span, h in
 * [0, 1) being a hash of user and r: every user is active over the whole span and keeps their own order. All events, sorted by
 * that share, are then spread evenly over the year 2023. The result depends on the rows alone, so that a second replay, or a
 * replay after a restart, sends the same times.
 */
final class EventTimes {

    static final Instant END = Instant.parse("2024-01-01T00:00:00Z");
    static final Duration SPAN = Duration.ofDays(365);

    private EventTimes() {}

    /**
     * Times for events without.
     *
     * @param users user of each row
     * @param order position of each row among the rows of its user; only the order counts, ties fall by row
     * @return milliseconds since 1970, all different, of each row
     */
    static long[] spread(int[] users, int[] order) {
        int n = users.length;
        Integer[] byUser = new Integer[n];
        Arrays.setAll(byUser, row -> row);
        Arrays.sort(
                byUser,
                Comparator.<Integer>comparingInt(row -> users[row])
                        .thenComparingInt(row -> order[row])
                        .thenComparingInt(row -> row));
        double[] share = new double[n];
        for (int start = 0; start < n; ) {
            int user = users[byUser[start]];
            int end = start;
            while (end < n && users[byUser[end]] == user) {
                end++;
            }
            for (int i = start; i < end; i++) {
                share[byUser[i]] = (i - start + fraction(user, i - start)) / (end - start);
            }
            start = end;
        }
        Integer[] byShare = byUser;
        // A stable sort of rows that stand in the order of their users: equal shares keep each user's order.
        Arrays.sort(byShare, Comparator.comparingDouble(row -> share[row]));
        long first = END.minus(SPAN).toEpochMilli();
        double step = (double) SPAN.toMillis() / n;
        long[] times = new long[n];
        for (int i = 0; i < n; i++) {
            times[byShare[i]] = first + (long) (i * step);
        }
        return times;
    }

    private static double fraction(int user, int rank) {
        return (Hashing.mix(((long) user << 32) + rank) >>> 11) * 0x1p-53;
    }
}

package dev.freshet.serving.score;

import java.util.Comparator;

/**
 * Where and when an interaction happened. The latest stamp of a (user, item) pair decides whether the pair is live.
 *
 * @param eventTime milliseconds since 1970 UTC
 * @param partition partition of the topic interactions
 * @param offset offset in that partition
 */
public record Stamp(long eventTime, int partition, long offset) implements Comparable<Stamp> {

    private static final Comparator<Stamp> ORDER = Comparator.comparingLong(Stamp::eventTime)
            .thenComparingInt(Stamp::partition)
            .thenComparingLong(Stamp::offset);

    @Override
    public int compareTo(Stamp other) {
        return ORDER.compare(this, other);
    }
}

package dev.freshet.serving.stream;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Whether interactions wait longer for their lists than they should. Neighbor lists come by thousands, after each checkpoint of the graph
 * job, and are not urgent by a second: while interactions are late, they come slowly. Thread-safe.
 */
final class Lateness {

    /** From an interaction's arrival at the broker to its list. */
    static final long LATE_MILLIS = 100;

    /** How long one that was late counts. */
    static final long COUNTS_NANOS = 50_000_000;

    /** No list is held up for longer: what is behind it on the way to the stores would be, too. */
    static final long PATIENCE_MILLIS = 5000;

    private static final long PAUSE_NANOS = 1_000_000;

    private final LongSupplier clock;
    private final LongSupplier nanos;
    private volatile long lateUntil;

    /**
     * @param clock milliseconds since 1970
     * @param nanos as {@link System#nanoTime()}
     */
    Lateness(LongSupplier clock, LongSupplier nanos) {
        this.clock = clock;
        this.nanos = nanos;
        this.lateUntil = nanos.getAsLong();
    }

    /** Says how long an interaction has waited for its list. */
    void waited(long millis) {
        if (millis > LATE_MILLIS) {
            lateUntil = nanos.getAsLong() + COUNTS_NANOS;
        }
    }

    /** Whether one was late a moment ago. */
    boolean isLate() {
        return lateUntil - nanos.getAsLong() > 0;
    }

    /** Whether a list should wait that the broker has had since then, milliseconds since 1970. */
    boolean holds(long appended) {
        return isLate() && clock.getAsLong() - appended < PATIENCE_MILLIS;
    }

    /** Leaves the processor to others for a moment, if a list should wait, as of {@link #holds}. */
    void standBack(long appended) {
        if (holds(appended)) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}

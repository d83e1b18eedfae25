package dev.freshet.cli.bench;

import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;

/** The interactions of one measurement: when each was due, where the broker put it, when its list was read. Thread-safe. */
final class SentEvents {

    private static final int DIGITS = 3;

    private final long[] due;
    private final int[] partitions;
    private final long[] offsets;
    private final Map<String, Integer> waiting = new ConcurrentHashMap<>();
    private final Histogram latencies = latencies();
    private final AtomicInteger answered = new AtomicInteger();

    SentEvents(int size) {
        due = new long[size];
        partitions = new int[size];
        offsets = new long[size];
        Arrays.fill(partitions, -1);
    }

    /** A histogram of microseconds. */
    static Histogram latencies() {
        return new Histogram(DIGITS);
    }

    int size() {
        return due.length;
    }

    /** An event is about to be sent, that was due at this {@code System.nanoTime}. */
    synchronized void sending(int event, String user, Instant at, long dueNanos) {
        due[event] = dueNanos;
        waiting.put(key(user, at), event);
    }

    /** The broker has an event. */
    synchronized void taken(int event, int partition, long offset) {
        partitions[event] = partition;
        offsets[event] = offset;
    }

    /** The list that an event has caused was read; others are passed over. */
    void answered(String user, Instant causedBy, long nanos) {
        Integer event = waiting.remove(key(user, causedBy));
        if (event != null) {
            synchronized (this) {
                latencies.recordValue(micros(nanos - due[event]));
            }
            answered.incrementAndGet();
        }
    }

    boolean allAnswered() {
        return answered.get() == due.length;
    }

    /** From when an event was due until its list was read, of those whose list was. */
    synchronized Histogram lists() {
        return latencies.copy();
    }

    /** Told of an event: when it was due, and where the broker has it; partition -1 where it did not take it. */
    interface Visitor {
        void event(long dueNanos, int partition, long offset);
    }

    synchronized void forEach(Visitor visitor) {
        for (int event = 0; event < due.length; event++) {
            visitor.event(due[event], partitions[event], offsets[event]);
        }
    }

    static long micros(long nanos) {
        return Math.max(0, nanos / 1000);
    }

    private static String key(String user, Instant at) {
        return user + '@' + at.toEpochMilli();
    }
}

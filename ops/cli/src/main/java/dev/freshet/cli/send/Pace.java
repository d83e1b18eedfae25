package dev.freshet.cli.send;

import java.time.Instant;

/** When the interactions of a replay are due. Items are due at once. */
public sealed interface Pace {

    /** As fast as the broker takes them. */
    Pace FASTEST = new Fastest();

    /** So many times as fast as the event times pass; those before 1970 count as impossible and are due at once. */
    static Pace speed(double factor) {
        return new Speed(positive("speed", factor));
    }

    /** So many interactions a second, whatever their event times. */
    static Pace rate(double perSecond) {
        return new Rate(positive("rate", perSecond));
    }

    /** A schedule that begins now. */
    Schedule start();

    /** The times at which interactions are due, asked for one after the other. */
    interface Schedule {

        /** Nanoseconds after the start at which the next interaction is due. */
        long due(Instant eventTime);
    }

    /** See {@link #FASTEST}. */
    record Fastest() implements Pace {
        @Override
        public Schedule start() {
            return eventTime -> 0;
        }
    }

    /** See {@link #speed}. */
    record Speed(double factor) implements Pace {
        @Override
        public Schedule start() {
            return new Schedule() {
                private Instant first;

                @Override
                public long due(Instant eventTime) {
                    if (eventTime.isBefore(Instant.EPOCH)) {
                        return 0;
                    }
                    if (first == null) {
                        first = eventTime;
                    }
                    return (long) ((eventTime.toEpochMilli() - first.toEpochMilli()) * 1e6 / factor);
                }
            };
        }
    }

    /** See {@link #rate}. */
    record Rate(double perSecond) implements Pace {
        @Override
        public Schedule start() {
            return new Schedule() {
                private long sent;

                @Override
                public long due(Instant eventTime) {
                    return (long) (sent++ * 1e9 / perSecond);
                }
            };
        }
    }

    private static double positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " is " + value + "; it must be a number above 0");
        }
        return value;
    }
}

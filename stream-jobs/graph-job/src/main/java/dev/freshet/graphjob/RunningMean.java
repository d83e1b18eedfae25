package dev.freshet.graphjob;

import java.util.ArrayDeque;
import java.util.Deque;

/** The mean of the last values. Thread-safe. */
final class RunningMean {

    private final int most;
    private final Deque<Double> values = new ArrayDeque<>();

    /** @param most how many values count */
    RunningMean(int most) {
        this.most = most;
    }

    synchronized void add(double value) {
        values.addLast(value);
        if (values.size() > most) {
            values.removeFirst();
        }
    }

    /** NaN before the first value. */
    synchronized double value() {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }
}

package dev.freshet.cli.replay;

import java.util.HashMap;
import java.util.Map;

/**
 * The mean of differences, event by event, with a 95 % interval. A user's events are alike, so the interval takes users, not events, as
 * independent: with S the sum and n the number of a user's differences, N the number of all, m their mean and U the number of users,
 * it is m ± 1.96 √(U/(U−1) · Σ (S − n m)²) / N.
 */
final class PairedDifference {

    private static final double NORMAL_95 = 1.96;

    private static final class OfUser {
        private double sum;
        private long events;
    }

    private final Map<String, OfUser> users = new HashMap<>();
    private double sum;
    private long events;

    void add(String user, double difference) {
        OfUser of = users.computeIfAbsent(user, id -> new OfUser());
        of.sum += difference;
        of.events++;
        sum += difference;
        events++;
    }

    /** The mean; 0 of no events. */
    double mean() {
        return events == 0 ? 0 : sum / events;
    }

    /** Half the width of the interval; not a number for fewer than two users. */
    double halfWidth() {
        if (users.size() < 2) {
            return Double.NaN;
        }
        double mean = mean();
        double squares = 0;
        for (OfUser of : users.values()) {
            double rest = of.sum - of.events * mean;
            squares += rest * rest;
        }
        return NORMAL_95 * Math.sqrt(squares * users.size() / (users.size() - 1.0)) / events;
    }

    /** Number of users. */
    int users() {
        return users.size();
    }
}

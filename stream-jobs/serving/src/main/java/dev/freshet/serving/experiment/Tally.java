package dev.freshet.serving.experiment;

import java.util.Optional;

/**
 * The outcomes of an arm's users, summed up so that means over events come with intervals that take users, not events, as independent: users are what the split draws.
 *
 * <p>Of users u with n events and the sum s of a measure, the mean is R = Σs / Σn, and its variance by the delta method
 * (Deng, Knoblich and Lu, KDD 2018)
 *
 * <pre>U / (U − 1) · Σ(s − R n)² / (Σn)²</pre>
 *
 * over the U users with events. Thread-safe.
 */
public final class Tally {

    /** With fewer users, no interval is given. */
    static final int MIN_USERS = 20;

    private static final int MEASURES = Measure.values().length;

    private long users;
    private double n;
    private double nn;
    private final double[] s = new double[MEASURES];
    private final double[] ss = new double[MEASURES];
    private final double[] sn = new double[MEASURES];

    /** Replaces what is known of a user. */
    public synchronized void replace(Outcome before, Outcome after) {
        add(before, -1);
        add(after, 1);
    }

    private void add(Outcome outcome, int sign) {
        if (outcome.events() == 0) {
            return;
        }
        users += sign;
        n += sign * (double) outcome.events();
        nn += sign * (double) outcome.events() * outcome.events();
        for (Measure measure : Measure.values()) {
            int m = measure.ordinal();
            double sum = measure.sum(outcome);
            s[m] += sign * sum;
            ss[m] += sign * sum * sum;
            sn[m] += sign * sum * outcome.events();
        }
    }

    /** This one's users and another's together, as of now. */
    public Tally plus(Tally other) {
        Tally both = new Tally();
        both.addAll(this);
        both.addAll(other);
        return both;
    }

    private void addAll(Tally other) {
        synchronized (other) {
            users += other.users;
            n += other.n;
            nn += other.nn;
            for (int m = 0; m < MEASURES; m++) {
                s[m] += other.s[m];
                ss[m] += other.ss[m];
                sn[m] += other.sn[m];
            }
        }
    }

    /** Users with measured events. */
    public synchronized long users() {
        return users;
    }

    /** Measured events. */
    public synchronized long events() {
        return Math.round(n);
    }

    /** The mean over all events; nothing where there are none. */
    public synchronized Optional<Estimate> estimate(Measure measure) {
        return users == 0 ? Optional.empty() : Optional.of(Estimate.of(mean(measure), variance(measure)));
    }

    /** How much higher this mean is than another's, whose users are others; nothing where one has no events. */
    public Optional<Estimate> difference(Tally other, Measure measure) {
        Tally mine = plus(new Tally());
        Tally theirs = other.plus(new Tally());
        return mine.users == 0 || theirs.users == 0
                ? Optional.empty()
                : Optional.of(Estimate.of(
                        mine.mean(measure) - theirs.mean(measure), mine.variance(measure) + theirs.variance(measure)));
    }

    private double mean(Measure measure) {
        return s[measure.ordinal()] / n;
    }

    private double variance(Measure measure) {
        if (users < MIN_USERS) {
            return Double.NaN;
        }
        int m = measure.ordinal();
        double r = mean(measure);
        // Sums of doubles may fall a little below 0.
        double residuals = Math.max(0, ss[m] - 2 * r * sn[m] + r * r * nn);
        return users / (users - 1.0) * residuals / (n * n);
    }
}

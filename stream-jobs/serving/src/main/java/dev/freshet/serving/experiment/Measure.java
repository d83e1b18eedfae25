package dev.freshet.serving.experiment;

import java.util.function.ToDoubleFunction;

/** What is measured of an arm: a mean over its events. */
public enum Measure {
    HIT_RATE("hit_rate@" + Outcome.K, Outcome::hits),
    MRR("mrr", Outcome::reciprocalRanks),
    NDCG("ndcg@" + Outcome.K, Outcome::gains),
    FALLBACK("fallback", Outcome::fallbacks);

    private final String label;
    private final ToDoubleFunction<Outcome> sum;

    Measure(String label, ToDoubleFunction<Outcome> sum) {
        this.label = label;
        this.sum = sum;
    }

    /** Its name, as {@code freshet replay} has it. */
    public String label() {
        return label;
    }

    double sum(Outcome outcome) {
        return sum.applyAsDouble(outcome);
    }
}

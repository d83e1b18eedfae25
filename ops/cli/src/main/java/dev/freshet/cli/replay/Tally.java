package dev.freshet.cli.replay;

import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Sums over the predictions of one contender. */
final class Tally {

    private final Map<Metric, Double> sums = new EnumMap<>(Metric.class);
    private final Set<String> recommended = new HashSet<>();
    private long events;
    private long fallbacks;
    private double surprise;
    private long items;

    /**
     * Takes a prediction.
     *
     * @param rank rank of the item that was taken, 0 for none
     * @param pairs says how surprising an item is
     */
    void add(Prediction prediction, int rank, LivePairs pairs) {
        events++;
        fallbacks += prediction.fallback() ? 1 : 0;
        for (Metric metric : Metric.values()) {
            sums.merge(metric, metric.of(rank), Double::sum);
        }
        for (String item : prediction.items()) {
            surprise += pairs.surprise(item);
            items++;
        }
        recommended.addAll(prediction.items());
    }

    /** Number of predictions. */
    long events() {
        return events;
    }

    /** Mean of a metric; 0 of no predictions. */
    double mean(Metric metric) {
        return sums.getOrDefault(metric, 0.0) / Math.max(1, events);
    }

    /** Share of the predictions that the contender had to take from another way. */
    double fallback() {
        return fallbacks / (double) Math.max(1, events);
    }

    /** Share of some items that were recommended to someone. */
    double coverage(Set<String> known) {
        return recommended.stream().filter(known::contains).count() / (double) Math.max(1, known.size());
    }

    /** Mean −log2 of the share of the users that have a recommended item. */
    double novelty() {
        return surprise / Math.max(1, items);
    }
}

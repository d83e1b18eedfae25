package dev.freshet.serving.score;

import dev.freshet.topic.Intake;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How much an action counts. An interaction counts with the product of this and its own weight. */
public final class ActionWeights {

    /** Every action 1, a dislike −1: then the events' own weights alone decide. */
    public static final ActionWeights DEFAULT = of(Map.of());

    private static final double PLAIN = 1;

    /** Sums and shares of weights up to this are finite. */
    private static final double MAX = 1e100;

    private final Map<String, Double> weights = new TreeMap<>();

    private ActionWeights() {}

    /**
     * The default, but for some actions.
     *
     * @param weights weights by action
     * @throws IllegalArgumentException if a dislike's is positive, or another's negative: whether a pair counts is the same to all readers of
     *     the topic, so it cannot be a setting of this one
     */
    public static ActionWeights of(Map<String, Double> weights) {
        ActionWeights all = new ActionWeights();
        all.weights.put(Intake.DISLIKE, -PLAIN);
        weights.forEach((action, weight) -> {
            if (!Double.isFinite(weight)) {
                throw new IllegalArgumentException(action + " is " + weight + "; it must be finite");
            }
            if (Intake.isDislike(action) && weight > 0) {
                throw new IllegalArgumentException(action + " is " + weight + "; a dislike cannot be positive");
            }
            if (!Intake.isDislike(action) && weight < 0) {
                throw new IllegalArgumentException(action + " is " + weight + "; only " + Intake.DISLIKE
                        + " may be negative, since the graphs count every other action");
            }
            all.weights.put(action, weight);
        });
        return all;
    }

    /** A user's items with the weights that they count with. */
    public Taste taste(List<HistoryItem> live, List<HistoryItem> disliked) {
        return new Taste(weighted(live), weighted(disliked));
    }

    private static double bounded(double weight) {
        return Math.max(-MAX, Math.min(MAX, weight));
    }

    private List<HistoryItem> weighted(List<HistoryItem> items) {
        return items.stream()
                .map(entry -> new HistoryItem(
                        entry.item(),
                        entry.action(),
                        bounded(entry.weight() * weights.getOrDefault(entry.action(), PLAIN)),
                        entry.stamp()))
                .toList();
    }
}

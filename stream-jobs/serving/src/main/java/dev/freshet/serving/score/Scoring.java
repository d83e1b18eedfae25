package dev.freshet.serving.score;

/**
 * Settings that shape recommendations.
 *
 * @param weights how much each action counts
 * @param filter which items are offered at all
 * @param diversity how much it counts that an item differs from those before it, 0 to 1
 */
public record Scoring(ActionWeights weights, ItemFilter filter, double diversity) {

    /** What holds unless something else is asked for. */
    public static final Scoring DEFAULT = new Scoring(ActionWeights.DEFAULT, ItemFilter.NONE, 0);
}

package dev.freshet.serving.score;

/**
 * Settings that shape recommendations.
 *
 * @param weights how much each action counts
 * @param filter which items are offered at all
 */
public record Scoring(ActionWeights weights, ItemFilter filter) {

    /** What holds unless something else is asked for. */
    public static final Scoring DEFAULT = new Scoring(ActionWeights.DEFAULT, ItemFilter.NONE);
}

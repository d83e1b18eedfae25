package dev.freshet.serving.score;

/**
 * Settings that shape recommendations.
 *
 * @param weights how much each action counts
 */
public record Scoring(ActionWeights weights) {

    /** What holds unless something else is asked for. */
    public static final Scoring DEFAULT = new Scoring(ActionWeights.DEFAULT);
}

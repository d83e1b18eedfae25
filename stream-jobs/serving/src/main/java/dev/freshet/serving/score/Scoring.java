package dev.freshet.serving.score;

import dev.freshet.topic.Split;

/**
 * Settings that shape recommendations.
 *
 * @param weights how much each action counts
 * @param filter which items are offered at all
 * @param diversity how much it counts that an item differs from those before it, 0 to 1
 * @param split which model scores whom
 * @param exactItems items of a model up to which all are looked at; more are searched by an index, which finds most of the best
 */
public record Scoring(ActionWeights weights, ItemFilter filter, double diversity, Split split, int exactItems) {

    /** Where an index begins to be worth building for each release, by measurement: docs/benchmarks.md. */
    public static final int EXACT_ITEMS = 100_000;

    /** What holds unless something else is asked for. */
    public static final Scoring DEFAULT =
            new Scoring(ActionWeights.DEFAULT, ItemFilter.NONE, 0, Split.NONE, EXACT_ITEMS);
}

package dev.freshet.serving.experiment;

/**
 * How well the lists that a user had foretold what the user then took: sums over the events that were measured.
 *
 * @param events events
 * @param hits those whose item was among the first {@value #K}
 * @param reciprocalRanks sum of 1 / rank over the hits
 * @param gains sum of 1 / log2(rank + 1) over the hits
 * @param fallbacks events whose list was made without a vector of the user
 */
public record Outcome(int events, int hits, double reciprocalRanks, double gains, int fallbacks) {

    /** Places of a list that count. */
    public static final int K = 20;

    /** Of a user of whom nothing was measured. */
    public static final Outcome NONE = new Outcome(0, 0, 0, 0, 0);

    /**
     * With one event more.
     *
     * @param rank place of its item in the list, from 1; 0 where it was not among the first {@value #K}
     * @param fallback whether the list was made without a vector of the user
     */
    public Outcome with(int rank, boolean fallback) {
        return new Outcome(
                events + 1,
                hits + (rank > 0 ? 1 : 0),
                reciprocalRanks + reciprocalRank(rank),
                gains + gain(rank),
                fallbacks + (fallback ? 1 : 0));
    }

    /** 1 / rank, 0 for none. */
    public static double reciprocalRank(int rank) {
        return rank == 0 ? 0 : 1.0 / rank;
    }

    /** 1 / log2(rank + 1), 0 for none: NDCG where one item is relevant. */
    public static double gain(int rank) {
        return rank == 0 ? 0 : Math.log(2) / Math.log(rank + 1);
    }
}

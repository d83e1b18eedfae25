package dev.freshet.graph;

/** Jaccard similarity of sets, from counts. */
public final class Jaccard {

    private Jaccard() {}

    /**
     * |A ∩ B| / |A ∪ B|, the one formula that batch and incremental graphs share, so that they agree to the last bit.
     *
     * @param common |A ∩ B|, at least 1
     * @param a |A|
     * @param b |B|
     */
    public static double of(int common, int a, int b) {
        return common / ((double) a + b - common);
    }
}

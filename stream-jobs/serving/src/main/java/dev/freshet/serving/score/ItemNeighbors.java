package dev.freshet.serving.score;

/**
 * The list of an item in the item-jaccard graph.
 *
 * @param version checkpoint at which it was computed
 * @param ids neighbors, weight descending, then id ascending
 * @param weights their similarities
 */
public record ItemNeighbors(long version, String[] ids, double[] weights) {

    /** The list of an item that the graph does not have. */
    public static final ItemNeighbors NONE = new ItemNeighbors(0, new String[0], new double[0]);
}

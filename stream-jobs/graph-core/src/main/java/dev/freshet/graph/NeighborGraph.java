package dev.freshet.graph;

import java.util.Arrays;

/**
 * A weighted directed graph over dense node ids in compressed sparse rows: the neighbors of node {@code i} are
 * {@code neighbors[offsets[i] .. offsets[i + 1])} with their weights, by weight descending, then id ascending. The arrays are not
 * copied.
 *
 * @param offsets start of each node's neighbors, [nodes + 1]
 * @param neighbors ids of the neighbors, [edges]
 * @param weights weights of the edges, [edges]
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
public record NeighborGraph(int[] offsets, int[] neighbors, double[] weights) {

    public NeighborGraph {
        int edges = offsets[offsets.length - 1];
        if (offsets[0] != 0 || neighbors.length != edges || weights.length != edges) {
            throw new IllegalArgumentException("offsets end at " + edges + ", but there are " + neighbors.length
                    + " neighbors and " + weights.length + " weights");
        }
    }

    /** Number of nodes. */
    public int nodes() {
        return offsets.length - 1;
    }

    /** Number of edges. */
    public int edges() {
        return neighbors.length;
    }

    /** Number of neighbors of {@code node}. */
    public int degree(int node) {
        return offsets[node + 1] - offsets[node];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NeighborGraph graph
                && Arrays.equals(offsets, graph.offsets)
                && Arrays.equals(neighbors, graph.neighbors)
                && Arrays.equals(weights, graph.weights);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(offsets) + Arrays.hashCode(neighbors)) + Arrays.hashCode(weights);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int node = 0; node < nodes(); node++) {
            text.append(node).append(':');
            for (int e = offsets[node]; e < offsets[node + 1]; e++) {
                text.append(' ').append(neighbors[e]).append('=').append(weights[e]);
            }
            text.append('\n');
        }
        return text.toString();
    }
}

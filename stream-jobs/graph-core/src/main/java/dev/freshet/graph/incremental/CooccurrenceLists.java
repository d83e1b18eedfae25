package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntSet;

/** Top-k by co-occurrence count, from a threshold up. Only touched pairs change. */
final class CooccurrenceLists extends TopKLists {

    private final int minCount;

    CooccurrenceLists(String graph, int minCount, int k, NodeTable nodes, NodeStore emitted) {
        super(graph, k, k, nodes, emitted);
        this.minCount = minCount;
    }

    @Override
    double weight(int node, int other, int count) {
        return count;
    }

    @Override
    void offer(int node, int[] ids, int[] counts, int size) {
        for (int e = 0; e < size; e++) {
            if (counts[e] >= minCount) {
                top.offer(counts[e], e);
            }
        }
    }

    @Override
    void refresh(IntSet rescored, long version, ListSink sink, IntArrayList unclear) {
        // Weights do not depend on degrees.
    }
}

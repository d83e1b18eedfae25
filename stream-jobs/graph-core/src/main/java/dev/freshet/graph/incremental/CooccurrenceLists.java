package dev.freshet.graph.incremental;

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
    int offer(int node, int[] ids, int[] counts, int size) {
        int offered = 0;
        for (int e = 0; e < size; e++) {
            if (counts[e] >= minCount) {
                top.offer(counts[e], e);
                offered++;
            }
        }
        return offered;
    }

    @Override
    boolean degreesChanged() {
        return false;
    }

    @Override
    double rise(int node) {
        return 1;
    }
}

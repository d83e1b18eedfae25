package dev.freshet.graph.batch;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.IdIndex;
import dev.freshet.graph.Jaccard;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.TopK;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Builds the graphs from all interactions at once: for training on a data set on disk, and as the oracle that the
 * incremental graphs must equal.
 */
public final class BatchGraphs {

    private interface Weight {
        double of(int common, int rowA, int rowB);
    }

    private BatchGraphs() {}

    /**
     * The k rows most similar to each row by Jaccard similarity of their column sets, among those with a column in common.
     *
     * @param sets users × items for the user graph, items × users for the item graph
     */
    public static NeighborGraph jaccard(BinaryMatrix sets, int k) {
        return build(sets, 1, k, (common, a, b) -> Jaccard.of(common, sets.degree(a), sets.degree(b)));
    }

    /**
     * The rows that have most columns in common with each row.
     *
     * @param minCount fewest common columns of an edge (ξ), at least 1
     */
    public static NeighborGraph cooccurrence(BinaryMatrix sets, int minCount, int topK) {
        return build(sets, minCount, topK, (common, a, b) -> common);
    }

    /**
     * Every graph of the loop over these live interactions, cut by the settings, and items, as a snapshot has it: lists by graph name.
     * The graphs by content take all interactions.
     */
    public static Map<String, List<NeighborList>> all(
            List<LiveInteraction> interactions, Collection<Item> items, GraphSettings settings) {
        Map<String, List<NeighborList>> graphs = interactions(interactions, settings);
        graphs.putAll(BatchContent.all(interactions, items, settings.contentTopK()));
        return graphs;
    }

    private static Map<String, List<NeighborList>> interactions(
            List<LiveInteraction> interactions, GraphSettings settings) {
        LiveMatrix live = LiveMatrix.of(Cuts.apply(interactions, settings));
        BinaryMatrix byUser = live.matrix();
        BinaryMatrix byItem = byUser.transpose();
        Map<String, List<NeighborList>> graphs = new TreeMap<>();
        graphs.put(
                GraphNames.ITEM_JACCARD,
                lists(GraphNames.ITEM_JACCARD, jaccard(byItem, settings.topK()), byItem, live.items()));
        graphs.put(
                GraphNames.USER_JACCARD,
                lists(GraphNames.USER_JACCARD, jaccard(byUser, settings.topK()), byUser, live.users()));
        graphs.put(
                GraphNames.ITEM_COOCCURRENCE,
                lists(
                        GraphNames.ITEM_COOCCURRENCE,
                        cooccurrence(byItem, settings.cooccurrenceMin(), settings.cooccurrenceTopK()),
                        byItem,
                        live.items()));
        if (settings.userCooccurrenceTopK() > 0) {
            graphs.put(
                    GraphNames.USER_COOCCURRENCE,
                    lists(
                            GraphNames.USER_COOCCURRENCE,
                            cooccurrence(byUser, 1, settings.userCooccurrenceTopK()),
                            byUser,
                            live.users()));
        }
        return graphs;
    }

    /**
     * The graph's non-empty lists by node ascending, with version 0.
     *
     * @param sets what the graph was built from, for the degrees
     * @param ids ids of the rows of {@code sets}
     */
    public static List<NeighborList> lists(String name, NeighborGraph graph, BinaryMatrix sets, IdIndex ids) {
        List<NeighborList> lists = new ArrayList<>();
        for (int node = 0; node < graph.nodes(); node++) {
            if (graph.degree(node) > 0) {
                List<Neighbor> neighbors = new ArrayList<>(graph.degree(node));
                for (int e = graph.offsets()[node]; e < graph.offsets()[node + 1]; e++) {
                    neighbors.add(new Neighbor(ids.id(graph.neighbors()[e]), graph.weights()[e]));
                }
                lists.add(new NeighborList(name, ids.id(node), neighbors, sets.degree(node), 0L));
            }
        }
        return lists;
    }

    /** Gustavson's sparse product of the sets with their transpose, row by row, each reduced to its k best at once. */
    private static NeighborGraph build(BinaryMatrix sets, int minCount, int k, Weight weight) {
        BinaryMatrix inverted = sets.transpose();
        int nodes = sets.rows();
        int[] counts = new int[nodes];
        int[] touched = new int[nodes];
        TopK best = new TopK(k, Integer::compare);
        int[] offsets = new int[nodes + 1];
        IntArrayList neighbors = new IntArrayList();
        DoubleArrayList weights = new DoubleArrayList();
        for (int node = 0; node < nodes; node++) {
            int size = 0;
            for (int e = sets.start(node); e < sets.start(node + 1); e++) {
                int column = sets.column(e);
                for (int f = inverted.start(column); f < inverted.start(column + 1); f++) {
                    int other = inverted.column(f);
                    if (counts[other]++ == 0) {
                        touched[size++] = other;
                    }
                }
            }
            best.clear();
            for (int t = 0; t < size; t++) {
                int other = touched[t];
                if (other != node && counts[other] >= minCount) {
                    best.offer(weight.of(counts[other], node, other), other);
                }
                counts[other] = 0;
            }
            best.sort();
            for (int rank = 0; rank < best.size(); rank++) {
                neighbors.add(best.id(rank));
                weights.add(best.weight(rank));
            }
            offsets[node + 1] = neighbors.size();
        }
        return new NeighborGraph(offsets, neighbors.toIntArray(), weights.toDoubleArray());
    }
}

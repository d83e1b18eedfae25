package dev.freshet.trainer.data;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.knn.CosineNeighbors;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What a model is trained on: interactions, features, and the graphs of both, over dense ids. A graph that is not given is
 * built when first asked for, by the same code that the stream's graphs are checked against. Not thread-safe.
 */
public final class TrainingData {

    private final Interactions train;
    private final SortedMap<String, Features> features;
    private final Map<String, NeighborGraph> graphs;
    private final Map<String, NeighborGraph> built = new HashMap<>();
    private final int threads;

    /**
     * @param train pairs to train on
     * @param features feature vectors by modality; may be empty
     * @param graphs graphs at hand, by name; see the getters
     * @param threads threads for building graphs
     */
    public TrainingData(
            Interactions train, Map<String, Features> features, Map<String, NeighborGraph> graphs, int threads) {
        this.train = train;
        this.features = Collections.unmodifiableSortedMap(new TreeMap<>(features));
        this.graphs = Map.copyOf(graphs);
        this.threads = threads;
        features.forEach((modality, vectors) -> {
            if (vectors.items() != train.items()) {
                throw new IllegalArgumentException(
                        modality + " features of " + vectors.items() + " items, but there are " + train.items());
            }
        });
    }

    public int users() {
        return train.users();
    }

    public int items() {
        return train.items();
    }

    public Interactions train() {
        return train;
    }

    /** Features by modality. */
    public SortedMap<String, Features> features() {
        return features;
    }

    /** Users by Jaccard similarity of their items; given as {@link GraphNames#USER_JACCARD}. */
    public NeighborGraph userJaccard(int k) {
        return graph(GraphNames.USER_JACCARD, k, () -> BatchGraphs.jaccard(train.matrix(), k));
    }

    /** Items by Jaccard similarity of their users; given as {@link GraphNames#ITEM_JACCARD}. */
    public NeighborGraph itemJaccard(int k) {
        return graph(
                GraphNames.ITEM_JACCARD,
                k,
                () -> BatchGraphs.jaccard(train.matrix().transpose(), k));
    }

    /** Items by the number of common users, from {@code min} up. */
    public NeighborGraph itemCooccurrence(int min, int k) {
        return built.computeIfAbsent(
                "item-cooccurrence/" + min + '/' + k,
                missing -> BatchGraphs.cooccurrence(train.matrix().transpose(), min, k));
    }

    /** Users by the number of common items. */
    public NeighborGraph userCooccurrence(int k) {
        return built.computeIfAbsent(
                "user-cooccurrence/" + k, missing -> BatchGraphs.cooccurrence(train.matrix(), 1, k));
    }

    /** Items by cosine of their features; given as {@link #publishedGraph} or {@link GraphNames#itemContent}. */
    public NeighborGraph itemContent(String modality, int k) {
        Features vectors = features.get(modality);
        return graph(
                hasPublishedGraph(modality) ? publishedGraph(modality) : GraphNames.itemContent(modality),
                k,
                () -> CosineNeighbors.of(vectors.values(), items(), vectors.dimension(), k, threads));
    }

    /** Items by cosine of their features where all modalities agree, if given as {@link GraphNames#itemDenoised}. */
    public Optional<NeighborGraph> itemDenoised(String modality, int k) {
        return Optional.ofNullable(graphs.get(GraphNames.itemDenoised(modality)))
                .map(graph -> first(graph, k));
    }

    /** Name of a modality's graph of items that comes from elsewhere and stands in for its features. */
    public static String publishedGraph(String modality) {
        return "published:" + modality;
    }

    /** Users by cosine of their profiles; given as {@link GraphNames#userProfile}. */
    public NeighborGraph userProfile(String modality, int k) {
        return graph(
                GraphNames.userProfile(modality),
                k,
                () -> CosineNeighbors.of(
                        profiles(modality), users(), features.get(modality).dimension(), k, threads));
    }

    /**
     * Mean of the raw features of each user's items, over the items that have them (SPUMR, Eq. 1, before the projection); zeros
     * where there are none. Users × dimension.
     */
    public float[] profiles(String modality) {
        Features vectors = features.get(modality);
        int dimension = vectors.dimension();
        float[] profiles = new float[Math.multiplyExact(users(), dimension)];
        double[] sum = new double[dimension];
        for (int user = 0; user < users(); user++) {
            Arrays.fill(sum, 0);
            int count = 0;
            for (int p = train.start(user); p < train.start(user + 1); p++) {
                int item = train.item(p);
                if (vectors.present()[item]) {
                    count++;
                    for (int d = 0, at = item * dimension; d < dimension; d++, at++) {
                        sum[d] += vectors.values()[at];
                    }
                }
            }
            for (int d = 0, at = user * dimension; d < dimension && count > 0; d++, at++) {
                profiles[at] = (float) (sum[d] / count);
            }
        }
        return profiles;
    }

    /** Threads for building graphs. */
    public int threads() {
        return threads;
    }

    /** Whether a modality has a {@link #publishedGraph}. */
    public boolean hasPublishedGraph(String modality) {
        return graphs.containsKey(publishedGraph(modality));
    }

    private NeighborGraph graph(String name, int k, Supplier<NeighborGraph> build) {
        NeighborGraph given = graphs.get(name);
        return given != null ? first(given, k) : built.computeIfAbsent(name + '/' + k, missing -> build.get());
    }

    /** The graph with at most k neighbors per node. */
    private static NeighborGraph first(NeighborGraph graph, int k) {
        int[] offsets = new int[graph.nodes() + 1];
        for (int node = 0; node < graph.nodes(); node++) {
            offsets[node + 1] = offsets[node] + Math.min(k, graph.degree(node));
        }
        if (offsets[graph.nodes()] == graph.edges()) {
            return graph;
        }
        int[] neighbors = new int[offsets[graph.nodes()]];
        double[] weights = new double[neighbors.length];
        for (int node = 0; node < graph.nodes(); node++) {
            int count = offsets[node + 1] - offsets[node];
            System.arraycopy(graph.neighbors(), graph.offsets()[node], neighbors, offsets[node], count);
            System.arraycopy(graph.weights(), graph.offsets()[node], weights, offsets[node], count);
        }
        return new NeighborGraph(offsets, neighbors, weights);
    }
}

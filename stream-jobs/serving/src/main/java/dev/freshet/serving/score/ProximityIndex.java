package dev.freshet.serving.score;

import dev.freshet.graph.knn.Workers;
import io.github.jbellis.jvector.graph.GraphIndexBuilder;
import io.github.jbellis.jvector.graph.GraphSearcher;
import io.github.jbellis.jvector.graph.ImmutableGraphIndex;
import io.github.jbellis.jvector.graph.SearchResult;
import io.github.jbellis.jvector.graph.similarity.BuildScoreProvider;
import io.github.jbellis.jvector.graph.similarity.DefaultSearchScoreProvider;
import io.github.jbellis.jvector.graph.similarity.ScoreFunction;
import io.github.jbellis.jvector.graph.similarity.SearchScoreProvider;
import io.github.jbellis.jvector.util.Accountable;
import io.github.jbellis.jvector.util.Bits;
import io.github.jbellis.jvector.vector.VectorizationProvider;
import io.github.jbellis.jvector.vector.types.VectorFloat;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/**
 * Finds most of the items with the highest dot products with a user without looking at all: a navigable graph (HNSW, Malkov and Yashunin,
 * TPAMI 2020, with the pruning of DiskANN, NeurIPS 2019; the library is JVector). Such a graph wants a metric, which a dot product is not: so every item
 * vector x gets a coordinate more, √(M² − ‖x‖²), that makes it as long as the longest, M, and a user vector a 0 there. Products with users stay as they are,
 * and the nearest are those of the highest product (Bachrach et al., RecSys 2014, Eq. 3).
 *
 * <p>Nodes are the items' places in memory, so that the longest, which many searches pass, are linked first. Immutable, thread-safe; it goes with its items.
 */
final class ProximityIndex {

    private static final int DEGREE = 32;
    private static final int BUILD_BEAM = 100;
    private static final float OVERFLOW = 1.2f;
    private static final float PRUNING = 1.4f;

    /** So many are linked by one thread: where the first are linked at once, they can miss one another, and searches what only they lead to. */
    private static final int ALONE = 2 * DEGREE;

    /** Share of M² below which distances count as small: far below that of neighbors, so that pruning compares the distances' ratio. */
    private static final double SMALL = 1e-3;

    /** Fewest that a search keeps at hand, and all that are wanted if more: more finds more, and takes longer. */
    private static final int SEARCH_BEAM = 100;

    /** Most that are looked for: to find more, looking at all is quicker. */
    static final int MOST = 1000;

    /** Asked about so many times as many as it keeps at hand, a search takes most to be excluded: then looking at all is quicker. */
    private static final int ASKED = 4;

    private final ItemMatrix items;
    private final VectorRows vectors;
    private final ImmutableGraphIndex graph;
    private final Queue<GraphSearcher> searchers = new ConcurrentLinkedQueue<>();

    private ProximityIndex(ItemMatrix items, VectorRows vectors, ImmutableGraphIndex graph) {
        this.items = items;
        this.vectors = vectors;
        this.graph = graph;
    }

    /**
     * Builds it; that takes minutes where items are many.
     *
     * @param threads threads to build with
     * @param wanted whether to go on; asked for each item
     * @return null if it was not to go on
     */
    static ProximityIndex build(ItemMatrix items, int threads, BooleanSupplier wanted) {
        int size = items.size();
        VectorRows vectors = new VectorRows(items);
        Distances distances = new Distances(items, vectors);
        // The library's own pool would take all processors.
        ForkJoinPool pool = new ForkJoinPool(threads);
        try {
            GraphIndexBuilder builder = new GraphIndexBuilder(
                    distances, items.dimension() + 1, DEGREE, BUILD_BEAM, OVERFLOW, PRUNING, true, false, pool, pool);
            AtomicInteger next = new AtomicInteger();
            AtomicInteger linked = new AtomicInteger();
            IntConsumer linking = end -> {
                int place = next.getAndIncrement();
                for (; place < end && wanted.getAsBoolean(); place = next.getAndIncrement()) {
                    builder.addGraphNode(place, distances.from(place));
                    linked.incrementAndGet();
                }
            };
            int first = Math.min(ALONE, size);
            linking.accept(first);
            next.set(first);
            Workers.run(threads, "linking items", thread -> linking.accept(size));
            if (linked.get() < size) {
                return null;
            }
            builder.cleanup();
            return new ProximityIndex(items, vectors, builder.getGraph());
        } finally {
            pool.shutdown();
        }
    }

    /** Bytes that it takes, besides the items. */
    long bytes() {
        return ((Accountable) graph).ramBytesUsed() + vectors.bytes();
    }

    /**
     * Offers most of the rows with the highest dot products with a user.
     *
     * @return whether as many were found as the search keeps; if not, it is as it was
     */
    boolean best(Search search) {
        float[] user = search.user();
        int count = search.k();
        // The longest comes first.
        double most = items.lengthAt(0) * FoldIn.norm(user);
        if (count > MOST || most == 0) {
            return false;
        }
        float[] padded = vectors.padded(user);
        // From 0 to 1, as the library wants them.
        SearchScoreProvider scores = new DefaultSearchScoreProvider(
                (ScoreFunction.ExactScoreFunction) place -> (float) ((1 + vectors.product(padded, place) / most) / 2));
        int beam = Math.max(SEARCH_BEAM, count);
        Admitted admitted = new Admitted(place -> search.excluded().test(items.rowAt(place)), ASKED * beam);
        GraphSearcher pooled = searchers.poll();
        GraphSearcher searcher = pooled == null ? new GraphSearcher(graph) : pooled;
        SearchResult.NodeScore[] found =
                searcher.search(scores, count, beam, 0, 0, admitted).getNodes();
        searchers.add(searcher);
        if (found.length < count || admitted.left < 0) {
            return false;
        }
        for (SearchResult.NodeScore each : found) {
            // By the very products of a look at all.
            search.best().offer(items.productAt(user, each.node), items.rowAt(each.node));
        }
        return true;
    }

    /** Places that are offered, of the first that are asked about; then all, so that a search that is in vain ends. */
    private static final class Admitted implements Bits {

        private final IntPredicate excluded;
        private int left;

        Admitted(IntPredicate excluded, int left) {
            this.excluded = excluded;
            this.left = left;
        }

        @Override
        public boolean get(int place) {
            return --left < 0 || !excluded.test(place);
        }
    }

    /** Scores from 0 to 1 that fall with the square distance between items, with their further coordinates. */
    private static final class Distances implements BuildScoreProvider {

        private final VectorRows vectors;
        private final int dimension;
        /** M². */
        private final double square;
        /** The further coordinate of each item. */
        private final float[] further;

        Distances(ItemMatrix items, VectorRows vectors) {
            this.vectors = vectors;
            this.dimension = items.dimension();
            // The longest comes first.
            double longest = items.lengthAt(0);
            this.square = Math.max(longest * longest, Double.MIN_NORMAL);
            this.further = new float[items.size()];
            for (int place = 0; place < further.length; place++) {
                double length = items.lengthAt(place);
                further[place] = (float) Math.sqrt(Math.max(0, longest * longest - length * length));
            }
        }

        SearchScoreProvider from(int place) {
            double own = further[place];
            return new DefaultSearchScoreProvider((ScoreFunction.ExactScoreFunction) other -> {
                double half = 1 - (vectors.product(place, other) + own * further[other]) / square;
                return (float) (SMALL / (SMALL + 2 * Math.max(0, half)));
            });
        }

        @Override
        public boolean isExact() {
            return true;
        }

        @Override
        public VectorFloat<?> approximateCentroid() {
            return VectorizationProvider.getInstance().getVectorTypeSupport().createFloatVector(dimension + 1);
        }

        @Override
        public SearchScoreProvider searchProviderFor(VectorFloat<?> vector) {
            throw new UnsupportedOperationException("items are known by their places");
        }

        @Override
        public SearchScoreProvider searchProviderFor(int place) {
            return from(place);
        }

        @Override
        public SearchScoreProvider diversityProviderFor(int place) {
            return from(place);
        }
    }
}

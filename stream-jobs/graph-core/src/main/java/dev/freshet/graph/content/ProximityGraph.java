package dev.freshet.graph.content;

import dev.freshet.graph.knn.Dot;
import dev.freshet.graph.knn.Workers;
import io.github.jbellis.jvector.graph.GraphIndexBuilder;
import io.github.jbellis.jvector.graph.GraphSearcher;
import io.github.jbellis.jvector.graph.SearchResult;
import io.github.jbellis.jvector.graph.similarity.BuildScoreProvider;
import io.github.jbellis.jvector.graph.similarity.DefaultSearchScoreProvider;
import io.github.jbellis.jvector.graph.similarity.ScoreFunction;
import io.github.jbellis.jvector.graph.similarity.SearchScoreProvider;
import io.github.jbellis.jvector.vector.VectorizationProvider;
import io.github.jbellis.jvector.vector.types.VectorFloat;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Finds most of the nearest of a vector without comparing it with all: a navigable graph (HNSW, Malkov and Yashunin, TPAMI 2020, with
 * DiskANN's pruning; the library is JVector). Unlike {@link PairScan}, what it finds depends on the order in which vectors came.
 *
 * <p>A vector that changes gets a new node. Old nodes lead searches on until they are an eighth of all, and then go; the graph is built
 * anew when most of its numbers are used up.
 */
final class ProximityGraph {

    private static final int DEGREE = 32;
    private static final int BUILD_BEAM = 100;
    /** So many are linked by one thread: where the first are linked at once, they can miss one another, and searches what only they lead to. */
    private static final int ALONE = 2 * DEGREE;

    private static final float OVERFLOW = 1.2f;
    private static final float PRUNING = 1.2f;

    /** About how many vectors one is compared with when it is added or searched for. */
    static final int VISITS = DEGREE * BUILD_BEAM;

    private static final int GARBAGE_SHARE = 8;
    private static final int NUMBERS_PER_VECTOR = 4;

    private final UnitVectors vectors;
    private final int threads;
    private final Pace pace;
    private GraphIndexBuilder graph;
    /** Unit vectors by node. */
    private float[][] rows = {};
    /** Slots by node; -1 for one that is deleted. */
    private final IntArrayList slots = new IntArrayList();
    /** Nodes by slot, or -1. */
    private int[] nodes = {};

    private int live;
    private int garbage;

    /** Of a search: slots and cosines, best first. */
    @SuppressWarnings("ArrayRecordComponent") // made and read here, in bulk
    record Found(int[] slots, float[] cosines) {}

    /** Takes all vectors. */
    ProximityGraph(UnitVectors vectors, int threads, Pace pace) {
        this.vectors = vectors;
        this.threads = threads;
        this.pace = pace;
        rebuild();
    }

    private void rebuild() {
        graph = new GraphIndexBuilder(
                new Scores(), vectors.dimension(), DEGREE, BUILD_BEAM, OVERFLOW, PRUNING, true, false);
        slots.clear();
        rows = new float[0][];
        nodes = new int[0];
        live = 0;
        garbage = 0;
        IntArrayList all = new IntArrayList();
        for (int slot = 0; slot < vectors.end(); slot++) {
            if (vectors.isLive(slot)) {
                all.add(slot);
            }
        }
        add(all);
    }

    /** Takes over what has changed: slots that have another vector than before, or none. */
    void update(int[] changed) {
        ensure(vectors.end());
        IntArrayList set = new IntArrayList();
        for (int slot : changed) {
            if (nodes[slot] >= 0) {
                graph.markNodeDeleted(nodes[slot]);
                slots.set(nodes[slot], -1);
                nodes[slot] = -1;
                live--;
                garbage++;
            }
            if (vectors.isLive(slot)) {
                set.add(slot);
            }
        }
        if (slots.size() + set.size() > (long) NUMBERS_PER_VECTOR * (live + set.size())) {
            rebuild();
            return;
        }
        if ((long) garbage * GARBAGE_SHARE > live) {
            graph.removeDeletedNodes();
            for (int node = 0; node < slots.size(); node++) {
                if (slots.getInt(node) < 0) {
                    rows[node] = null;
                }
            }
            garbage = 0;
        }
        add(set);
    }

    private void add(IntArrayList set) {
        ensure(vectors.end());
        int first = slots.size();
        rows = Arrays.copyOf(rows, Math.max(first + set.size(), rows.length));
        for (int s = 0; s < set.size(); s++) {
            int slot = set.getInt(s);
            nodes[slot] = first + s;
            slots.add(slot);
            rows[first + s] = new float[vectors.dimension()];
            vectors.read(slot, rows[first + s], 0);
        }
        live += set.size();
        int alone = Math.max(first, Math.min(ALONE, first + set.size()));
        link(new AtomicInteger(first), alone);
        AtomicInteger next = new AtomicInteger(alone);
        Workers.run(
                Math.max(1, Math.min(threads, set.size())),
                "linking vectors",
                thread -> link(next, first + set.size()));
    }

    private void link(AtomicInteger next, int end) {
        Pace.Steps steps = pace.steps();
        for (int node = next.getAndIncrement(); node < end; node = next.getAndIncrement()) {
            graph.addGraphNode(node, scores(node));
            steps.done();
        }
    }

    private void ensure(int end) {
        int had = nodes.length;
        if (end > had) {
            nodes = Arrays.copyOf(nodes, Math.max(end, had + (had >> 1)));
            Arrays.fill(nodes, had, nodes.length, -1);
        }
    }

    /** The {@code count} nearest, or most of them, of each of some vectors; the cosines are those of {@link UnitVectors#cosine}. */
    Found[] search(int[] of, int count) {
        Found[] found = new Found[of.length];
        AtomicInteger next = new AtomicInteger();
        Workers.run(Math.max(1, Math.min(threads, of.length)), "searching neighbors", thread -> {
            try (GraphSearcher searcher = new GraphSearcher(graph.getGraph())) {
                Pace.Steps steps = pace.steps();
                for (int i = next.getAndIncrement(); i < of.length; i = next.getAndIncrement()) {
                    found[i] = search(searcher, of[i], count);
                    steps.done();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return found;
    }

    private Found search(GraphSearcher searcher, int slot, int count) {
        int own = nodes[slot];
        SearchResult.NodeScore[] nearest = searcher.search(
                        scores(own), count, count, 0, 0, node -> node != own && slots.getInt(node) >= 0)
                .getNodes();
        int[] others = new int[nearest.length];
        float[] cosines = new float[nearest.length];
        for (int n = 0; n < nearest.length; n++) {
            others[n] = slots.getInt(nearest[n].node);
            cosines[n] = vectors.cosine(slot, others[n]);
        }
        return new Found(others, cosines);
    }

    private SearchScoreProvider scores(int node) {
        float[] row = rows[node];
        // From 0 to 1, as the library wants them.
        return new DefaultSearchScoreProvider(
                (ScoreFunction.ExactScoreFunction) other -> (1 + Dot.of(row, rows[other])) / 2);
    }

    private final class Scores implements BuildScoreProvider {

        @Override
        public boolean isExact() {
            return true;
        }

        @Override
        public VectorFloat<?> approximateCentroid() {
            return VectorizationProvider.getInstance().getVectorTypeSupport().createFloatVector(vectors.dimension());
        }

        @Override
        public SearchScoreProvider searchProviderFor(VectorFloat<?> vector) {
            float[] row = new float[vectors.dimension()];
            for (int c = 0; c < row.length; c++) {
                row[c] = vector.get(c);
            }
            return new DefaultSearchScoreProvider(
                    (ScoreFunction.ExactScoreFunction) other -> (1 + Dot.of(row, rows[other])) / 2);
        }

        @Override
        public SearchScoreProvider searchProviderFor(int node) {
            return scores(node);
        }

        @Override
        public SearchScoreProvider diversityProviderFor(int node) {
            return scores(node);
        }
    }
}

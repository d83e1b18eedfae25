package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import dev.freshet.graph.knn.Panel;
import it.unimi.dsi.fastutil.objects.Object2IntMap;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The item vectors of a model, float32, in {@link Panel}s. Row numbers follow the ids' order, so that a tie in score falls to the lower row; in
 * memory the longest vectors come first, for the sake of {@link #best}. Immutable; the dense rows are this process's own, ids stay strings outside.
 */
public final class ItemMatrix {

    private final String[] ids;
    private final Object2IntMap<String> rows;
    private final int dimension;
    private final float[][] panels;
    /** Rows in the order of {@link #panels}, and the place of each row there. */
    private final int[] rowAt;

    private final int[] placeOf;
    /** Euclidean lengths in the order of {@link #panels}: descending. */
    private final double[] lengths;

    /**
     * @param vectors vectors by item id, each of length {@code dimension}
     * @param dimension length of every vector
     */
    public ItemMatrix(Map<String, float[]> vectors, int dimension) {
        Map<String, float[]> sorted = new TreeMap<>(vectors);
        this.dimension = dimension;
        this.ids = sorted.keySet().toArray(String[]::new);
        this.rows = new Object2IntOpenHashMap<>(ids.length);
        rows.defaultReturnValue(-1);
        double[] byRow = new double[ids.length];
        for (int row = 0; row < ids.length; row++) {
            float[] vector = sorted.get(ids[row]);
            if (vector.length != dimension) {
                throw new IllegalArgumentException(
                        "item " + ids[row] + " has a vector of length " + vector.length + ", not " + dimension);
            }
            rows.put(ids[row], row);
            byRow[row] = FoldIn.norm(vector);
        }
        this.rowAt = IntStream.range(0, ids.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer row) -> -byRow[row]))
                .mapToInt(Integer::intValue)
                .toArray();
        this.placeOf = new int[ids.length];
        this.lengths = new double[ids.length];
        this.panels = new float[(ids.length + Panel.ROWS - 1) / Panel.ROWS][Math.multiplyExact(dimension, Panel.ROWS)];
        for (int place = 0; place < ids.length; place++) {
            int row = rowAt[place];
            placeOf[row] = place;
            lengths[place] = byRow[row];
            Panel.write(panels[place / Panel.ROWS], place % Panel.ROWS, sorted.get(ids[row]), 0, dimension);
        }
    }

    /** Number of items. */
    public int size() {
        return ids.length;
    }

    /** Id of the item in a row. */
    public String id(int row) {
        return ids[row];
    }

    /** Row of an item, or -1 where the model does not know it. */
    public int row(String id) {
        return rows.getInt(id);
    }

    /** A copy of a row's vector. */
    public float[] vector(int row) {
        float[] vector = new float[dimension];
        readAt(placeOf[row], vector, 0);
        return vector;
    }

    /** Cosine of two rows' vectors; 0 where one has no length. */
    public double cosine(int row, int other) {
        double product = productAt(vector(other), placeOf[row]);
        return product == 0 ? 0 : product / (lengths[placeOf[row]] * lengths[placeOf[other]]);
    }

    int dimension() {
        return dimension;
    }

    /** The row in a place of memory, from 0 on: the longest vector has the first. */
    int rowAt(int place) {
        return rowAt[place];
    }

    /** Euclidean length of the vector in a place. */
    double lengthAt(int place) {
        return lengths[place];
    }

    /** Copies the vector in a place. */
    void readAt(int place, float[] to, int at) {
        Panel.read(panels[place / Panel.ROWS], place % Panel.ROWS, to, at, dimension);
    }

    /** Dot product of a user with the vector in a place, to the last bit as {@link #best} has it. */
    float productAt(float[] user, int place) {
        return Panel.product(user, 0, panels[place / Panel.ROWS], place % Panel.ROWS, dimension);
    }

    /** Ids by row: ascending. */
    public List<String> ids() {
        return List.of(ids);
    }

    /**
     * Offers to each search the rows with the highest dot products with its user, and others. The vectors are read from memory once for all, which
     * takes longer than the products. No product is larger than the product of the lengths (Cauchy and Schwarz), and the longest come
     * first: when that bound is below all that a search keeps, nothing that follows can enter, and its result is that of all rows.
     */
    void best(List<Search> searches) {
        int n = searches.size();
        float[] users = new float[n * dimension];
        double[] longest = new double[n];
        for (int s = 0; s < n; s++) {
            float[] user = searches.get(s).user();
            System.arraycopy(user, 0, users, s * dimension, dimension);
            // A product computed in float32 may exceed the exact bound by a relative (dimension + 1) ulps at most.
            longest[s] = FoldIn.norm(user) * (1 + (dimension + 1) * (double) Math.ulp(1f));
        }
        int[] open = IntStream.range(0, n).toArray();
        float[] scores = new float[(n + Panel.TILE - 1) / Panel.TILE * Panel.TILE * Panel.ROWS];
        for (int first = 0; first < ids.length; first += Panel.ROWS) {
            open = stillOpen(open, searches, longest, lengths[first]);
            if (open.length == 0) {
                return;
            }
            multiply(users, open, panels[first / Panel.ROWS], scores);
            for (int o = 0; o < open.length; o++) {
                offer(searches.get(open[o]), first, scores, o * Panel.ROWS);
            }
        }
    }

    /** The searches that a vector of some length, or a shorter one, may still add to. */
    private static int[] stillOpen(int[] open, List<Search> searches, double[] longest, double length) {
        int left = 0;
        for (int s : open) {
            if (longest[s] * length >= searches.get(s).best().floor()) {
                open[left++] = s;
            }
        }
        return left == open.length ? open : Arrays.copyOf(open, left);
    }

    /** The products of some users with a panel: those of the o-th of {@code of} from {@code o * Panel.ROWS} on. */
    private void multiply(float[] users, int[] of, float[] panel, float[] scores) {
        int[] starts = new int[Panel.TILE];
        for (int o = 0; o < of.length; o += Panel.TILE) {
            if (o == of.length - 1) {
                Panel.multiplyOne(users, of[o] * dimension, panel, dimension, scores, o * Panel.ROWS);
                return;
            }
            for (int t = 0; t < Panel.TILE; t++) {
                starts[t] = of[Math.min(o + t, of.length - 1)] * dimension;
            }
            Panel.multiply(users, starts, panel, dimension, scores, o * Panel.ROWS, Panel.ROWS);
        }
    }

    private void offer(Search search, int first, float[] scores, int at) {
        TopK best = search.best();
        // What is kept are such products, so that the floor is a float.
        if (!Panel.anyAtLeast(scores, at, (float) best.floor())) {
            return;
        }
        int end = Math.min(ids.length, first + Panel.ROWS);
        for (int place = first; place < end; place++) {
            float score = scores[at + place - first];
            int row = rowAt[place];
            if (best.admits(score, row) && !search.excluded().test(row)) {
                best.offer(score, row);
            }
        }
    }
}

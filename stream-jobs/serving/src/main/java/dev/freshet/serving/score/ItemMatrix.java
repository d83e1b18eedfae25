package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import it.unimi.dsi.fastutil.objects.Object2IntMap;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The item vectors of a model, row-major float32, each row padded with zeros to whole SIMD lanes and the rows to a multiple
 * of four, which the kernel takes at once. Row numbers follow the ids' order, so that a tie in score falls to the lower row; in memory the
 * longest vectors come first, for the sake of {@link #best}. Immutable; the dense rows are this process's own, ids stay strings outside.
 */
public final class ItemMatrix {

    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int ROWS_AT_ONCE = 4;

    /** Rows between two looks at whether the rest can be left out. */
    private static final int BLOCK = 16 * ROWS_AT_ONCE;

    private final String[] ids;
    private final Object2IntMap<String> rows;
    private final int dimension;
    private final int stride;
    private final float[] values;
    /** Rows in the order of {@link #values}, and the place of each row there. */
    private final int[] rowAt;

    private final int[] placeOf;
    /** Euclidean lengths in the order of {@link #values}: descending. */
    private final double[] lengths;

    /**
     * @param vectors vectors by item id, each of length {@code dimension}
     * @param dimension length of every vector
     */
    public ItemMatrix(Map<String, float[]> vectors, int dimension) {
        Map<String, float[]> sorted = new TreeMap<>(vectors);
        this.dimension = dimension;
        this.stride = roundUp(dimension, LANES.length());
        this.ids = sorted.keySet().toArray(String[]::new);
        this.rows = new Object2IntOpenHashMap<>(ids.length);
        rows.defaultReturnValue(-1);
        long length = (long) roundUp(ids.length, ROWS_AT_ONCE) * stride;
        if (length > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    ids.length + " items of dimension " + dimension + " do not fit one array");
        }
        this.values = new float[(int) length];
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
        for (int place = 0; place < ids.length; place++) {
            int row = rowAt[place];
            placeOf[row] = place;
            lengths[place] = byRow[row];
            System.arraycopy(sorted.get(ids[row]), 0, values, place * stride, dimension);
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
        int at = placeOf[row] * stride;
        return Arrays.copyOfRange(values, at, at + dimension);
    }

    /** Cosine of two rows' vectors; 0 where one has no length. */
    public double cosine(int row, int other) {
        int a = placeOf[row];
        int b = placeOf[other];
        double product = 0;
        for (int d = 0; d < dimension; d++) {
            product += (double) values[a * stride + d] * values[b * stride + d];
        }
        return product == 0 ? 0 : product / (lengths[a] * lengths[b]);
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

    /** A vector as {@link #productAt(float[], int)} takes it. */
    float[] padded(float[] vector) {
        return vector.length == stride ? vector : Arrays.copyOf(vector, stride);
    }

    /** Dot product of the vector in a place with a padded one. */
    float productAt(float[] padded, int place) {
        return product(padded, 0, place * stride);
    }

    /** Dot product of the vectors in two places. */
    float productAt(int place, int other) {
        return product(values, place * stride, other * stride);
    }

    private float product(float[] a, int from, int at) {
        FloatVector sum = FloatVector.zero(LANES);
        for (int k = 0; k < stride; k += LANES.length()) {
            sum = FloatVector.fromArray(LANES, a, from + k).fma(FloatVector.fromArray(LANES, values, at + k), sum);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** Ids by row: ascending. */
    public List<String> ids() {
        return List.of(ids);
    }

    /**
     * Offers the rows with the highest dot products with a user, and others. No product is larger than the product of the lengths
     * (Cauchy and Schwarz), and the longest come first: when that bound is below all that {@code best} keeps, nothing that follows can
     * enter, and the result is that of all rows.
     *
     * @param user vector of length {@code dimension}
     * @param best takes (product, row), ties by the lower row
     * @param excluded rows that are not offered; asked of those few that would enter
     */
    public void best(float[] user, TopK best, IntPredicate excluded) {
        float[] padded = padded(user);
        // A product computed in float32 may exceed the exact bound by a relative (dimension + 1) ulps at most.
        double longest = FoldIn.norm(user) * (1 + (dimension + 1) * (double) Math.ulp(1f));
        float[] scores = new float[BLOCK];
        for (int first = 0; first < ids.length; first += BLOCK) {
            if (longest * lengths[first] < best.floor()) {
                return;
            }
            int end = Math.min(ids.length, first + BLOCK);
            for (int place = first; place < end; place += ROWS_AT_ONCE) {
                scores(padded, place, scores, place - first);
            }
            for (int place = first; place < end; place++) {
                float score = scores[place - first];
                int row = rowAt[place];
                if (best.admits(score, row) && !excluded.test(row)) {
                    best.offer(score, row);
                }
            }
        }
    }

    /** The products of {@value #ROWS_AT_ONCE} rows. */
    private void scores(float[] user, int place, float[] out, int to) {
        int at = place * stride;
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int k = 0; k < stride; k += LANES.length()) {
            FloatVector u = FloatVector.fromArray(LANES, user, k);
            a = u.fma(FloatVector.fromArray(LANES, values, at + k), a);
            b = u.fma(FloatVector.fromArray(LANES, values, at + stride + k), b);
            c = u.fma(FloatVector.fromArray(LANES, values, at + 2 * stride + k), c);
            d = u.fma(FloatVector.fromArray(LANES, values, at + 3 * stride + k), d);
        }
        out[to] = a.reduceLanes(VectorOperators.ADD);
        out[to + 1] = b.reduceLanes(VectorOperators.ADD);
        out[to + 2] = c.reduceLanes(VectorOperators.ADD);
        out[to + 3] = d.reduceLanes(VectorOperators.ADD);
    }

    private static int roundUp(int n, int multiple) {
        return Math.multiplyExact((n + multiple - 1) / multiple, multiple);
    }
}

package dev.freshet.serving.score;

import it.unimi.dsi.fastutil.objects.Object2IntMap;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The item vectors of a model, row-major float32, each row padded with zeros to whole SIMD lanes and the rows to a multiple
 * of four, which the kernel takes at once. Row numbers follow the ids' order, so that a tie in score falls to the lower row.
 * Immutable; the dense rows are this process's own, ids stay strings outside.
 */
public final class ItemMatrix {

    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int ROWS_AT_ONCE = 4;

    private final String[] ids;
    private final Object2IntMap<String> rows;
    private final int dimension;
    private final int stride;
    private final float[] values;

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
        int row = 0;
        for (Map.Entry<String, float[]> entry : sorted.entrySet()) {
            if (entry.getValue().length != dimension) {
                throw new IllegalArgumentException("item " + entry.getKey() + " has a vector of length "
                        + entry.getValue().length + ", not " + dimension);
            }
            System.arraycopy(entry.getValue(), 0, values, row * stride, dimension);
            rows.put(entry.getKey(), row++);
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
        return Arrays.copyOfRange(values, row * stride, row * stride + dimension);
    }

    /** Ids by row: ascending. */
    public List<String> ids() {
        return List.of(ids);
    }

    /** Length that {@link #scores} needs its output to have. */
    public int paddedSize() {
        return roundUp(ids.length, ROWS_AT_ONCE);
    }

    /**
     * The dot product of a user with every item.
     *
     * @param user vector of length {@code dimension}
     * @param out receives the scores by row; at least {@link #paddedSize()} long
     */
    public void scores(float[] user, float[] out) {
        float[] padded = user.length == stride ? user : Arrays.copyOf(user, stride);
        int padRows = paddedSize();
        for (int row = 0; row < padRows; row += ROWS_AT_ONCE) {
            int at = row * stride;
            FloatVector a = FloatVector.zero(LANES);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            for (int k = 0; k < stride; k += LANES.length()) {
                FloatVector u = FloatVector.fromArray(LANES, padded, k);
                a = u.fma(FloatVector.fromArray(LANES, values, at + k), a);
                b = u.fma(FloatVector.fromArray(LANES, values, at + stride + k), b);
                c = u.fma(FloatVector.fromArray(LANES, values, at + 2 * stride + k), c);
                d = u.fma(FloatVector.fromArray(LANES, values, at + 3 * stride + k), d);
            }
            out[row] = a.reduceLanes(VectorOperators.ADD);
            out[row + 1] = b.reduceLanes(VectorOperators.ADD);
            out[row + 2] = c.reduceLanes(VectorOperators.ADD);
            out[row + 3] = d.reduceLanes(VectorOperators.ADD);
        }
    }

    private static int roundUp(int n, int multiple) {
        return Math.multiplyExact((n + multiple - 1) / multiple, multiple);
    }
}

package dev.freshet.graph.knn;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * A few rows of a float matrix side by side: {@link #ROWS} rows, transposed, so that their products with another row fill whole
 * SIMD registers and need no horizontal sums. Value c of row r lies at {@code c * ROWS + r}. Needs the module {@code jdk.incubator.vector}.
 *
 * <p>Every product is one chain of fused multiply-adds in the order of the columns, whatever the row's place and the method: the
 * cosine that {@link Cosine#of} defines.
 */
public final class Panel {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    /** Rows per panel; depends on the machine. */
    public static final int ROWS = 2 * LANES;

    /** Rows on the left side of one {@link #multiply}. */
    public static final int TILE = 4;

    private Panel() {}

    /** Writes a row into a panel. */
    public static void write(float[] panel, int row, float[] from, int at, int columns) {
        for (int c = 0, to = row; c < columns; c++, to += ROWS) {
            panel[to] = from[at + c];
        }
    }

    /** Reads a row from a panel. */
    public static void read(float[] panel, int row, float[] to, int at, int columns) {
        for (int c = 0, from = row; c < columns; c++, from += ROWS) {
            to[at + c] = panel[from];
        }
    }

    /** Cosine of two unit rows, each in a panel. */
    public static float cosine(float[] panelA, int rowA, float[] panelB, int rowB, int columns) {
        return Cosine.of(panelA, rowA, ROWS, panelB, rowB, ROWS, columns);
    }

    /** Product of a row of {@code left}, from {@code start} on, with one row of a panel. */
    public static float product(float[] left, int start, float[] panel, int row, int columns) {
        return Cosine.of(left, start, 1, panel, row, ROWS, columns);
    }

    /**
     * Products of {@link #TILE} rows of {@code left} with the rows of a panel.
     *
     * @param starts positions in {@code left} where the rows start, {@link #TILE} of them; the same one may stand twice
     * @param out product of row r with row j of the panel at {@code at + r * stride + j}
     */
    public static void multiply(
            float[] left, int[] starts, float[] panel, int columns, float[] out, int at, int stride) {
        int l0 = starts[0];
        int l1 = starts[1];
        int l2 = starts[2];
        int l3 = starts[3];
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        for (int c = 0, r = 0; c < columns; c++, r += ROWS) {
            FloatVector x = FloatVector.fromArray(SPECIES, panel, r);
            FloatVector y = FloatVector.fromArray(SPECIES, panel, r + LANES);
            FloatVector v0 = FloatVector.broadcast(SPECIES, left[l0 + c]);
            FloatVector v1 = FloatVector.broadcast(SPECIES, left[l1 + c]);
            FloatVector v2 = FloatVector.broadcast(SPECIES, left[l2 + c]);
            FloatVector v3 = FloatVector.broadcast(SPECIES, left[l3 + c]);
            a0 = x.fma(v0, a0);
            b0 = y.fma(v0, b0);
            a1 = x.fma(v1, a1);
            b1 = y.fma(v1, b1);
            a2 = x.fma(v2, a2);
            b2 = y.fma(v2, b2);
            a3 = x.fma(v3, a3);
            b3 = y.fma(v3, b3);
        }
        a0.intoArray(out, at);
        b0.intoArray(out, at + LANES);
        a1.intoArray(out, at + stride);
        b1.intoArray(out, at + stride + LANES);
        a2.intoArray(out, at + 2 * stride);
        b2.intoArray(out, at + 2 * stride + LANES);
        a3.intoArray(out, at + 3 * stride);
        b3.intoArray(out, at + 3 * stride + LANES);
    }

    /** Products of one row of {@code left}, from {@code start} on, with the rows of a panel. */
    public static void multiplyOne(float[] left, int start, float[] panel, int columns, float[] out, int at) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        for (int c = 0, r = 0; c < columns; c++, r += ROWS) {
            FloatVector v = FloatVector.broadcast(SPECIES, left[start + c]);
            a = FloatVector.fromArray(SPECIES, panel, r).fma(v, a);
            b = FloatVector.fromArray(SPECIES, panel, r + LANES).fma(v, b);
        }
        a.intoArray(out, at);
        b.intoArray(out, at + LANES);
    }

    /** Whether any of {@link #ROWS} values is at least {@code floor}. */
    public static boolean anyAtLeast(float[] values, int at, float floor) {
        return FloatVector.fromArray(SPECIES, values, at)
                .max(FloatVector.fromArray(SPECIES, values, at + LANES))
                .compare(VectorOperators.GE, floor)
                .anyTrue();
    }

    /** Whether any of {@link #ROWS} values is at least {@code floor} or its own floor. */
    public static boolean anyAtLeast(float[] values, int at, float floor, float[] floors, int floorsAt) {
        FloatVector all = FloatVector.broadcast(SPECIES, floor);
        FloatVector a = FloatVector.fromArray(SPECIES, floors, floorsAt).min(all);
        FloatVector b = FloatVector.fromArray(SPECIES, floors, floorsAt + LANES).min(all);
        return FloatVector.fromArray(SPECIES, values, at)
                .compare(VectorOperators.GE, a)
                .or(FloatVector.fromArray(SPECIES, values, at + LANES).compare(VectorOperators.GE, b))
                .anyTrue();
    }
}

package dev.freshet.graph.knn;

/**
 * The one definition of the cosine of two rows: the dot product of their unit rows in float32, one chain of fused multiply-adds
 * in the order of the columns. It is symmetric, and the same number in batch and incremental graphs, on every path and machine.
 */
public final class Cosine {

    private Cosine() {}

    /**
     * Writes a row with length 1; false, and nothing written, if it is all zeros and has no direction.
     *
     * @param from where the row is read, from {@code fromAt} on
     * @param to where the unit row is written, from {@code toAt} on; may be {@code from}
     */
    public static boolean normalize(float[] from, int fromAt, float[] to, int toAt, int columns) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            double value = from[fromAt + c];
            sum += value * value;
        }
        if (sum == 0) {
            return false;
        }
        double scale = 1 / Math.sqrt(sum);
        for (int c = 0; c < columns; c++) {
            to[toAt + c] = (float) (from[fromAt + c] * scale);
        }
        return true;
    }

    /** Cosine of two unit rows whose values lie {@code aStep} and {@code bStep} apart. */
    static float of(float[] a, int aAt, int aStep, float[] b, int bAt, int bStep, int columns) {
        float sum = 0;
        for (int c = 0, i = aAt, j = bAt; c < columns; c++, i += aStep, j += bStep) {
            sum = Math.fma(a[i], b[j], sum);
        }
        return sum;
    }
}

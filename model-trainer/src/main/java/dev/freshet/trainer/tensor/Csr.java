package dev.freshet.trainer.tensor;

import java.util.Arrays;

/**
 * A sparse float matrix in compressed rows. The arrays are not copied.
 *
 * @param columns number of columns
 * @param offsets start of each row's entries, [rows + 1]
 * @param indices column of each entry
 * @param values value of each entry
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
public record Csr(int columns, int[] offsets, int[] indices, float[] values) {

    /** Number of rows. */
    public int rows() {
        return offsets.length - 1;
    }

    /** Number of entries. */
    public int entries() {
        return indices.length;
    }

    /** Columns as rows; entries of a row in the order of their columns. */
    public Csr transpose() {
        int[] turned = new int[columns + 1];
        for (int column : indices) {
            turned[column + 1]++;
        }
        Arrays.parallelPrefix(turned, Integer::sum);
        int[] rowOf = new int[indices.length];
        float[] turnedValues = new float[indices.length];
        int[] next = Arrays.copyOf(turned, columns);
        for (int row = 0; row < rows(); row++) {
            for (int e = offsets[row]; e < offsets[row + 1]; e++) {
                int at = next[indices[e]]++;
                rowOf[at] = row;
                turnedValues[at] = values[e];
            }
        }
        return new Csr(rows(), turned, rowOf, turnedValues);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Csr csr
                && columns == csr.columns
                && Arrays.equals(offsets, csr.offsets)
                && Arrays.equals(indices, csr.indices)
                && Arrays.equals(values, csr.values);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(offsets) + Arrays.hashCode(indices)) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return rows() + " x " + columns + " matrix with " + entries() + " entries";
    }
}

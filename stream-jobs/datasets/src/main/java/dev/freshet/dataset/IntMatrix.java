package dev.freshet.dataset;

import java.util.Arrays;

/** A dense matrix of int32, row after row. */
public final class IntMatrix {

    private final int rows;
    private final int columns;
    private final int[] values;

    /**
     * Wraps {@code values}, without a copy.
     *
     * @param values rows × columns numbers, row after row
     */
    public IntMatrix(int rows, int columns, int[] values) {
        if (values.length != (long) rows * columns) {
            throw new IllegalArgumentException(
                    rows + " x " + columns + " matrix with " + values.length + " values; they must match");
        }
        this.rows = rows;
        this.columns = columns;
        this.values = values;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /** The numbers themselves, row after row. */
    public int[] values() {
        return values;
    }

    public int get(int row, int column) {
        return values[row * columns + column];
    }

    /** A copy of one row. */
    public int[] row(int row) {
        return Arrays.copyOfRange(values, row * columns, (row + 1) * columns);
    }
}

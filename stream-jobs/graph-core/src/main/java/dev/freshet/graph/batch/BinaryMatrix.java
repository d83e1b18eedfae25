package dev.freshet.graph.batch;

import java.util.Arrays;

/** A sparse matrix of zeros and ones in compressed rows: the sets that a graph compares, one per row. Immutable. */
public final class BinaryMatrix {

    private final int columns;
    private final int[] offsets;
    private final int[] entries;

    private BinaryMatrix(int columns, int[] offsets, int[] entries) {
        this.columns = columns;
        this.offsets = offsets;
        this.entries = entries;
    }

    /**
     * A matrix with a one at each (row, column); a pair named twice counts once.
     *
     * @param rowOf row of each pair
     * @param columnOf column of each pair, as many as rows
     * @param rows number of rows
     * @param columns number of columns
     * @throws IllegalArgumentException if a pair lies outside
     */
    public static BinaryMatrix of(int[] rowOf, int[] columnOf, int rows, int columns) {
        if (rowOf.length != columnOf.length) {
            throw new IllegalArgumentException(rowOf.length + " rows, but " + columnOf.length + " columns");
        }
        int[] offsets = new int[rows + 1];
        for (int p = 0; p < rowOf.length; p++) {
            if (rowOf[p] < 0 || rowOf[p] >= rows || columnOf[p] < 0 || columnOf[p] >= columns) {
                throw new IllegalArgumentException(
                        "pair (" + rowOf[p] + ", " + columnOf[p] + ") lies outside " + rows + " × " + columns);
            }
            offsets[rowOf[p] + 1]++;
        }
        Arrays.parallelPrefix(offsets, Integer::sum);
        int[] entries = new int[rowOf.length];
        int[] next = Arrays.copyOf(offsets, rows);
        for (int p = 0; p < rowOf.length; p++) {
            entries[next[rowOf[p]]++] = columnOf[p];
        }
        return new BinaryMatrix(columns, offsets, entries).sorted();
    }

    private BinaryMatrix sorted() {
        int[] compact = new int[offsets.length];
        int size = 0;
        for (int row = 0; row < rows(); row++) {
            Arrays.sort(entries, offsets[row], offsets[row + 1]);
            compact[row] = size;
            for (int e = offsets[row]; e < offsets[row + 1]; e++) {
                if (e == offsets[row] || entries[e] != entries[e - 1]) {
                    entries[size++] = entries[e];
                }
            }
        }
        compact[rows()] = size;
        return new BinaryMatrix(columns, compact, size == entries.length ? entries : Arrays.copyOf(entries, size));
    }

    /** Number of rows. */
    public int rows() {
        return offsets.length - 1;
    }

    /** Number of columns. */
    public int columns() {
        return columns;
    }

    /** Ones in {@code row}. */
    public int degree(int row) {
        return offsets[row + 1] - offsets[row];
    }

    /** Position of the first entry of {@code row}; its last is before the start of {@code row + 1}. */
    int start(int row) {
        return offsets[row];
    }

    /** Column of the entry at a position; ascending within a row. */
    int column(int position) {
        return entries[position];
    }

    /** Columns as rows. */
    public BinaryMatrix transpose() {
        int[] turned = new int[columns + 1];
        for (int column : entries) {
            turned[column + 1]++;
        }
        Arrays.parallelPrefix(turned, Integer::sum);
        int[] rowsOf = new int[entries.length];
        int[] next = Arrays.copyOf(turned, columns);
        for (int row = 0; row < rows(); row++) {
            for (int e = offsets[row]; e < offsets[row + 1]; e++) {
                rowsOf[next[entries[e]]++] = row;
            }
        }
        return new BinaryMatrix(rows(), turned, rowsOf);
    }
}

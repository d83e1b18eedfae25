package dev.freshet.trainer.model;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;

/** Arithmetic on row numbers. */
final class Rows {

    private Rows() {}

    /** Each number plus an offset. */
    static int[] offset(int[] rows, int offset) {
        int[] moved = new int[rows.length];
        for (int r = 0; r < rows.length; r++) {
            moved[r] = rows[r] + offset;
        }
        return moved;
    }

    /** Each number plus an offset, as tensors take them for an index. */
    static long[] longs(int[] rows, int offset) {
        long[] moved = new long[rows.length];
        for (int r = 0; r < rows.length; r++) {
            moved[r] = rows[r] + offset;
        }
        return moved;
    }

    /** Which of some rows are named: true at each number of the arrays. */
    static boolean[] marked(int count, int[]... arrays) {
        boolean[] marked = new boolean[count];
        for (int[] rows : arrays) {
            for (int row : rows) {
                marked[row] = true;
            }
        }
        return marked;
    }

    /**
     * The distinct numbers of an array.
     *
     * @param values distinct numbers in the order of their first occurrence
     * @param places place in {@code values} of each number of the array
     */
    @SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
    record Distinct(int[] values, long[] places) {
        static Distinct of(int[]... arrays) {
            int size = 0;
            for (int[] array : arrays) {
                size += array.length;
            }
            Int2IntOpenHashMap places = new Int2IntOpenHashMap(size);
            places.defaultReturnValue(-1);
            int[] values = new int[size];
            long[] placeOf = new long[size];
            int at = 0;
            for (int[] array : arrays) {
                for (int number : array) {
                    int place = places.putIfAbsent(number, places.size());
                    if (place < 0) {
                        place = places.size() - 1;
                        values[place] = number;
                    }
                    placeOf[at++] = place;
                }
            }
            return new Distinct(java.util.Arrays.copyOf(values, places.size()), placeOf);
        }
    }
}

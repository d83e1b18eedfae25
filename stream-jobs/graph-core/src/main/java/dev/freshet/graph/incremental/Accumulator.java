package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;

/**
 * Adds up a sparse vector of integers: a dense array of sums, and two levels of bits for the touched ones, so that the
 * result comes out in ascending order without sorting and clearing costs what was touched.
 */
final class Accumulator {

    private int[] sums = new int[1 << 12];
    private long[] touched = new long[1 << 6];
    private long[] touchedWords = new long[1];

    /** Result of {@link #drain}: ids, ascending. */
    int[] ids = new int[64];
    /** Result of {@link #drain}: the sum of each id, none of them 0. */
    int[] values = new int[64];

    /** Adds {@code delta} to one id. */
    void add(int id, int delta) {
        if (id >= sums.length) {
            grow(id);
        }
        sums[id] += delta;
        touched[id >>> 6] |= 1L << id;
        touchedWords[id >>> 12] |= 1L << (id >>> 6);
    }

    /** Adds {@code delta} to the ids {@code from} (inclusive) to {@code to} of an ascending array. */
    void addAll(int[] array, int from, int to, int delta) {
        if (from == to) {
            return;
        }
        if (array[to - 1] >= sums.length) {
            grow(array[to - 1]);
        }
        int[] sum = sums;
        long[] bits = touched;
        long[] words = touchedWords;
        for (int e = from; e < to; e++) {
            int id = array[e];
            sum[id] += delta;
            bits[id >>> 6] |= 1L << id;
            words[id >>> 12] |= 1L << (id >>> 6);
        }
    }

    /** Sets the sum of one id to 0. */
    void reset(int id) {
        if (id < sums.length) {
            sums[id] = 0;
        }
    }

    /** Moves the non-zero sums into {@link #ids} and {@link #values} and clears; returns how many. */
    int drain() {
        int size = 0;
        for (int top = 0; top < touchedWords.length; top++) {
            long words = touchedWords[top];
            if (words == 0) {
                continue;
            }
            touchedWords[top] = 0;
            while (words != 0) {
                int word = (top << 6) + Long.numberOfTrailingZeros(words);
                words &= words - 1;
                long bits = touched[word];
                touched[word] = 0;
                if (ids.length < size + 64) {
                    ids = IntArrays.grow(ids, size + 64);
                    values = IntArrays.grow(values, size + 64);
                }
                while (bits != 0) {
                    int id = (word << 6) + Long.numberOfTrailingZeros(bits);
                    bits &= bits - 1;
                    int sum = sums[id];
                    if (sum != 0) {
                        sums[id] = 0;
                        ids[size] = id;
                        values[size++] = sum;
                    }
                }
            }
        }
        return size;
    }

    private void grow(int id) {
        int capacity = Math.max(Integer.highestOneBit(id) << 1, 1 << 12);
        if (capacity < 0) {
            capacity = Integer.MAX_VALUE - 8;
        }
        sums = Arrays.copyOf(sums, capacity);
        touched = Arrays.copyOf(touched, (capacity >>> 6) + 1);
        touchedWords = Arrays.copyOf(touchedWords, (capacity >>> 12) + 1);
    }
}

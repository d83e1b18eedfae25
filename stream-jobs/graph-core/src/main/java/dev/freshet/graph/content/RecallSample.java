package dev.freshet.graph.content;

import dev.freshet.graph.knn.Panel;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * The recall@k of lists of nearest neighbors, estimated from a few vectors that are compared with all. An entry counts as found if it
 * is as near as the true k-th, so that it does not matter which of equally near ones a list has.
 */
final class RecallSample {

    private RecallSample() {}

    /**
     * Draws vectors and measures, in O(nodes · vectors · dimension) on this thread.
     *
     * @param lists by slot, of k entries or more, where there are so many
     * @param nodes how many vectors to draw, at most
     * @param stop asked now and then
     * @return from 0 to 1; empty if it was told to stop, or if there are no two vectors
     */
    static OptionalDouble of(
            UnitVectors vectors, NearestLists lists, int k, int nodes, RandomGenerator random, BooleanSupplier stop) {
        int[] slots = draw(vectors, nodes, random);
        long found = 0;
        long all = 0;
        for (int from = 0; from < slots.length; from += Panel.TILE) {
            int count = Math.min(Panel.TILE, slots.length - from);
            NearestLists truth = compare(vectors, slots, from, count, k, stop);
            if (truth == null) {
                return OptionalDouble.empty();
            }
            for (int t = 0; t < count; t++) {
                int slot = slots[from + t];
                for (int rank = 0; rank < Math.min(k, lists.size(slot)); rank++) {
                    found += lists.weight(slot, rank) >= truth.weight(t, truth.size(t) - 1) ? 1 : 0;
                }
                all += truth.size(t);
            }
        }
        return all == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) found / all);
    }

    /** Slots of different vectors. */
    private static int[] draw(UnitVectors vectors, int nodes, RandomGenerator random) {
        int[] slots = IntStream.range(0, vectors.end()).filter(vectors::isLive).toArray();
        int count = Math.min(nodes, slots.length);
        // The first steps of Fisher and Yates' shuffle.
        for (int i = 0; i < count; i++) {
            int other = random.nextInt(i, slots.length);
            int slot = slots[other];
            slots[other] = slots[i];
            slots[i] = slot;
        }
        return IntStream.of(slots).limit(count).toArray();
    }

    /** The true k nearest of up to {@link Panel#TILE} vectors, list by list; null if told to stop. */
    private static NearestLists compare(
            UnitVectors vectors, int[] slots, int from, int count, int k, BooleanSupplier stop) {
        int dimension = vectors.dimension();
        float[] left = new float[count * dimension];
        int[] starts = new int[Panel.TILE];
        for (int t = 0; t < Panel.TILE; t++) {
            starts[t] = Math.min(t, count - 1) * dimension;
            vectors.read(slots[from + Math.min(t, count - 1)], left, starts[t]);
        }
        float[] products = new float[Panel.TILE * Panel.ROWS];
        NearestLists truth = new NearestLists(k, count, Integer::compare);
        for (int first = 0; first < vectors.end(); first += Panel.ROWS) {
            if (stop.getAsBoolean()) {
                return null;
            }
            Panel.multiply(left, starts, vectors.panel(first / Panel.ROWS), dimension, products, 0, Panel.ROWS);
            int end = Math.min(vectors.end(), first + Panel.ROWS);
            for (int t = 0; t < count; t++) {
                for (int other = first; other < end; other++) {
                    if (other != slots[from + t] && vectors.isLive(other)) {
                        truth.offer(t, products[t * Panel.ROWS + other - first], other);
                    }
                }
            }
        }
        return truth;
    }
}

package dev.freshet.serving.http;

import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts the degrees and weights of a graph's lists into bins. Not thread-safe. */
final class GraphShapeBuilder {

    /** Lists that are read, at most: of a larger graph those that come first by id. */
    static final int MAX_LISTS = 200_000;

    private static final int WEIGHT_BINS = 25;

    private final DoubleArrayList degrees = new DoubleArrayList();
    private final DoubleArrayList weights = new DoubleArrayList();
    private final Map<String, Integer> inLists = new HashMap<>();
    private long lists;

    void add(NeighborList list) {
        lists++;
        if (list.getDegree() > 0) {
            degrees.add((double) list.getDegree());
        }
        for (Neighbor neighbor : list.getNeighbors()) {
            weights.add(neighbor.getWeight());
            inLists.merge(neighbor.getId(), 1, Integer::sum);
        }
    }

    /** @param kind user or item */
    Answers.GraphShape build(String graph, String kind) {
        double mean = weights.doubleStream().average().orElse(0);
        double most = weights.doubleStream().max().orElse(0);
        return new Answers.GraphShape(
                graph,
                kind,
                lists,
                weights.size(),
                lists < MAX_LISTS,
                Instant.now(),
                mean,
                doubling(degrees),
                doubling(inLists.values().stream().map(Integer::doubleValue).toList()),
                // Similarities are at most 1, but for rounding; counts are not.
                most <= 1.001 ? even(weights) : doubling(weights));
    }

    /** Bins of whole numbers from 1 on, each twice as wide as the one before. */
    private static List<Answers.Bin> doubling(List<Double> values) {
        int highest = -1;
        long[] counts = new long[64];
        for (double value : values) {
            int bin = Math.max(0, 63 - Long.numberOfLeadingZeros(Math.max(1, (long) value)));
            counts[bin]++;
            highest = Math.max(highest, bin);
        }
        List<Answers.Bin> bins = new ArrayList<>();
        for (int bin = 0; bin <= highest; bin++) {
            bins.add(new Answers.Bin(1L << bin, 1L << (bin + 1), counts[bin]));
        }
        return bins;
    }

    /** Even bins from 0, or the least value where that is negative, to 1. */
    private static List<Answers.Bin> even(List<Double> values) {
        double low = Math.min(
                0, values.stream().mapToDouble(Double::doubleValue).min().orElse(0));
        double width = (1 - low) / WEIGHT_BINS;
        long[] counts = new long[WEIGHT_BINS];
        for (double value : values) {
            counts[Math.max(0, Math.min(WEIGHT_BINS - 1, (int) ((value - low) / width)))]++;
        }
        List<Answers.Bin> bins = new ArrayList<>();
        for (int bin = 0; bin < WEIGHT_BINS && !values.isEmpty(); bin++) {
            bins.add(new Answers.Bin(low + bin * width, low + (bin + 1) * width, counts[bin]));
        }
        return bins;
    }
}

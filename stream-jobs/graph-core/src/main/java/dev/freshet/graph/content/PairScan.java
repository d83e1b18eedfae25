package dev.freshet.graph.content;

import dev.freshet.graph.knn.Panel;
import dev.freshet.graph.knn.Workers;
import it.unimi.dsi.fastutil.ints.IntComparator;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Compares some vectors with all, by blocked products, and offers the cosines to their lists.
 *
 * <p>A thread owns the panels that it takes, hence the lists of their untouched vectors; the lists of the given vectors are kept
 * per thread and merged at the end. Lists are top-k by a total order, so neither the threads nor the blocks show in the result.
 */
final class PairScan {

    /** Left rows that are unpacked at once: they stay in the last-level cache. */
    private static final int LEFT_BYTES = 8 << 20;

    /** Panels that a thread takes at once: they stay in its second-level cache. */
    private static final int PANEL_BYTES = 512 << 10;

    private final UnitVectors vectors;
    private final NearestLists lists;
    private final int capacity;
    private final IntComparator order;
    private final int threads;
    private final Pace pace;

    private final int[] rows;
    private final boolean bothWays;
    /** Position of a slot in {@link #rows}, or -1. */
    private final int[] ordinals;

    private final int panels;
    /** Whether a panel has vectors besides the given ones. */
    private final boolean[] mixed;

    /** What one thread found. */
    private final class Found {
        final NearestLists own = new NearestLists(capacity, rows.length, order);
        /** What a cosine must reach to enter the list of a slot. */
        final float[] floors = new float[panels * Panel.ROWS];

        final float[] products = new float[Panel.TILE * Panel.ROWS];
        final int[] starts = new int[Panel.TILE];

        Found() {
            for (int slot = 0; slot < floors.length; slot++) {
                if (!bothWays || slot >= vectors.end() || !vectors.isLive(slot)) {
                    floors[slot] = Float.POSITIVE_INFINITY;
                } else {
                    floors[slot] = ordinals[slot] >= 0 ? Float.NEGATIVE_INFINITY : lists.bound(slot);
                }
            }
        }
    }

    private PairScan(
            UnitVectors vectors,
            NearestLists lists,
            int capacity,
            IntComparator order,
            int threads,
            Pace pace,
            int[] rows,
            boolean bothWays) {
        this.vectors = vectors;
        this.lists = lists;
        this.capacity = capacity;
        this.order = order;
        this.threads = threads;
        this.pace = pace;
        this.rows = rows;
        this.bothWays = bothWays;
        ordinals = new int[vectors.end()];
        Arrays.fill(ordinals, -1);
        for (int r = 0; r < rows.length; r++) {
            ordinals[rows[r]] = r;
        }
        panels = (vectors.end() + Panel.ROWS - 1) / Panel.ROWS;
        mixed = new boolean[panels];
        for (int slot = 0; slot < vectors.end(); slot++) {
            if (vectors.isLive(slot) && ordinals[slot] < 0) {
                mixed[slot / Panel.ROWS] = true;
            }
        }
    }

    /**
     * Fills the lists of the given slots.
     *
     * @param lists the lists by slot; those of {@code rows} are empty
     * @param capacity entries per list
     * @param order order of slots of equal cosine
     * @param pace how threads rest between panels
     * @param rows slots that have a vector, ascending
     * @param bothWays whether the given vectors are offered to the lists of all others as well, none of which has one of them
     */
    static void run(
            UnitVectors vectors,
            NearestLists lists,
            int capacity,
            IntComparator order,
            int threads,
            Pace pace,
            int[] rows,
            boolean bothWays) {
        if (rows.length > 0) {
            new PairScan(vectors, lists, capacity, order, threads, pace, rows, bothWays).run();
        }
    }

    private void run() {
        int dimension = vectors.dimension();
        int chunk = Math.max(Panel.TILE, Math.min(rows.length, LEFT_BYTES / Float.BYTES / dimension));
        int group = Math.max(1, Math.min(PANEL_BYTES / Float.BYTES / Panel.ROWS / dimension, panels / (8 * threads)));
        int groups = (panels + group - 1) / group;
        float[] left = new float[Math.min(chunk, rows.length) * dimension];
        int workers = Math.min(threads, groups);
        Found[] found = new Found[workers];
        for (int from = 0; from < rows.length; from += chunk) {
            int first = from;
            int count = Math.min(chunk, rows.length - first);
            for (int r = 0; r < count; r++) {
                vectors.read(rows[first + r], left, r * dimension);
            }
            AtomicInteger next = new AtomicInteger();
            Workers.run(workers, "comparing vectors", thread -> {
                if (found[thread] == null) {
                    found[thread] = new Found();
                }
                Pace.Steps steps = pace.steps();
                for (int g = next.getAndIncrement(); g < groups; g = next.getAndIncrement()) {
                    compare(left, first, count, g * group, Math.min(panels, (g + 1) * group), found[thread]);
                    steps.done();
                }
            });
        }
        for (Found thread : found) {
            for (int r = 0; r < rows.length; r++) {
                for (int rank = 0; rank < thread.own.size(r); rank++) {
                    lists.offer(rows[r], thread.own.weight(r, rank), thread.own.neighbor(r, rank));
                }
            }
        }
    }

    /** The rows from {@code first} on, unpacked in {@code left}, with the panels from {@code fromPanel} to {@code toPanel}. */
    private void compare(float[] left, int first, int count, int fromPanel, int toPanel, Found found) {
        int dimension = vectors.dimension();
        for (int tile = 0; tile < count; tile += Panel.TILE) {
            int height = Math.min(Panel.TILE, count - tile);
            for (int t = 0; t < Panel.TILE; t++) {
                found.starts[t] = (tile + Math.min(t, height - 1)) * dimension;
            }
            for (int panel = fromPanel; panel < toPanel; panel++) {
                // A pair of two given vectors belongs to the lower slot.
                if (bothWays && !mixed[panel] && (panel + 1) * Panel.ROWS <= rows[first + tile]) {
                    continue;
                }
                float[] right = vectors.panel(panel);
                if (height == 1) {
                    Panel.multiplyOne(left, found.starts[0], right, dimension, found.products, 0);
                } else {
                    Panel.multiply(left, found.starts, right, dimension, found.products, 0, Panel.ROWS);
                }
                for (int t = 0; t < height; t++) {
                    offer(first + tile + t, panel * Panel.ROWS, t * Panel.ROWS, found);
                }
            }
        }
    }

    private void offer(int r, int firstSlot, int productsAt, Found found) {
        float floor = found.own.bound(r);
        if (!Panel.anyAtLeast(found.products, productsAt, floor, found.floors, firstSlot)) {
            return;
        }
        int slot = rows[r];
        int end = Math.min(vectors.end(), firstSlot + Panel.ROWS);
        for (int other = firstSlot, p = productsAt; other < end; other++, p++) {
            float cosine = found.products[p];
            boolean enters = cosine >= floor;
            boolean isEntered = cosine >= found.floors[other];
            if (!(enters || isEntered) || !vectors.isLive(other) || other == slot) {
                continue;
            }
            int ordinal = ordinals[other];
            if (bothWays && ordinal >= 0 && other < slot) {
                continue;
            }
            if (enters) {
                found.own.offer(r, cosine, other);
                floor = found.own.bound(r);
                if (bothWays) {
                    found.floors[slot] = floor;
                }
            }
            if (isEntered) {
                if (ordinal >= 0) {
                    found.own.offer(ordinal, cosine, slot);
                    found.floors[other] = found.own.bound(ordinal);
                } else {
                    lists.offer(other, cosine, slot);
                    found.floors[other] = lists.bound(other);
                }
            }
        }
    }
}

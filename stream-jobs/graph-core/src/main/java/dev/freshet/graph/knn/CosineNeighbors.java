package dev.freshet.graph.knn;

import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.TopK;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The exact k nearest rows of each row of a matrix by cosine, by blocked products: O(rows² · columns), each pair once.
 *
 * <p>The row itself is never its own neighbor. A row of zeros has no direction, hence no neighbors, and is nobody's neighbor.
 * Ties go to the smaller row. The result does not depend on the number of threads.
 */
public final class CosineNeighbors {

    /** Rows on each side of a block: both sides and the products stay in the second-level cache at usual widths. */
    private static final int BLOCK = 128;

    private CosineNeighbors() {}

    /**
     * Finds the neighbors.
     *
     * @param matrix rows × columns finite numbers, row after row
     * @param k neighbors per row, at least 1
     * @param threads threads to use, at least 1
     * @return neighbors by cosine descending, then row ascending
     */
    public static NeighborGraph of(float[] matrix, int rows, int columns, int k, int threads) {
        if ((long) rows * columns != matrix.length) {
            throw new IllegalArgumentException(
                    rows + " x " + columns + " matrix with " + matrix.length + " values; they must match");
        }
        float[] unit = new float[matrix.length];
        boolean[] zero = new boolean[rows];
        for (int row = 0; row < rows; row++) {
            zero[row] = !Cosine.normalize(matrix, row * columns, unit, row * columns, columns);
        }
        PackedRows packed = PackedRows.of(unit, rows, columns);
        int blocks = (rows + BLOCK - 1) / BLOCK;
        AtomicInteger next = new AtomicInteger();
        TopK[][] best = new TopK[threads][];
        // Each thread keeps lists of its own for all rows, so that a pair that was computed once serves both its rows.
        Workers.run(threads, "comparing rows", thread -> {
            TopK[] mine = new TopK[rows];
            for (int row = 0; row < rows; row++) {
                mine[row] = new TopK(k, Integer::compare);
            }
            best[thread] = mine;
            float[] products = new float[PackedRows.TILE * PackedRows.PANEL];
            int[] starts = new int[PackedRows.TILE];
            for (int block = next.getAndIncrement(); block < blocks; block = next.getAndIncrement()) {
                compare(unit, packed, zero, block * BLOCK, Math.min(rows, (block + 1) * BLOCK), mine, products, starts);
            }
        });
        return merge(best, rows, k);
    }

    /** All pairs (a, b) with a in the block and b > a. */
    private static void compare(
            float[] unit, PackedRows packed, boolean[] zero, int from, int to, TopK[] best, float[] out, int[] starts) {
        for (int panel = from / PackedRows.PANEL; panel < packed.panels(); panel++) {
            int first = panel * PackedRows.PANEL;
            int end = Math.min(packed.rows(), first + PackedRows.PANEL);
            for (int row = from; row < to && row < end; row += PackedRows.TILE) {
                int count = Math.min(PackedRows.TILE, to - row);
                for (int t = 0; t < PackedRows.TILE; t++) {
                    starts[t] = (row + Math.min(t, count - 1)) * packed.columns();
                }
                packed.multiply(unit, starts, panel, out, 0, PackedRows.PANEL);
                for (int t = 0; t < count; t++) {
                    int a = row + t;
                    if (zero[a]) {
                        continue;
                    }
                    TopK list = best[a];
                    for (int b = Math.max(first, a + 1), p = t * PackedRows.PANEL + b - first; b < end; b++, p++) {
                        if (!zero[b]) {
                            list.offer(out[p], b);
                            best[b].offer(out[p], a);
                        }
                    }
                }
            }
        }
    }

    private static NeighborGraph merge(TopK[][] best, int rows, int k) {
        int[] offsets = new int[rows + 1];
        int[] neighbors = new int[Math.multiplyExact(rows, Math.min(k, Math.max(rows - 1, 0)))];
        double[] weights = new double[neighbors.length];
        TopK all = new TopK(k, Integer::compare);
        for (int row = 0; row < rows; row++) {
            all.clear();
            for (TopK[] lists : best) {
                lists[row].sort();
                for (int rank = 0; rank < lists[row].size(); rank++) {
                    all.offer(lists[row].weight(rank), lists[row].id(rank));
                }
            }
            all.sort();
            int at = offsets[row];
            for (int rank = 0; rank < all.size(); rank++, at++) {
                neighbors[at] = all.id(rank);
                weights[at] = all.weight(rank);
            }
            offsets[row + 1] = at;
        }
        return new NeighborGraph(
                offsets, Arrays.copyOf(neighbors, offsets[rows]), Arrays.copyOf(weights, offsets[rows]));
    }
}

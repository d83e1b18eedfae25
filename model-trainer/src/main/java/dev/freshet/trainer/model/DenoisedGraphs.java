package dev.freshet.trainer.model;

import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.TopK;
import dev.freshet.graph.knn.PackedRows;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Workers;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * DA-MRS's denoised item–item graphs (DIIG), one per modality: the nearest items by this modality among those that are at least
 * averagely similar by every modality. The averages are over all pairs, an item with itself included. Neighbors are without the
 * item itself.
 */
final class DenoisedGraphs {

    private DenoisedGraphs() {}

    /**
     * The denoised graphs by modality. A published graph is thinned by the other modalities' similarities instead of being
     * built from the features; one that was given denoised is taken as it is.
     *
     * @param k items per list in the paper's count, which has the item itself among them
     */
    static Map<String, NeighborGraph> of(TrainingData data, int k) {
        List<String> modalities = new ArrayList<>(data.features().keySet());
        List<Similarity> similarities = new ArrayList<>();
        for (Features features : data.features().values()) {
            similarities.add(Similarity.of(features));
        }
        Map<String, NeighborGraph> graphs = new LinkedHashMap<>();
        Set<Integer> missing = new TreeSet<>();
        for (int m = 0; m < modalities.size(); m++) {
            String modality = modalities.get(m);
            List<Similarity> others = new ArrayList<>(similarities);
            others.remove(m);
            NeighborGraph graph = data.hasPublishedGraph(modality)
                    ? thinned(data.itemContent(modality, k - 1), others)
                    : data.itemDenoised(modality, k - 1).orElse(null);
            graphs.put(modality, graph);
            if (graph == null) {
                missing.add(m);
            }
        }
        nearest(similarities, missing, k - 1, data.threads())
                .forEach((m, graph) -> graphs.put(modalities.get(m), graph));
        return graphs;
    }

    /** The graphs of the nearest items by each modality, not denoised. */
    static Map<String, NeighborGraph> plain(TrainingData data, int k) {
        Map<String, NeighborGraph> graphs = new LinkedHashMap<>();
        for (String modality : data.features().keySet()) {
            graphs.put(modality, data.itemContent(modality, k - 1));
        }
        return graphs;
    }

    /** Cosines of one modality and their mean; all 0 for items without features. */
    private record Similarity(PackedRows packed, float[] unit, int columns, double mean) {

        static Similarity of(Features features) {
            int columns = features.dimension();
            int items = features.items();
            float[] unit = features.filled();
            double[] sum = new double[columns];
            for (int item = 0; item < items; item++) {
                double norm = 0;
                for (int c = item * columns; c < (item + 1) * columns; c++) {
                    norm += (double) unit[c] * unit[c];
                }
                double scale = norm == 0 ? 0 : 1 / Math.sqrt(norm);
                for (int c = 0, at = item * columns; c < columns; c++, at++) {
                    unit[at] = (float) (unit[at] * scale);
                    sum[c] += unit[at];
                }
            }
            // The sum of all products is the product of the sum with itself.
            double total = 0;
            for (double s : sum) {
                total += s * s;
            }
            return new Similarity(PackedRows.of(unit, items, columns), unit, columns, total / ((double) items * items));
        }

        int items() {
            return packed.rows();
        }

        /** Cosines of {@link PackedRows#TILE} items from {@code first} on with all, a row each; the last item again beyond the end. */
        void rows(int first, float[] to) {
            int[] starts = new int[PackedRows.TILE];
            for (int t = 0; t < starts.length; t++) {
                starts[t] = Math.min(first + t, items() - 1) * columns;
            }
            int stride = packed.panels() * PackedRows.PANEL;
            for (int panel = 0; panel < packed.panels(); panel++) {
                packed.multiply(unit, starts, panel, to, panel * PackedRows.PANEL, stride);
            }
        }

        double of(int a, int b) {
            double product = 0;
            for (int c = 0, i = a * columns, j = b * columns; c < columns; c++, i++, j++) {
                product += unit[i] * unit[j];
            }
            return product;
        }
    }

    private static NeighborGraph thinned(NeighborGraph graph, List<Similarity> others) {
        Lists lists = new Lists(graph.nodes());
        for (int a = 0; a < graph.nodes(); a++) {
            for (int e = graph.offsets()[a]; e < graph.offsets()[a + 1]; e++) {
                int b = graph.neighbors()[e];
                int item = a;
                if (others.stream().allMatch(other -> other.of(item, b) >= other.mean())) {
                    lists.add(b, graph.weights()[e]);
                }
            }
            lists.end(a);
        }
        return lists.graph();
    }

    /** The denoised graphs of the nearest items by some of the modalities, by their place. */
    private static Map<Integer, NeighborGraph> nearest(
            List<Similarity> similarities, Set<Integer> wanted, int k, int threads) {
        if (wanted.isEmpty()) {
            return Map.of();
        }
        int items = similarities.get(0).items();
        TopK[][] lists = new TopK[similarities.size()][items];
        AtomicInteger next = new AtomicInteger();
        try (Workers workers = new Workers(threads)) {
            workers.run(part -> {
                int stride = similarities.get(0).packed().panels() * PackedRows.PANEL;
                float[][] rows = new float[similarities.size()][PackedRows.TILE * stride];
                int first = next.getAndAdd(PackedRows.TILE);
                for (; first < items; first = next.getAndAdd(PackedRows.TILE)) {
                    for (int m = 0; m < rows.length; m++) {
                        similarities.get(m).rows(first, rows[m]);
                    }
                    drop(rows, similarities);
                    for (int a = first; a < Math.min(items, first + PackedRows.TILE); a++) {
                        for (int m : wanted) {
                            lists[m][a] = best(rows[m], (a - first) * stride, a, items, k);
                        }
                    }
                }
            });
        }
        Map<Integer, NeighborGraph> graphs = new LinkedHashMap<>();
        for (int m : wanted) {
            Lists graph = new Lists(items);
            for (int a = 0; a < items; a++) {
                for (int rank = 0; rank < lists[m][a].size() && k > 0; rank++) {
                    graph.add(lists[m][a].id(rank), lists[m][a].weight(rank));
                }
                graph.end(a);
            }
            graphs.put(m, graph.graph());
        }
        return graphs;
    }

    /** Takes out the pairs of items whose similarity by any modality lies below its mean. */
    private static void drop(float[][] rows, List<Similarity> similarities) {
        for (int at = 0; at < rows[0].length; at++) {
            boolean kept = true;
            for (int m = 0; m < rows.length; m++) {
                kept &= rows[m][at] >= similarities.get(m).mean();
            }
            for (int m = 0; m < rows.length && !kept; m++) {
                rows[m][at] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private static TopK best(float[] similarity, int at, int item, int items, int k) {
        TopK best = new TopK(Math.max(1, k), Integer::compare);
        for (int b = 0; b < items; b++) {
            if (b != item && similarity[at + b] > Float.NEGATIVE_INFINITY) {
                best.offer(similarity[at + b], b);
            }
        }
        best.sort();
        return best;
    }

    private static final class Lists {
        private final int[] offsets;
        private final IntArrayList neighbors = new IntArrayList();
        private final DoubleArrayList weights = new DoubleArrayList();

        Lists(int nodes) {
            offsets = new int[nodes + 1];
        }

        void add(int neighbor, double weight) {
            neighbors.add(neighbor);
            weights.add(weight);
        }

        void end(int node) {
            offsets[node + 1] = neighbors.size();
        }

        NeighborGraph graph() {
            return new NeighborGraph(offsets, neighbors.toIntArray(), weights.toDoubleArray());
        }
    }
}

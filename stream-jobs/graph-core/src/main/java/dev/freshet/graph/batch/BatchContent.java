package dev.freshet.graph.batch;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphNames;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.TopK;
import dev.freshet.graph.content.ContentNeighbors;
import dev.freshet.graph.knn.Cosine;
import dev.freshet.graph.knn.CosineNeighbors;
import dev.freshet.graph.knn.PackedRows;
import dev.freshet.graph.knn.Workers;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

/** Builds the graphs by content from all vectors and interactions at once, as the oracle of the incremental ones. */
public final class BatchContent {

    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    private BatchContent() {}

    /**
     * The graphs of every modality: items by their vectors, users by their profiles; those without a list are left out.
     *
     * @param interactions live pairs
     */
    public static Map<String, List<NeighborList>> all(
            List<LiveInteraction> interactions, Collection<Item> items, int k) {
        Map<String, SortedMap<String, float[]>> vectors = vectors(items);
        Map<String, List<NeighborList>> graphs = new TreeMap<>();
        vectors.forEach((modality, ofItems) -> {
            add(GraphNames.itemContent(modality), ofItems, k, graphs);
            add(GraphNames.userProfile(modality), profiles(interactions, ofItems), k, graphs);
        });
        denoised(vectors, k, graphs);
        return graphs;
    }

    /** By each modality, the nearest items among the pairs on which all modalities are at or above their mean cosine. */
    private static void denoised(
            Map<String, SortedMap<String, float[]>> vectors, int k, Map<String, List<NeighborList>> graphs) {
        SortedMap<String, ContentNeighbors> tables = tables(vectors);
        Set<String> ids = new TreeSet<>(
                tables.isEmpty() ? Set.of() : vectors.get(tables.firstKey()).keySet());
        ids.removeIf(id -> tables.values().stream().anyMatch(table -> !table.contains(id)));
        if (ids.isEmpty()) {
            return;
        }
        List<String> items = List.copyOf(ids);
        List<float[]> units = new ArrayList<>();
        List<PackedRows> packed = new ArrayList<>();
        for (String modality : tables.keySet()) {
            int dimension = tables.get(modality).dimension();
            float[] unit = new float[Math.multiplyExact(items.size(), dimension)];
            for (int row = 0; row < items.size(); row++) {
                Cosine.normalize(vectors.get(modality).get(items.get(row)), 0, unit, row * dimension, dimension);
            }
            units.add(unit);
            packed.add(PackedRows.of(unit, items.size(), dimension));
        }
        List<String> modalities = List.copyOf(tables.keySet());
        double[] means = tables.values().stream()
                .mapToDouble(ContentNeighbors::meanCosine)
                .toArray();
        NeighborList[][] lists = new NeighborList[modalities.size()][items.size()];
        AtomicInteger next = new AtomicInteger();
        Workers.run(THREADS, "comparing items", thread -> {
            for (int row = next.getAndIncrement(); row < items.size(); row = next.getAndIncrement()) {
                float[][] cosines = new float[modalities.size()][];
                for (int m = 0; m < cosines.length; m++) {
                    cosines[m] = row(units.get(m), packed.get(m), row);
                }
                for (int m = 0; m < cosines.length; m++) {
                    TopK best = new TopK(k, Integer::compare);
                    for (int other = 0; other < items.size(); other++) {
                        if (other != row && kept(cosines, means, other)) {
                            best.offer(cosines[m][other], other);
                        }
                    }
                    best.sort();
                    List<Neighbor> neighbors = new ArrayList<>(best.size());
                    for (int rank = 0; rank < best.size(); rank++) {
                        neighbors.add(new Neighbor(items.get(best.id(rank)), best.weight(rank)));
                    }
                    lists[m][row] = new NeighborList(
                            GraphNames.itemDenoised(modalities.get(m)), items.get(row), neighbors, 0, 0L);
                }
            }
        });
        for (int m = 0; m < lists.length; m++) {
            List<NeighborList> present = Arrays.stream(lists[m])
                    .filter(list -> !list.getNeighbors().isEmpty())
                    .toList();
            if (!present.isEmpty()) {
                graphs.put(GraphNames.itemDenoised(modalities.get(m)), present);
            }
        }
    }

    private static float[] row(float[] unit, PackedRows packed, int row) {
        int[] starts = new int[PackedRows.TILE];
        Arrays.fill(starts, row * packed.columns());
        float[] products = new float[PackedRows.TILE * PackedRows.PANEL];
        float[] all = new float[packed.panels() * PackedRows.PANEL];
        for (int panel = 0; panel < packed.panels(); panel++) {
            packed.multiply(unit, starts, panel, products, 0, PackedRows.PANEL);
            System.arraycopy(products, 0, all, panel * PackedRows.PANEL, PackedRows.PANEL);
        }
        return all;
    }

    private static boolean kept(float[][] cosines, double[] means, int other) {
        for (int m = 0; m < means.length; m++) {
            if (cosines[m][other] < means[m]) {
                return false;
            }
        }
        return true;
    }

    /** Mean cosine over all ordered pairs of each modality's vectors, each with itself included. */
    public static Map<String, Double> meanCosines(Collection<Item> items) {
        Map<String, Double> means = new TreeMap<>();
        tables(vectors(items)).forEach((modality, table) -> means.put(modality, table.meanCosine()));
        return means;
    }

    /** What is not empty. Exact means are for one class to define; the order and the history do not matter to it. */
    private static SortedMap<String, ContentNeighbors> tables(Map<String, SortedMap<String, float[]>> vectors) {
        SortedMap<String, ContentNeighbors> tables = new TreeMap<>();
        vectors.forEach((modality, rows) -> {
            ContentNeighbors table = new ContentNeighbors(rows.get(rows.firstKey()).length, 1, 1);
            rows.forEach(table::put);
            if (table.size() > 0) {
                tables.put(modality, table);
            }
        });
        return tables;
    }

    private static Map<String, SortedMap<String, float[]>> vectors(Collection<Item> items) {
        Map<String, SortedMap<String, float[]>> vectors = new TreeMap<>();
        for (Item item : items) {
            item.getFeatures().forEach((modality, vector) -> vectors.computeIfAbsent(modality, key -> new TreeMap<>())
                    .put(item.getItem(), Vectors.toArray(vector)));
        }
        return vectors;
    }

    /** Mean vector of each user's items, for users who have one with a vector. */
    private static SortedMap<String, float[]> profiles(
            List<LiveInteraction> interactions, Map<String, float[]> vectors) {
        SortedMap<String, SortedMap<String, float[]>> byUser = new TreeMap<>();
        for (LiveInteraction interaction : interactions) {
            float[] vector = vectors.get(interaction.getItem());
            if (vector != null && interaction.getLive()) {
                byUser.computeIfAbsent(interaction.getUser(), user -> new TreeMap<>())
                        .put(interaction.getItem(), vector);
            }
        }
        SortedMap<String, float[]> profiles = new TreeMap<>();
        byUser.forEach((user, rows) -> profiles.put(user, mean(rows.values())));
        return profiles;
    }

    /** Summed in double, in the order given. */
    private static float[] mean(Collection<float[]> rows) {
        double[] sum = new double[rows.iterator().next().length];
        for (float[] row : rows) {
            for (int c = 0; c < sum.length; c++) {
                sum[c] += row[c];
            }
        }
        float[] mean = new float[sum.length];
        for (int c = 0; c < sum.length; c++) {
            mean[c] = (float) (sum[c] / rows.size());
        }
        return mean;
    }

    private static void add(
            String name, SortedMap<String, float[]> vectors, int k, Map<String, List<NeighborList>> graphs) {
        List<String> ids = List.copyOf(vectors.keySet());
        if (ids.isEmpty()) {
            return;
        }
        int dimension = vectors.get(vectors.firstKey()).length;
        float[] matrix = new float[Math.multiplyExact(ids.size(), dimension)];
        int at = 0;
        for (float[] vector : vectors.values()) {
            System.arraycopy(vector, 0, matrix, at, dimension);
            at += dimension;
        }
        NeighborGraph graph = CosineNeighbors.of(matrix, ids.size(), dimension, k, THREADS);
        List<NeighborList> lists = new ArrayList<>();
        for (int node = 0; node < graph.nodes(); node++) {
            if (graph.degree(node) > 0) {
                List<Neighbor> neighbors = new ArrayList<>(graph.degree(node));
                for (int e = graph.offsets()[node]; e < graph.offsets()[node + 1]; e++) {
                    neighbors.add(new Neighbor(ids.get(graph.neighbors()[e]), graph.weights()[e]));
                }
                lists.add(new NeighborList(name, ids.get(node), neighbors, 0, 0L));
            }
        }
        if (!lists.isEmpty()) {
            graphs.put(name, lists);
        }
    }
}

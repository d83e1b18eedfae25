package dev.freshet.trainer.model;

import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * What DA-MRS's item graphs make of the items: one graph per modality, denoised by the other modalities (DIIG), and the behavior
 * graph (IIB) of items that users have in common. All are directed, with the item itself, and 1 / √(degree · degree) on each edge.
 * Tables have one row per user, all zeros, then one per item.
 */
final class ItemViews implements AutoCloseable {

    private final List<Propagation> graphs = new ArrayList<>();
    private final List<Table> tables = new ArrayList<>();
    private final Propagation mean;

    private ItemViews(List<Csr> items, int users, Backend backend, int columns) {
        for (Csr matrix : items) {
            graphs.add(backend.propagation(GraphMatrices.sides(GraphMatrices.empty(users), matrix)));
            tables.add(backend.table(users + matrix.rows(), columns));
        }
        mean = items.isEmpty()
                ? null
                : backend.propagation(GraphMatrices.sides(GraphMatrices.empty(users), GraphMatrices.mean(items)));
    }

    /**
     * The views that the settings ask for.
     *
     * @param columns length of a representation
     */
    static ItemViews of(TrainingData data, Settings settings, Backend backend, int columns) {
        List<Csr> matrices = new ArrayList<>();
        for (NeighborGraph graph : contentGraphs(data, settings).values()) {
            matrices.add(GraphMatrices.semantic(graph));
        }
        if (settings.flag("behavior-graph")) {
            matrices.add(GraphMatrices.semantic(data.itemCooccurrence(
                    settings.whole("cooccurrence-min", 1), settings.whole("cooccurrence-top-k", 1))));
        }
        return new ItemViews(matrices, data.users(), backend, columns);
    }

    private static Map<String, NeighborGraph> contentGraphs(TrainingData data, Settings settings) {
        int neighbors = settings.whole("neighbors", 1);
        return switch (settings.oneOf("item-graphs", "denoised", "plain", "none")) {
            case "denoised" -> DenoisedGraphs.of(data, neighbors);
            case "plain" -> DenoisedGraphs.plain(data, neighbors);
            default -> Map.of();
        };
    }

    /** Computes all views of what the graphs spread. */
    void forward(Table nodes) {
        for (int view = 0; view < graphs.size(); view++) {
            graphs.get(view).apply(nodes, tables.get(view));
        }
    }

    /** The views, as {@link #forward} left them. */
    List<Table> tables() {
        return Collections.unmodifiableList(tables);
    }

    /** The graph of each view. */
    List<Propagation> graphs() {
        return Collections.unmodifiableList(graphs);
    }

    /** The mean of the graphs, or null if there are none. */
    Propagation mean() {
        return mean;
    }

    @Override
    public void close() {
        graphs.forEach(Propagation::close);
        tables.forEach(Table::close);
        if (mean != null) {
            mean.close();
        }
    }
}

package dev.freshet.trainer;

import dev.freshet.dataset.FloatMatrix;
import dev.freshet.dataset.IntMatrix;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.RandomSplit;
import dev.freshet.trainer.data.TrainingData;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A data set on disk as the papers' protocol takes it.
 *
 * @param training what models are trained on
 * @param valid pairs for early stopping
 * @param test pairs for the reported metrics
 */
public record ProtocolData(TrainingData training, Interactions valid, Interactions test) {

    /**
     * Reads a data set, with its published split, else MMRec's random one.
     *
     * @param publishedGraphs whether to take published neighbors in the place of graphs built from the features
     */
    public static ProtocolData of(MmrecDataSet set, boolean publishedGraphs, long seed, int threads)
            throws IOException {
        int[] parts = set.hasSplit()
                ? IntStream.range(0, set.size())
                        .map(row -> set.split(row).ordinal())
                        .toArray()
                : RandomSplit.parts(set.users(), set.userCount(), seed);
        Map<String, Features> features = new HashMap<>();
        Map<String, NeighborGraph> graphs = new HashMap<>();
        for (String modality : set.modalities()) {
            FloatMatrix matrix = set.features(modality);
            features.put(modality, Features.of(matrix.columns(), matrix.values()));
            if (publishedGraphs && set.hasNeighbors(modality)) {
                graphs.put(
                        TrainingData.publishedGraph(modality),
                        graph(set.neighbors(modality), set.neighborCosines(modality)));
            }
        }
        Interactions[] pairs = new Interactions[3];
        for (int part = 0; part < pairs.length; part++) {
            int wanted = part;
            int[] rows = IntStream.range(0, parts.length)
                    .filter(row -> parts[row] == wanted)
                    .toArray();
            pairs[part] = Interactions.of(
                    Arrays.stream(rows).map(row -> set.users()[row]).toArray(),
                    Arrays.stream(rows).map(row -> set.items()[row]).toArray(),
                    set.userCount(),
                    set.itemCount());
        }
        return new ProtocolData(new TrainingData(pairs[0], features, graphs, threads), pairs[1], pairs[2]);
    }

    /** Published neighbors without the item itself, in their order. */
    private static NeighborGraph graph(IntMatrix neighbors, FloatMatrix cosines) {
        int[] offsets = new int[neighbors.rows() + 1];
        int[] ids = new int[neighbors.values().length];
        double[] weights = new double[ids.length];
        int at = 0;
        for (int item = 0; item < neighbors.rows(); item++) {
            for (int rank = 0; rank < neighbors.columns(); rank++) {
                if (neighbors.get(item, rank) != item) {
                    ids[at] = neighbors.get(item, rank);
                    weights[at++] = cosines.get(item, rank);
                }
            }
            offsets[item + 1] = at;
        }
        return new NeighborGraph(offsets, Arrays.copyOf(ids, at), Arrays.copyOf(weights, at));
    }
}

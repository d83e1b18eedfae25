package dev.freshet.trainer.model;

import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Csr;
import java.util.ArrayList;
import java.util.List;

/** FREEDOM's item graph (Eq. 2 to 5), which DRAGON takes too: the weighted sum of the modalities' graphs of nearest items. */
final class ContentGraph {

    /** The modality that has a weight of its own; all others share the rest alike. */
    private static final String IMAGE = "image";

    private ContentGraph() {}

    /**
     * The graph: each row is an average of the item itself and its nearest items.
     *
     * @param k items that are averaged per modality, the item itself included
     * @param imageWeight weight of the modality image where there are others too, 0 to 1
     */
    static Csr of(TrainingData data, int k, double imageWeight) {
        int modalities = data.features().size();
        List<Csr> matrices = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        boolean weighted = modalities > 1 && data.features().containsKey(IMAGE);
        for (String modality : data.features().keySet()) {
            matrices.add(
                    k > 1
                            ? GraphMatrices.average(data.itemContent(modality, k - 1))
                            : GraphMatrices.identity(data.items()));
            weights.add(
                    !weighted
                            ? 1.0 / modalities
                            : modality.equals(IMAGE) ? imageWeight : (1 - imageWeight) / (modalities - 1));
        }
        return matrices.isEmpty() ? GraphMatrices.empty(data.items()) : GraphMatrices.sum(matrices, weights);
    }
}

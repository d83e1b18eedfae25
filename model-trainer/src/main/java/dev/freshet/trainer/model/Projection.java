package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import java.util.List;

/**
 * A modality's features and their linear map to the length of an embedding (MCDRec, Eq. 1).
 *
 * @param features one row per item
 * @param weight [features × dimension]
 * @param bias [1 × dimension]
 */
record Projection(Parameter features, Parameter weight, Parameter bias) implements AutoCloseable {

    /** A projection that starts from these weights. */
    static Projection of(String modality, Features raw, int dimension, Backend backend, float[] weight, float[] bias) {
        int inputs = raw.dimension();
        return new Projection(
                Parameter.of(
                        modality + ".features", Parameter.Rows.FEATURES, backend, raw.items(), inputs, raw.filled()),
                Parameter.of(modality + ".weight", Parameter.Rows.SHARED, backend, inputs, dimension, weight),
                Parameter.of(modality + ".bias", Parameter.Rows.SHARED, backend, 1, dimension, bias));
    }

    /** What is trained: the map, and the features themselves if they are. */
    List<Parameter> parameters(boolean trainedFeatures) {
        return trainedFeatures ? List.of(features, weight, bias) : List.of(weight, bias);
    }

    /** The features of some items, as a leaf if they are trained. */
    NDArray rows(int[] items, boolean trainedFeatures, Leaves leaves) {
        return trainedFeatures ? leaves.rows(features, items) : features.value().gather(items, leaves.manager());
    }

    /** Projected rows. */
    static NDArray apply(NDArray rows, NDArray weight, NDArray bias) {
        return rows.matMul(weight).add(bias);
    }

    @Override
    public void close() {
        features.close();
        weight.close();
        bias.close();
    }
}

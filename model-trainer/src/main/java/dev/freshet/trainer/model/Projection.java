package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Table;
import java.util.List;

/**
 * A modality's features and their linear map to the length of an embedding (MCDRec, Eq. 1). Where features are trained, what is
 * trained is what training adds to them: a warm start has that, and the features as they are by now.
 *
 * @param raw one row per item
 * @param correction what training adds to the rows, from 0 on; null where features are not trained
 * @param weight [features × dimension]
 * @param bias [1 × dimension]
 */
record Projection(Table raw, Parameter correction, Parameter weight, Parameter bias) implements AutoCloseable {

    /** A projection that starts from these weights. */
    static Projection of(
            String modality,
            Features features,
            boolean trained,
            int dimension,
            Backend backend,
            float[] weight,
            float[] bias) {
        int items = features.items();
        int inputs = features.dimension();
        return new Projection(
                backend.table(items, inputs, features.filled()),
                trained
                        ? Parameter.of(
                                modality + ".correction",
                                Parameter.Rows.CORRECTIONS,
                                backend,
                                items,
                                inputs,
                                new float[Math.multiplyExact(items, inputs)])
                        : null,
                Parameter.of(modality + ".weight", Parameter.Rows.SHARED, backend, inputs, dimension, weight),
                Parameter.of(modality + ".bias", Parameter.Rows.SHARED, backend, 1, dimension, bias));
    }

    /** What is trained. */
    List<Parameter> parameters() {
        return correction == null ? List.of(weight, bias) : List.of(correction, weight, bias);
    }

    /** The features of some items for a step. */
    NDArray rows(int[] items, Leaves leaves) {
        NDArray rows = raw.gather(items, leaves.manager());
        return correction == null ? rows : rows.add(leaves.rows(correction, items));
    }

    /** The features of all items for a step, projected. */
    NDArray projected(Leaves leaves) {
        NDArray rows = raw.tensor(leaves.manager());
        return apply(
                correction == null ? rows : rows.add(leaves.whole(correction)),
                leaves.whole(weight),
                leaves.whole(bias));
    }

    /** The features of all items, projected. */
    NDArray projected(NDManager manager) {
        NDArray rows = raw.tensor(manager);
        return projected(correction == null ? rows : rows.add(correction.value().tensor(manager)), manager);
    }

    /** The features of some items, projected. */
    NDArray projected(int[] items, NDManager manager) {
        NDArray rows = raw.gather(items, manager);
        return projected(correction == null ? rows : rows.add(correction.value().gather(items, manager)), manager);
    }

    private NDArray projected(NDArray rows, NDManager manager) {
        return apply(rows, weight.value().tensor(manager), bias.value().tensor(manager));
    }

    /** Projected rows. */
    static NDArray apply(NDArray rows, NDArray weight, NDArray bias) {
        return rows.matMul(weight).add(bias);
    }

    @Override
    public void close() {
        raw.close();
        if (correction != null) {
            correction.close();
        }
        weight.close();
        bias.close();
    }
}

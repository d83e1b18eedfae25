package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Table;
import java.util.Arrays;

/**
 * Features after all their propagation: F(E W + 1bᵀ) = (F E) W + (F 1) bᵀ for a linear map F, so that F E and F 1 are computed once,
 * and a training step has no graph in it.
 *
 * @param features F E, [nodes × dimension]
 * @param ones F 1, [nodes × 1]
 */
record FoldedFeatures(NDArray features, NDArray ones) implements AutoCloseable {

    /** Columns that are propagated at a time, to bound the memory of results in between. */
    private static final int CHUNK = 256;

    /**
     * Folds features.
     *
     * @param raw nodes × dimension, row after row; overwritten by the result
     * @param maps makes F for tables of a number of columns; null for the identity
     */
    static FoldedFeatures of(float[] raw, int nodes, Backend backend, java.util.function.IntFunction<LinearMap> maps) {
        int dimension = raw.length / nodes;
        float[] ones = new float[nodes];
        Arrays.fill(ones, 1);
        if (maps != null) {
            fold(ones, nodes, 1, backend, maps);
            fold(raw, nodes, dimension, backend, maps);
        }
        NDManager manager = backend.manager();
        return new FoldedFeatures(
                manager.create(raw, new Shape(nodes, dimension)), manager.create(ones, new Shape(nodes, 1)));
    }

    private static void fold(
            float[] raw, int nodes, int dimension, Backend backend, java.util.function.IntFunction<LinearMap> maps) {
        for (int from = 0; from < dimension; from += CHUNK) {
            int columns = Math.min(CHUNK, dimension - from);
            float[] chunk = new float[nodes * columns];
            for (int node = 0; node < nodes; node++) {
                System.arraycopy(raw, node * dimension + from, chunk, node * columns, columns);
            }
            try (LinearMap map = maps.apply(columns);
                    Table in = backend.table(nodes, columns, chunk);
                    Table out = backend.table(nodes, columns)) {
                map.forward(in, out);
                chunk = out.toFloats();
            }
            for (int node = 0; node < nodes; node++) {
                System.arraycopy(chunk, node * columns, raw, node * dimension + from, columns);
            }
        }
    }

    /** Some rows. */
    FoldedFeatures rows(NDArray rows) {
        return new FoldedFeatures(features.get(rows), ones.get(rows));
    }

    /** Times the projection, [rows × out]. */
    NDArray project(NDArray weight, NDArray bias) {
        return features.matMul(weight).add(ones.matMul(bias));
    }

    @Override
    public void close() {
        features.close();
        ones.close();
    }
}

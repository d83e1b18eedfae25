package dev.freshet.trainer.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;

/** Sparse times dense by torch, in coordinate form. */
final class TorchPropagation implements Propagation {

    private final NDManager manager;
    private final NDArray forward;
    private final NDArray backward;

    TorchPropagation(Csr matrix, NDManager manager) {
        this.manager = manager.newSubManager();
        this.forward = coo(this.manager, matrix);
        Csr transposed = matrix.transpose();
        this.backward = transposed.equals(matrix) ? forward : coo(this.manager, transposed);
    }

    private static NDArray coo(NDManager manager, Csr matrix) {
        long[][] positions = new long[2][matrix.entries()];
        for (int row = 0; row < matrix.rows(); row++) {
            for (int e = matrix.offsets()[row]; e < matrix.offsets()[row + 1]; e++) {
                positions[0][e] = row;
                positions[1][e] = matrix.indices()[e];
            }
        }
        return coo(manager, matrix.values(), positions, new Shape(matrix.rows(), matrix.columns()));
    }

    static NDArray coo(NDManager manager, float[] values, long[][] positions, Shape shape) {
        // DJL frees the arrays that the new tensor still points to; its duplicate has its own.
        try (NDArray borrowed = manager.createCoo(FloatBuffer.wrap(values), positions, shape)) {
            return borrowed.duplicate();
        }
    }

    @Override
    public int rows() {
        return (int) forward.getShape().get(0);
    }

    @Override
    public int columns() {
        return (int) forward.getShape().get(1);
    }

    @Override
    public void apply(Table x, Table plus, float scale, Table y) {
        multiply(forward, x, plus, scale, y);
    }

    @Override
    public void applyTransposed(Table g, Table plus, float scale, Table x) {
        multiply(backward, g, plus, scale, x);
    }

    private void multiply(NDArray matrix, Table x, Table plus, float scale, Table y) {
        NDArray to = ((TorchTable) y).values;
        try (NDManager call = manager.newSubManager()) {
            call.tempAttachAll(matrix);
            NDArray product = matrix.matMul(((TorchTable) x).values);
            if (plus != null) {
                product.addi(((TorchTable) plus).values);
            }
            to.set(TorchTable.ALL, product.muli(scale));
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}

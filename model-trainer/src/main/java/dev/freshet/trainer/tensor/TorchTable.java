package dev.freshet.trainer.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;

/** A table as a tensor. Results of tensor operations go to a manager of the call, or they would pile up in the table's. */
final class TorchTable implements Table {

    static final NDIndex ALL = new NDIndex(":");

    private final NDManager manager;
    final NDArray values;

    TorchTable(int rows, int columns, NDManager manager) {
        this.manager = manager;
        this.values = manager.zeros(new Shape(rows, columns), DataType.FLOAT32);
    }

    @Override
    public int rows() {
        return (int) values.getShape().get(0);
    }

    @Override
    public int columns() {
        return (int) values.getShape().get(1);
    }

    @Override
    public float[] toFloats() {
        return values.toFloatArray();
    }

    @Override
    public void set(float[] from) {
        values.set(FloatBuffer.wrap(from));
    }

    @Override
    public void zero() {
        try (NDManager call = manager.newSubManager()) {
            call.tempAttachAll(values);
            values.set(ALL, 0f);
        }
    }

    @Override
    public NDArray tensor(NDManager to) {
        NDArray copy = values.duplicate();
        copy.attach(to);
        return copy;
    }

    @Override
    public NDArray gather(int[] rows, NDManager to) {
        try (NDManager call = manager.newSubManager()) {
            call.tempAttachAll(values);
            NDArray picked =
                    values.get(call.create(Arrays.stream(rows).asLongStream().toArray()));
            picked.attach(to);
            return picked;
        }
    }

    @Override
    public void scatterAdd(int[] rows, NDArray added) {
        try (NDManager call = manager.newSubManager()) {
            long[][] positions = new long[2][rows.length];
            float[] ones = new float[rows.length];
            for (int r = 0; r < rows.length; r++) {
                positions[0][r] = rows[r];
                positions[1][r] = r;
                ones[r] = 1;
            }
            NDArray incidence = TorchPropagation.coo(call, ones, positions, new Shape(rows(), rows.length));
            values.addi(incidence.matMul(added));
        }
    }

    @Override
    public float[] dots(int[] rows, Table other, int[] otherRows) {
        try (NDManager call = manager.newSubManager()) {
            return gather(rows, call)
                    .mul(other.gather(otherRows, call))
                    .sum(new int[] {1})
                    .toFloatArray();
        }
    }

    @Override
    public void addRows(int[] rows, Table from, int[] fromRows, float[] weights) {
        try (NDManager call = manager.newSubManager()) {
            NDArray scale = call.create(weights, new Shape(weights.length, 1));
            scatterAdd(rows, from.gather(fromRows, call).mul(scale));
        }
    }

    @Override
    public void add(NDArray added) {
        values.addi(added);
    }

    @Override
    public void add(Table added) {
        values.addi(((TorchTable) added).values);
    }

    @Override
    public void adam(Table gradient, Table first, Table second, Adam.Step step) {
        NDArray g = ((TorchTable) gradient).values;
        NDArray m = ((TorchTable) first).values;
        NDArray v = ((TorchTable) second).values;
        try (NDManager call = manager.newSubManager()) {
            call.tempAttachAll(values, g, m, v);
            m.muli(step.beta1()).addi(g.mul(1 - step.beta1()));
            v.muli(step.beta2()).addi(g.square().muli(1 - step.beta2()));
            NDArray denominator = v.sqrt().muli(step.scale()).addi(step.epsilon());
            values.subi(m.mul(step.rate()).divi(denominator));
            g.set(ALL, 0f);
        }
    }

    @Override
    public void close() {
        values.close();
    }
}

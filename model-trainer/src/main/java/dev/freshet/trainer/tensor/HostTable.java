package dev.freshet.trainer.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** A table as a Java array. */
final class HostTable implements Table {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    private final int rows;
    private final int columns;
    private final Workers workers;
    final float[] values;

    HostTable(int rows, int columns, Workers workers) {
        this.rows = rows;
        this.columns = columns;
        this.workers = workers;
        this.values = new float[Math.multiplyExact(rows, columns)];
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public float[] toFloats() {
        return values.clone();
    }

    @Override
    public void set(float[] from) {
        if (from.length != values.length) {
            throw new IllegalArgumentException(from.length + " values for a table of " + rows + " x " + columns);
        }
        System.arraycopy(from, 0, values, 0, values.length);
    }

    @Override
    public void zero() {
        Arrays.fill(values, 0);
    }

    @Override
    public NDArray tensor(NDManager manager) {
        return manager.create(values, new Shape(rows, columns));
    }

    @Override
    public NDArray gather(int[] which, NDManager manager) {
        float[] picked = new float[which.length * columns];
        for (int r = 0; r < which.length; r++) {
            System.arraycopy(values, which[r] * columns, picked, r * columns, columns);
        }
        return manager.create(picked, new Shape(which.length, columns));
    }

    @Override
    public void scatterAdd(int[] which, NDArray added) {
        FloatBuffer from = added.toByteBuffer(true).asFloatBuffer();
        float[] row = new float[columns];
        for (int to : which) {
            from.get(row);
            for (int c = 0, at = to * columns; c < columns; c++, at++) {
                values[at] += row[c];
            }
        }
    }

    @Override
    public void add(NDArray added) {
        FloatBuffer from = added.toByteBuffer(true).asFloatBuffer();
        for (int at = 0; at < values.length; at++) {
            values[at] += from.get();
        }
    }

    @Override
    public void add(Table added) {
        float[] from = ((HostTable) added).values;
        for (int at = 0; at < values.length; at++) {
            values[at] += from[at];
        }
    }

    @Override
    public void adam(Table gradient, Table first, Table second, Adam.Step step) {
        float[] g = ((HostTable) gradient).values;
        float[] m = ((HostTable) first).values;
        float[] v = ((HostTable) second).values;
        workers.run(part -> {
            int from = (int) ((long) values.length * part / workers.threads());
            int to = (int) ((long) values.length * (part + 1) / workers.threads());
            adam(g, m, v, step, from, to);
        });
    }

    private void adam(float[] g, float[] m, float[] v, Adam.Step step, int from, int to) {
        float b1 = step.beta1();
        float b2 = step.beta2();
        int at = from;
        for (; at <= to - SPECIES.length(); at += SPECIES.length()) {
            FloatVector gradient = FloatVector.fromArray(SPECIES, g, at);
            FloatVector first = FloatVector.fromArray(SPECIES, m, at).mul(b1).add(gradient.mul(1 - b1));
            FloatVector second = FloatVector.fromArray(SPECIES, v, at)
                    .mul(b2)
                    .add(gradient.mul(gradient).mul(1 - b2));
            first.intoArray(m, at);
            second.intoArray(v, at);
            FloatVector.fromArray(SPECIES, values, at)
                    .sub(first.mul(step.rate())
                            .div(second.sqrt().mul(step.scale()).add(step.epsilon())))
                    .intoArray(values, at);
            FloatVector.zero(SPECIES).intoArray(g, at);
        }
        for (; at < to; at++) {
            m[at] = b1 * m[at] + (1 - b1) * g[at];
            v[at] = b2 * v[at] + (1 - b2) * g[at] * g[at];
            values[at] -= step.rate() * m[at] / ((float) Math.sqrt(v[at]) * step.scale() + step.epsilon());
            g[at] = 0;
        }
    }

    @Override
    public void close() {
        // The garbage collector has it.
    }
}

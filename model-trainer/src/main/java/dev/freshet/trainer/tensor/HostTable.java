package dev.freshet.trainer.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** A table as a Java array. */
final class HostTable implements Table {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    /** Rows that are done before another thread has woken up. */
    private static final int SMALL = 1 << 8;

    /** Numbers that are read from a tensor at a time. */
    private static final int BLOCK = 1 << 14;

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
        workers.split(values.length, (from, to) -> Arrays.fill(values, from, to, 0));
    }

    @Override
    public NDArray tensor(NDManager manager) {
        return manager.create(values, new Shape(rows, columns));
    }

    @Override
    public NDArray gather(int[] which, NDManager manager) {
        float[] picked = new float[which.length * columns];
        workers.split(which.length, (from, to) -> {
            for (int r = from; r < to; r++) {
                System.arraycopy(values, which[r] * columns, picked, r * columns, columns);
            }
        });
        return manager.create(picked, new Shape(which.length, columns));
    }

    @Override
    public void scatterAdd(int[] which, NDArray added) {
        float[] from = new float[which.length * columns];
        added.toByteBuffer(true).asFloatBuffer().get(from);
        byColumns(
                which.length,
                (r, start, count) -> accumulate(1, from, r * columns + start, which[r] * columns + start, count));
    }

    @Override
    public float[] dots(int[] which, Table other, int[] otherRows) {
        float[] theirs = ((HostTable) other).values;
        float[] dots = new float[which.length];
        workers.split(which.length, (from, to) -> {
            for (int r = from; r < to; r++) {
                dots[r] = dot(values, which[r] * columns, theirs, otherRows[r] * columns, columns);
            }
        });
        return dots;
    }

    private static float dot(float[] a, int startA, float[] b, int startB, int count) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int c = 0;
        for (; c <= count - LANES; c += LANES) {
            sum = FloatVector.fromArray(SPECIES, a, startA + c).fma(FloatVector.fromArray(SPECIES, b, startB + c), sum);
        }
        float total = sum.reduceLanes(VectorOperators.ADD);
        for (; c < count; c++) {
            total = Math.fma(a[startA + c], b[startB + c], total);
        }
        return total;
    }

    @Override
    public void addRows(int[] which, Table from, int[] fromRows, float[] weights) {
        float[] added = ((HostTable) from).values;
        byColumns(
                which.length,
                (r, start, count) -> accumulate(
                        weights[r], added, fromRows[r] * columns + start, which[r] * columns + start, count));
    }

    /** A part of the columns of the r-th of some rows. */
    private interface RowPart {
        void run(int r, int start, int count);
    }

    /** Divides the columns among the threads, since rows may be named more than once; each takes the rows in order. */
    private void byColumns(int count, RowPart part) {
        workers.split(columns / LANES, count < SMALL ? Integer.MAX_VALUE : 1, (from, to) -> {
            int start = from * LANES;
            int end = to == columns / LANES ? columns : to * LANES;
            for (int r = 0; r < count; r++) {
                part.run(r, start, end - start);
            }
        });
    }

    @Override
    public void add(NDArray added) {
        FloatBuffer from = added.toByteBuffer(true).asFloatBuffer();
        workers.split(values.length, (start, end) -> {
            float[] block = new float[Math.min(BLOCK, end - start)];
            for (int at = start; at < end; at += block.length) {
                int count = Math.min(block.length, end - at);
                from.get(at, block, 0, count);
                accumulate(1, block, 0, at, count);
            }
        });
    }

    @Override
    public void add(Table added) {
        float[] from = ((HostTable) added).values;
        workers.split(values.length, (start, end) -> accumulate(1, from, start, start, end - start));
    }

    /** Adds {@code weight} times the numbers from {@code start} on to those of this table from {@code to} on. */
    private void accumulate(float weight, float[] from, int start, int to, int count) {
        FloatVector factor = FloatVector.broadcast(SPECIES, weight);
        int c = 0;
        for (; c <= count - LANES; c += LANES) {
            FloatVector.fromArray(SPECIES, from, start + c)
                    .fma(factor, FloatVector.fromArray(SPECIES, values, to + c))
                    .intoArray(values, to + c);
        }
        for (; c < count; c++) {
            values[to + c] = Math.fma(weight, from[start + c], values[to + c]);
        }
    }

    @Override
    public void adam(Table gradient, Table first, Table second, Adam.Step step) {
        float[] g = ((HostTable) gradient).values;
        float[] m = ((HostTable) first).values;
        float[] v = ((HostTable) second).values;
        workers.split(values.length, (from, to) -> adam(g, m, v, step, from, to));
    }

    private void adam(float[] g, float[] m, float[] v, Adam.Step step, int from, int to) {
        float b1 = step.beta1();
        float b2 = step.beta2();
        int at = from;
        for (; at <= to - LANES; at += LANES) {
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

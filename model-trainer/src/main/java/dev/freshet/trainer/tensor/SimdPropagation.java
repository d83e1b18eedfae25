package dev.freshet.trainer.tensor;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Sparse times dense by rows, with SIMD along the columns of the table; rows are split among threads by entries. */
final class SimdPropagation implements Propagation {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    private final Workers workers;
    private final Split forward;
    private final Split backward;

    /** A matrix and the rows where each thread starts. */
    private record Split(Csr matrix, int[] starts) {
        static Split of(Csr matrix, int threads) {
            int[] starts = new int[threads + 1];
            for (int t = 1; t < threads; t++) {
                int entry = (int) ((long) matrix.entries() * t / threads);
                int row = Arrays.binarySearch(matrix.offsets(), entry);
                starts[t] = Math.max(starts[t - 1], Math.min(matrix.rows(), row < 0 ? -row - 1 : row));
            }
            starts[threads] = matrix.rows();
            return new Split(matrix, starts);
        }
    }

    SimdPropagation(Csr matrix, Workers workers) {
        this.workers = workers;
        this.forward = Split.of(matrix, workers.threads());
        Csr transposed = matrix.transpose();
        this.backward = transposed.equals(matrix) ? forward : Split.of(transposed, workers.threads());
    }

    @Override
    public int rows() {
        return forward.matrix.rows();
    }

    @Override
    public int columns() {
        return forward.matrix.columns();
    }

    @Override
    public void apply(Table x, Table plus, float scale, Table y) {
        multiply(forward, (HostTable) x, (HostTable) plus, scale, (HostTable) y);
    }

    @Override
    public void applyTransposed(Table g, Table plus, float scale, Table x) {
        multiply(backward, (HostTable) g, (HostTable) plus, scale, (HostTable) x);
    }

    private void multiply(Split split, HostTable x, HostTable plus, float scale, HostTable y) {
        if (x.rows() != split.matrix.columns() || y.rows() != split.matrix.rows() || x.columns() != y.columns()) {
            throw new IllegalArgumentException(split.matrix + " times " + x.rows() + " x " + x.columns() + " into "
                    + y.rows() + " x " + y.columns());
        }
        float[] added = plus == null ? null : plus.values;
        workers.run(part -> multiply(
                split.matrix,
                x.values,
                added,
                scale,
                y.values,
                x.columns(),
                split.starts[part],
                split.starts[part + 1]));
    }

    private static void multiply(Csr a, float[] x, float[] plus, float scale, float[] y, int d, int from, int to) {
        int[] offsets = a.offsets();
        int[] indices = a.indices();
        float[] values = a.values();
        for (int row = from; row < to; row++) {
            int start = offsets[row];
            int end = offsets[row + 1];
            int at = row * d;
            int c = 0;
            for (; c <= d - 4 * LANES; c += 4 * LANES) {
                FloatVector s0 = FloatVector.zero(SPECIES);
                FloatVector s1 = s0;
                FloatVector s2 = s0;
                FloatVector s3 = s0;
                for (int e = start; e < end; e++) {
                    int source = indices[e] * d + c;
                    FloatVector value = FloatVector.broadcast(SPECIES, values[e]);
                    s0 = FloatVector.fromArray(SPECIES, x, source).fma(value, s0);
                    s1 = FloatVector.fromArray(SPECIES, x, source + LANES).fma(value, s1);
                    s2 = FloatVector.fromArray(SPECIES, x, source + 2 * LANES).fma(value, s2);
                    s3 = FloatVector.fromArray(SPECIES, x, source + 3 * LANES).fma(value, s3);
                }
                store(s0, plus, scale, y, at + c);
                store(s1, plus, scale, y, at + c + LANES);
                store(s2, plus, scale, y, at + c + 2 * LANES);
                store(s3, plus, scale, y, at + c + 3 * LANES);
            }
            for (; c <= d - LANES; c += LANES) {
                FloatVector sum = FloatVector.zero(SPECIES);
                for (int e = start; e < end; e++) {
                    sum = FloatVector.fromArray(SPECIES, x, indices[e] * d + c)
                            .fma(FloatVector.broadcast(SPECIES, values[e]), sum);
                }
                store(sum, plus, scale, y, at + c);
            }
            for (; c < d; c++) {
                float sum = 0;
                for (int e = start; e < end; e++) {
                    sum = Math.fma(values[e], x[indices[e] * d + c], sum);
                }
                y[at + c] = scale * (plus == null ? sum : sum + plus[at + c]);
            }
        }
    }

    private static void store(FloatVector sum, float[] plus, float scale, float[] y, int at) {
        FloatVector total = plus == null ? sum : sum.add(FloatVector.fromArray(SPECIES, plus, at));
        total.mul(scale).intoArray(y, at);
    }

    @Override
    public void close() {
        // The threads are the backend's.
    }
}

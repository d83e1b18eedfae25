package dev.freshet.trainer.tensor;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Sparse times dense by rows, with SIMD along the columns of the table; rows are split among threads by entries. */
final class SimdPropagation implements Propagation {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    /** Parts per thread: where only some rows are wanted, parts of as many entries take unlike times. */
    private static final int PARTS = 8;

    private final Workers workers;
    private final Split forward;
    private final Split backward;

    /** A matrix and the rows where each part starts. */
    private record Split(Csr matrix, int[] starts) {
        static Split of(Csr matrix, int parts) {
            int[] starts = new int[parts + 1];
            for (int t = 1; t < parts; t++) {
                int entry = (int) ((long) matrix.entries() * t / parts);
                int row = Arrays.binarySearch(matrix.offsets(), entry);
                starts[t] = Math.max(starts[t - 1], Math.min(matrix.rows(), row < 0 ? -row - 1 : row));
            }
            starts[parts] = matrix.rows();
            return new Split(matrix, starts);
        }
    }

    SimdPropagation(Csr matrix, Workers workers) {
        this.workers = workers;
        int parts = workers.threads() == 1 ? 1 : PARTS * workers.threads();
        this.forward = Split.of(matrix, parts);
        Csr transposed = matrix.transpose();
        this.backward = transposed.equals(matrix) ? forward : Split.of(transposed, parts);
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
        applyRows(x, plus, scale, y, null);
    }

    @Override
    public void applyTransposed(Table g, Table plus, float scale, Table x) {
        applyTransposedRows(g, plus, scale, x, null);
    }

    @Override
    public void applyRows(Table x, Table plus, float scale, Table y, boolean[] wanted) {
        multiply(forward, (HostTable) x, (HostTable) plus, scale, (HostTable) y, wanted, null);
    }

    @Override
    public void applyTransposedRows(Table g, Table plus, float scale, Table x, boolean[] given) {
        multiply(backward, (HostTable) g, (HostTable) plus, scale, (HostTable) x, null, given);
    }

    private void multiply(
            Split split, HostTable x, HostTable plus, float scale, HostTable y, boolean[] wanted, boolean[] given) {
        if (x.rows() != split.matrix.columns() || y.rows() != split.matrix.rows() || x.columns() != y.columns()) {
            throw new IllegalArgumentException(split.matrix + " times " + x.rows() + " x " + x.columns() + " into "
                    + y.rows() + " x " + y.columns());
        }
        float[] added = plus == null ? null : plus.values;
        workers.run(split.starts.length - 1, part -> {
            int from = split.starts[part];
            int to = split.starts[part + 1];
            int[] offsets = split.matrix.offsets();
            Entries some = given == null ? null : new Entries(split.matrix, given, from, to);
            int[] indices = some == null ? split.matrix.indices() : some.indices;
            float[] values = some == null ? split.matrix.values() : some.values;
            for (int row = from; row < to; row++) {
                if (wanted == null || wanted[row]) {
                    int start = some == null ? offsets[row] : 0;
                    int end = some == null ? offsets[row + 1] : some.of(row);
                    multiply(indices, values, start, end, x.values, added, scale, y.values, x.columns(), row);
                }
            }
        });
    }

    /** The entries of one row at a time that meet a row of the table that is given. */
    private static final class Entries {
        private final Csr matrix;
        private final boolean[] given;
        private final int[] indices;
        private final float[] values;

        Entries(Csr matrix, boolean[] given, int from, int to) {
            this.matrix = matrix;
            this.given = given;
            int most = 0;
            for (int row = from; row < to; row++) {
                most = Math.max(most, matrix.offsets()[row + 1] - matrix.offsets()[row]);
            }
            this.indices = new int[most];
            this.values = new float[most];
        }

        /** How many the row has. */
        int of(int row) {
            int[] all = matrix.indices();
            float[] weights = matrix.values();
            int count = 0;
            for (int e = matrix.offsets()[row]; e < matrix.offsets()[row + 1]; e++) {
                indices[count] = all[e];
                values[count] = weights[e];
                count += given[all[e]] ? 1 : 0;
            }
            return count;
        }
    }

    private static void multiply(
            int[] indices,
            float[] values,
            int start,
            int end,
            float[] x,
            float[] plus,
            float scale,
            float[] y,
            int d,
            int row) {
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

    private static void store(FloatVector sum, float[] plus, float scale, float[] y, int at) {
        FloatVector total = plus == null ? sum : sum.add(FloatVector.fromArray(SPECIES, plus, at));
        total.mul(scale).intoArray(y, at);
    }

    @Override
    public void close() {
        // The threads are the backend's.
    }
}

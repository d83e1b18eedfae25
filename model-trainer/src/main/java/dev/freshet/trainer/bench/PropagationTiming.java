package dev.freshet.trainer.bench;

import ai.djl.Device;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.model.GraphMatrices;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import dev.freshet.trainer.tensor.TorchBackend;
import java.util.SplittableRandom;

/**
 * One product of LightGCN's Â with a table of 64 columns, by both implementations on the CPU.
 *
 * @param simdSeconds median over rows with SIMD
 * @param torchSeconds median of torch's sparse product, taken in turns with the other
 * @param difference largest difference between their results, which are about 1 in size
 */
record PropagationTiming(double simdSeconds, double torchSeconds, double difference) {

    private static final int COLUMNS = 64;
    private static final int WARM_UP = 20;
    private static final int RUNS = 30;

    static PropagationTiming of(Interactions train, int threads) {
        Csr matrix = GraphMatrices.userItem(train);
        float[] values = new float[matrix.columns() * COLUMNS];
        SplittableRandom random = new SplittableRandom(1);
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) random.nextGaussian();
        }
        try (Backend simd = new HostBackend(threads);
                Backend torch = new TorchBackend(Device.cpu());
                Product here = new Product(simd, matrix, values);
                Product there = new Product(torch, matrix, values)) {
            double[] simdSeconds = new double[RUNS];
            double[] torchSeconds = new double[RUNS];
            for (int run = -WARM_UP; run < RUNS; run++) {
                double one = here.seconds();
                double other = there.seconds();
                if (run >= 0) {
                    simdSeconds[run] = one;
                    torchSeconds[run] = other;
                }
            }
            return new PropagationTiming(
                    ModelTiming.median(simdSeconds), ModelTiming.median(torchSeconds), difference(here.y, there.y));
        }
    }

    private static double difference(Table a, Table b) {
        float[] these = a.toFloats();
        float[] those = b.toFloats();
        double most = 0;
        for (int at = 0; at < these.length; at++) {
            most = Math.max(most, Math.abs(these[at] - those[at]));
        }
        return most;
    }

    private static final class Product implements AutoCloseable {
        private final Propagation a;
        private final Table x;
        private final Table y;

        Product(Backend backend, Csr matrix, float[] values) {
            a = backend.propagation(matrix);
            x = backend.table(matrix.columns(), COLUMNS, values);
            y = backend.table(matrix.rows(), COLUMNS);
        }

        double seconds() {
            long started = System.nanoTime();
            a.apply(x, y);
            return (System.nanoTime() - started) * 1e-9;
        }

        @Override
        public void close() {
            a.close();
            x.close();
            y.close();
        }
    }
}

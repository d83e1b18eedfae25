package dev.freshet.trainer.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.Optional;

/** Tables as Java arrays and products with SIMD, for the CPU. */
public final class HostBackend implements Backend {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu());
    private final Workers workers;

    /**
     * @param threads threads of the products, at least 1
     */
    public HostBackend(int threads) {
        this.workers = new Workers(threads);
    }

    @Override
    public Device device() {
        return Device.cpu();
    }

    @Override
    public NDManager manager() {
        return manager;
    }

    @Override
    public Table table(int rows, int columns) {
        return new HostTable(rows, columns, workers);
    }

    @Override
    public Propagation propagation(Csr matrix) {
        return new SimdPropagation(matrix, workers);
    }

    @Override
    public Optional<Workers> workers() {
        return Optional.of(workers);
    }

    @Override
    public void close() {
        workers.close();
        manager.close();
    }
}

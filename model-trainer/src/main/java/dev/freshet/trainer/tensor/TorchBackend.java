package dev.freshet.trainer.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;

/** Tables as tensors and products by torch's sparse matrices, for any device. */
public final class TorchBackend implements Backend {

    private final NDManager manager;

    public TorchBackend(Device device) {
        this.manager = NDManager.newBaseManager(device);
    }

    @Override
    public Device device() {
        return manager.getDevice();
    }

    @Override
    public NDManager manager() {
        return manager;
    }

    @Override
    public Table table(int rows, int columns) {
        return new TorchTable(rows, columns, manager);
    }

    @Override
    public Propagation propagation(Csr matrix) {
        return new TorchPropagation(matrix, manager);
    }

    @Override
    public void close() {
        manager.close();
    }
}

package dev.freshet.trainer.tensor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.util.Optional;

/** Where tables live and sparse products run: plain Java with SIMD on the CPU, torch on any other device. */
public interface Backend extends AutoCloseable {

    /** The device of tensors. */
    Device device();

    /** The manager of this backend's tensors; steps take sub-managers of it. */
    NDManager manager();

    /** A table of zeros. */
    Table table(int rows, int columns);

    /** A table of these values. */
    default Table table(int rows, int columns, float[] values) {
        Table table = table(rows, columns);
        table.set(values);
        return table;
    }

    /** A sparse matrix made ready for products. */
    Propagation propagation(Csr matrix);

    /**
     * The threads of the CPU, where numbers are at hand for Java: where tables are Java arrays. Elsewhere empty, and torch does
     * everything.
     */
    default Optional<Workers> workers() {
        return Optional.empty();
    }

    @Override
    void close();

    /**
     * The fastest backend of this machine: the first GPU, else the CPU.
     *
     * @param threads threads of the products on the CPU
     */
    static Backend best(int threads) {
        return Engine.getInstance().getGpuCount() > 0 ? new TorchBackend(Device.gpu()) : new HostBackend(threads);
    }
}

package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The leaf tensors of one step: copies of rows of tables, whose gradients go back to other tables. */
final class Leaves implements AutoCloseable {

    private final NDManager manager;
    private final List<NDArray> leaves = new ArrayList<>();
    private final List<Runnable> returns = new ArrayList<>();

    Leaves(Backend backend) {
        manager = backend.manager().newSubManager();
    }

    /** Where the tensors of the step live until it is closed. */
    NDManager manager() {
        return manager;
    }

    /** Some rows of a table, as a leaf. Every leaf must be used by the loss. */
    NDArray rows(Table values, Table gradient, int[] rows) {
        NDArray leaf = Autograd.leaf(values.gather(rows, manager));
        leaves.add(leaf);
        returns.add(() -> gradient.scatterAdd(rows, leaf.getGradient()));
        return leaf;
    }

    /** Some rows of a parameter, as a leaf. */
    NDArray rows(Parameter parameter, int[] rows) {
        return rows(parameter.value(), parameter.gradient(), rows);
    }

    /** All of a table, as a leaf. */
    NDArray whole(Table values, Table gradient) {
        NDArray leaf = Autograd.leaf(values.tensor(manager));
        leaves.add(leaf);
        returns.add(() -> gradient.add(leaf.getGradient()));
        return leaf;
    }

    /** All of a parameter, as a leaf. */
    NDArray whole(Parameter parameter) {
        return whole(parameter.value(), parameter.gradient());
    }

    /** Computes a term of the loss and adds its gradients to those of the leaves. */
    double backward(Supplier<NDArray> term) {
        return Autograd.backward(term);
    }

    /** As {@link #backward}, where what is computed on the way is freed at once: for one of many parts of a large term. */
    double backwardPart(Supplier<NDArray> part) {
        try (NDManager own = manager.newSubManager()) {
            own.tempAttachAll(leaves.toArray(NDArray[]::new));
            return Autograd.backward(part);
        }
    }

    /** Adds the gradients of the leaves to their tables. */
    void giveBack() {
        returns.forEach(Runnable::run);
    }

    @Override
    public void close() {
        manager.close();
    }
}

package dev.freshet.trainer.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.training.GradientCollector;
import java.util.function.Supplier;

/** The dense, non-linear part of a step: torch's autograd from leaf tensors to the loss. */
final class Autograd {

    private Autograd() {}

    /** Makes a tensor a leaf that gets a gradient. */
    static NDArray leaf(NDArray tensor) {
        tensor.setRequiresGradient(true);
        return tensor;
    }

    /**
     * A tensor times a number. {@link NDArray#mul(Number)} and its like free the number's memory at once, which autograd reads in the
     * backward pass: gradients would be wrong whenever the garbage collector has run between. This one lives as long as the tensor's
     * manager.
     */
    static NDArray times(NDArray tensor, double number) {
        return tensor.mul(tensor.getManager().create((float) number));
    }

    /**
     * Computes a scalar loss, and the gradients of all leaves.
     *
     * @return the loss
     */
    static double backward(Supplier<NDArray> loss) {
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray value = loss.get();
            double number = value.getFloat();
            if (Double.isFinite(number)) {
                collector.backward(value);
            }
            return number;
        }
    }
}

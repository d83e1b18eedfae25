package dev.freshet.trainer.tensor;

import java.util.List;

/**
 * Adam (Kingma and Ba) as PyTorch computes it: ε is added after the bias correction of the second moment. DJL's own adds it
 * before, which damps the small gradients of embeddings in the first thousands of steps.
 */
public final class Adam {

    private static final double BETA1 = .9;
    private static final double BETA2 = .999;
    private static final double EPSILON = 1e-8;

    private final double learningRate;
    private long steps;

    /**
     * The numbers of one step: value −= rate · m / (√v · scale + ε), where m and v are the moments after the step.
     *
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param rate learning rate / (1 − β₁ᵗ)
     * @param scale 1 / √(1 − β₂ᵗ)
     * @param epsilon ε
     */
    public record Step(float beta1, float beta2, float rate, float scale, float epsilon) {}

    public Adam(double learningRate) {
        this(learningRate, 0);
    }

    /** Goes on after some steps; the moments are the parameters'. */
    public Adam(double learningRate, long steps) {
        this.learningRate = learningRate;
        this.steps = steps;
    }

    /** Steps so far. */
    public long steps() {
        return steps;
    }

    /** Updates all parameters from their gradients, and sets these to 0. */
    public void step(List<Parameter> parameters) {
        steps++;
        Step step = new Step(
                (float) BETA1,
                (float) BETA2,
                (float) (learningRate / (1 - Math.pow(BETA1, steps))),
                (float) (1 / Math.sqrt(1 - Math.pow(BETA2, steps))),
                (float) EPSILON);
        for (Parameter parameter : parameters) {
            parameter.value().adam(parameter.gradient(), parameter.first(), parameter.second(), step);
        }
    }
}

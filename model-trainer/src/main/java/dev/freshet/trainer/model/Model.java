package dev.freshet.trainer.model;

import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.tensor.Parameter;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** A model in training: parameters, a step that adds their gradients, and the embeddings that come out. Not thread-safe. */
public interface Model extends AutoCloseable {

    /** Everything that is trained, in a fixed order. */
    List<Parameter> parameters();

    /**
     * Called before each epoch, for what is redrawn per epoch. What the steps of the epoch draw, they draw from {@code random} too: an
     * epoch depends on the parameters and on this alone.
     */
    default void startEpoch(SplittableRandom random) {}

    /**
     * Called when the model no longer gets better, with its best parameters: a model that is trained in stages goes on to the next.
     *
     * @return whether there is one
     */
    default boolean nextStage() {
        return false;
    }

    /**
     * Forward and backward on one batch: adds to the gradients of the parameters.
     *
     * @return the loss
     */
    double step(Batch batch);

    /** Embeddings of all users and items from the parameters as they are, without dropout or sampling. */
    Embeddings embed();

    /** What it takes to embed nodes that training did not see; empty from models that know nothing of such. */
    default Optional<Inductive> inductive() {
        return Optional.empty();
    }

    @Override
    void close();
}

package dev.freshet.trainer.model;

import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Table;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A collaborative model below other parts: representations of all nodes, whose products are scores. Tables have one row per user,
 * then one per item.
 */
interface Backbone extends AutoCloseable {

    /** Everything that is trained, in a fixed order. */
    List<Parameter> parameters();

    /** The representations before any step along the user–item graph: what item graphs spread. */
    Table base();

    /** The representations. */
    Table out();

    /** Computes {@link #base} and {@link #out} from the parameters. */
    void forward();

    /**
     * Adds to the gradients of the parameters. Overwrites neither argument.
     *
     * @param baseGradient null for none
     */
    void backward(Table baseGradient, Table outGradient);

    @Override
    void close();

    /** A backbone by its name. */
    static Backbone of(
            String name, int layers, int dimension, TrainingData data, Backend backend, SplittableRandom random) {
        return switch (name) {
            case MfBpr.NAME -> new MfBpr(data, dimension, backend, random);
            case Vbpr.NAME -> new Vbpr(data, dimension, backend, random);
            default -> new LightGcnBackbone(data, dimension, layers, backend, random);
        };
    }
}

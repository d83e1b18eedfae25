package dev.freshet.trainer.model;

import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Table;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Matrix factorization trained by BPR (Rendle et al., UAI 2009): the score of a pair is the product of two embeddings. A node that
 * has no interaction in training stays at the origin: it scores 0.
 *
 * <p>The preset {@code paper} has the regularization with which MMRec's own code comes closest to the figures published for this model,
 * .0575 and .0249 on Amazon Baby. Ten times as much ranks better there, and would be another baseline than the published one.
 */
final class MfBpr implements Backbone {

    static final String NAME = "mf-bpr";

    /** How to make one. */
    static final ModelFactory FACTORY = new ModelFactory(
            NAME,
            Map.of(
                    ModelFactory.PAPER,
                    ModelFactory.protocol("regularization", "0.01", PairLoss.SETTING, PairLoss.BPR)
                            .plus(PairLoss.VIEWS)),
            (data, settings, backend, seed) -> {
                SplittableRandom random = new SplittableRandom(seed);
                return new PairModel(
                        data, settings, backend, new MfBpr(data, settings.whole("dimension", 1), backend, random));
            });

    private final Parameter nodes;

    MfBpr(TrainingData data, int dimension, Backend backend, SplittableRandom random) {
        this.nodes = Parameter.of(
                "nodes",
                Parameter.Rows.NODES,
                backend,
                data.users() + data.items(),
                dimension,
                Initial.nodes(
                        data.train(),
                        dimension,
                        Initial.xavierNormal(data.users(), dimension, random),
                        Initial.xavierNormal(data.items(), dimension, random)));
    }

    @Override
    public List<Parameter> parameters() {
        return List.of(nodes);
    }

    @Override
    public Table base() {
        return nodes.value();
    }

    @Override
    public Table out() {
        return nodes.value();
    }

    @Override
    public void forward() {
        // The parameters are the representations.
    }

    @Override
    public void backward(Table baseGradient, Table outGradient) {
        nodes.gradient().add(outGradient);
        if (baseGradient != null) {
            nodes.gradient().add(baseGradient);
        }
    }

    @Override
    public void close() {
        nodes.close();
    }
}

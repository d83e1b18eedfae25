package dev.freshet.trainer.model;

import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * LightGCN (He et al., SIGIR 2020): embeddings of users and items, averaged over L steps along the user–item graph, trained by
 * BPR. A node that has no interaction in training stays at the origin: it scores 0.
 */
public final class LightGcn implements Model {

    /** How to make one. */
    public static final ModelFactory FACTORY = new ModelFactory(
            "lightgcn",
            presets(),
            (data, settings, backend, seed) -> new LightGcn(data, settings, backend, new SplittableRandom(seed)));

    private static Map<String, Settings> presets() {
        Settings paper = ModelFactory.protocol(
                        "layers", "2", "regularization", "0.0001", PairLoss.SETTING, PairLoss.BPR)
                .plus(PairLoss.VIEWS);
        return Map.of(
                ModelFactory.PAPER,
                paper,
                ModelFactory.LIVE,
                paper.with(
                        Settings.LEARNING_RATE,
                        "0.01",
                        Settings.BATCH,
                        "8192",
                        Settings.EPOCHS,
                        "60",
                        Settings.PATIENCE,
                        "5"));
    }

    private final int users;
    private final double regularization;
    private final Parameter nodes;
    private final Propagation graph;
    private final LinearMap spread;
    private final PairLoss pairs;
    private final Table out;
    private final Table outGradient;

    LightGcn(TrainingData data, Settings settings, Backend backend, SplittableRandom random) {
        this.users = data.users();
        int items = data.items();
        int dimension = settings.whole("dimension", 1);
        this.regularization = settings.number("regularization");
        this.nodes = Parameter.of(
                "nodes",
                Parameter.Rows.NODES,
                backend,
                users + items,
                dimension,
                Initial.nodes(data.train(), dimension, random));
        this.graph = backend.propagation(GraphMatrices.userItem(data.train()));
        this.spread = new LinearMap.MeanOfLayers(graph, settings.whole("layers", 1), backend, dimension);
        this.pairs = PairLoss.of(data, settings, backend, dimension);
        this.out = backend.table(users + items, dimension);
        this.outGradient = backend.table(users + items, dimension);
    }

    @Override
    public List<Parameter> parameters() {
        return List.of(nodes);
    }

    @Override
    public double step(Batch batch) {
        boolean[] rows = Rows.marked(
                out.rows(),
                batch.users(),
                Rows.offset(batch.positives(), users),
                Rows.offset(batch.negatives(), users));
        spread.forward(nodes.value(), out, rows);
        pairs.forward(nodes.value());
        outGradient.zero();
        double loss = pairs.step(batch, PairLoss.Term.of(out, outGradient));
        if (Double.isFinite(loss)) {
            spread.backward(outGradient, nodes.gradient(), rows);
            loss += Losses.embeddingNorms(regularization, nodes.value(), nodes.gradient(), batch, users);
        }
        return loss;
    }

    @Override
    public Embeddings embed() {
        spread.forward(nodes.value(), out);
        return Embeddings.ofNodes(out, users);
    }

    @Override
    public void close() {
        nodes.close();
        spread.close();
        graph.close();
        pairs.close();
        out.close();
        outGradient.close();
    }
}

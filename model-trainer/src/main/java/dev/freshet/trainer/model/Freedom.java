package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * FREEDOM (Zhou and Shen, MM 2023): LightGCN over a user–item graph that is pruned anew each epoch, sensitive to degrees (Eq. 6 and
 * 7), plus one step along a frozen item graph of content (Eq. 2 to 5 and 8), trained by BPR and, at a small weight, BPR of the
 * projected features (Eq. 12). It embeds along the whole user–item graph.
 *
 * <p>An item that was never trained on has the mean embedding of the items that are like it; a user who was not scores 0.
 */
final class Freedom implements Model {

    static final String NAME = "freedom";

    /** How to make one. */
    static final ModelFactory FACTORY = new ModelFactory(
            NAME,
            Map.of(
                    ModelFactory.PAPER,
                    ModelFactory.protocol(
                                    "layers",
                                    "2",
                                    "pruned-edges",
                                    "0.8",
                                    "image-weight",
                                    "0.1",
                                    "regularization",
                                    "0",
                                    PairLoss.SETTING,
                                    PairLoss.BPR)
                            .plus(PairLoss.VIEWS)),
            Freedom::new);

    private final TrainingData data;
    private final Backend backend;
    private final int users;
    private final double prunedEdges;
    private final double regularization;
    private final Parameter nodes;
    private final List<Projection> contents = new ArrayList<>();
    private final Propagation whole;
    private final LinearMap.MeanOfLayers layers;
    private final LinearMap spread;
    private final PairLoss pairs;
    private final Table out;
    private final Table outGradient;
    private final Table between;
    private Propagation pruned;

    private Freedom(TrainingData data, Settings settings, Backend backend, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        this.data = data;
        this.backend = backend;
        this.users = data.users();
        this.prunedEdges = settings.number("pruned-edges", 0, 1);
        this.regularization = settings.number("regularization");
        int count = users + data.items();
        int dimension = settings.whole("dimension", 1);
        this.nodes = Parameter.of(
                "nodes",
                Parameter.Rows.NODES,
                backend,
                count,
                dimension,
                Initial.nodes(data.train(), dimension, random));
        if (regularization > 0) {
            contents.addAll(projections(data, true, dimension, backend, random));
        }
        this.whole = backend.propagation(GraphMatrices.userItem(data.train()));
        this.layers = new LinearMap.MeanOfLayers(whole, settings.whole("layers", 1), backend, dimension);
        this.spread =
                new LinearMap.Beside(layers, backend.propagation(itemsAlike(data, settings)), 1, backend, dimension);
        this.pairs = PairLoss.of(data, settings, backend, dimension);
        this.out = backend.table(count, dimension);
        this.outGradient = backend.table(count, dimension);
        this.between = backend.table(count, dimension);
    }

    /** The projections of all modalities, as FREEDOM starts them. */
    static List<Projection> projections(
            TrainingData data, boolean trained, int dimension, Backend backend, SplittableRandom random) {
        List<Projection> projections = new ArrayList<>();
        data.features().forEach((modality, features) -> {
            int inputs = features.dimension();
            projections.add(Projection.of(
                    modality,
                    features,
                    trained,
                    dimension,
                    backend,
                    Initial.linear(inputs, dimension, inputs, random),
                    Initial.linear(1, dimension, inputs, random)));
        });
        return projections;
    }

    /** What adds the mean embedding of the items that are like each (Eq. 8). */
    static Csr itemsAlike(TrainingData data, Settings settings) {
        return GraphMatrices.sides(
                GraphMatrices.empty(data.users()),
                ContentGraph.of(data, settings.whole("neighbors", 1), settings.number("image-weight", 0, 1)));
    }

    /** Eq. 12, its second part, of all modalities: BPR of the projected features of the items of a batch. */
    static NDArray contentLoss(Batch batch, NDArray u, List<Projection> contents, Leaves leaves) {
        NDArray sum = null;
        for (Projection content : contents) {
            NDArray weight = leaves.whole(content.weight());
            NDArray bias = leaves.whole(content.bias());
            NDArray wanted = Projection.apply(content.rows(batch.positives(), leaves), weight, bias);
            NDArray random = Projection.apply(content.rows(batch.negatives(), leaves), weight, bias);
            NDArray loss = Losses.bpr(Losses.dot(u, wanted), Losses.dot(u, random));
            sum = sum == null ? loss : sum.add(loss);
        }
        return sum;
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(nodes);
        contents.forEach(content -> all.addAll(content.parameters()));
        return all;
    }

    @Override
    public void startEpoch(SplittableRandom random) {
        if (prunedEdges > 0) {
            if (pruned != null) {
                pruned.close();
            }
            pruned = backend.propagation(GraphMatrices.pruned(data.train(), 1 - prunedEdges, random));
        }
    }

    @Override
    public double step(Batch batch) {
        int[] positives = Rows.offset(batch.positives(), users);
        int[] negatives = Rows.offset(batch.negatives(), users);
        boolean[] rows = Rows.marked(out.rows(), batch.users(), positives, negatives);
        layers.use(pruned == null ? whole : pruned);
        spread.forward(nodes.value(), out, rows);
        pairs.forward(nodes.value());
        outGradient.zero();
        double loss = contents.isEmpty()
                ? pairs.step(batch, PairLoss.Term.of(out, outGradient))
                : withContents(batch, positives, negatives);
        if (Double.isFinite(loss)) {
            spread.backward(outGradient, between, rows);
            nodes.gradient().add(between);
        }
        return loss;
    }

    private double withContents(Batch batch, int[] positives, int[] negatives) {
        try (Leaves leaves = new Leaves(backend)) {
            NDArray u = leaves.rows(out, outGradient, batch.users());
            NDArray p = leaves.rows(out, outGradient, positives);
            NDArray n = leaves.rows(out, outGradient, negatives);
            double loss = leaves.backward(() -> {
                NDArray ranking = pairs.loss(batch, u, Losses.dot(u, p), Losses.dot(u, n));
                return ranking.add(Autograd.times(contentLoss(batch, u, contents, leaves), regularization));
            });
            if (Double.isFinite(loss)) {
                leaves.giveBack();
            }
            return loss;
        }
    }

    @Override
    public Embeddings embed() {
        layers.use(whole);
        spread.forward(nodes.value(), out);
        return Embeddings.ofNodes(out, users);
    }

    @Override
    public void close() {
        nodes.close();
        contents.forEach(Projection::close);
        spread.close();
        whole.close();
        if (pruned != null) {
            pruned.close();
        }
        pairs.close();
        out.close();
        outGradient.close();
        between.close();
    }
}

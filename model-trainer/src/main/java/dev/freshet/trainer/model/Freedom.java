package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Features;
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

    /** How to make one. */
    static final ModelFactory FACTORY = new NamedFactory(
            "freedom",
            Map.of(
                    NamedFactory.PAPER,
                    NamedFactory.protocol(
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
    private final List<Content> contents = new ArrayList<>();
    private final Propagation whole;
    private final LinearMap.MeanOfLayers layers;
    private final LinearMap spread;
    private final PairLoss pairs;
    private final Table out;
    private final Table outGradient;
    private final Table between;
    private Propagation pruned;

    /** The trained features of a modality and their projection. */
    private record Content(Parameter features, Parameter weight, Parameter bias) {
        List<Parameter> parameters() {
            return List.of(features, weight, bias);
        }
    }

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
            data.features().forEach((modality, features) -> addContent(modality, features, dimension, random));
        }
        this.whole = backend.propagation(GraphMatrices.userItem(data.train()));
        this.layers = new LinearMap.MeanOfLayers(whole, settings.whole("layers", 1), backend, dimension);
        Csr items = ContentGraph.of(data, settings.whole("neighbors", 1), settings.number("image-weight", 0, 1));
        this.spread = new LinearMap.Beside(
                layers,
                backend.propagation(GraphMatrices.sides(GraphMatrices.empty(users), items)),
                1,
                backend,
                dimension);
        this.pairs = PairLoss.of(data, settings, backend, dimension);
        this.out = backend.table(count, dimension);
        this.outGradient = backend.table(count, dimension);
        this.between = backend.table(count, dimension);
    }

    private void addContent(String modality, Features features, int dimension, SplittableRandom random) {
        int inputs = features.dimension();
        contents.add(new Content(
                Parameter.of(
                        modality + ".features",
                        Parameter.Rows.ITEMS,
                        backend,
                        features.items(),
                        inputs,
                        features.filled()),
                Parameter.of(
                        modality + ".weight",
                        Parameter.Rows.SHARED,
                        backend,
                        inputs,
                        dimension,
                        Initial.linear(inputs, dimension, inputs, random)),
                Parameter.of(
                        modality + ".bias",
                        Parameter.Rows.SHARED,
                        backend,
                        1,
                        dimension,
                        Initial.linear(1, dimension, inputs, random))));
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
        layers.use(pruned == null ? whole : pruned);
        spread.forward(nodes.value(), out);
        pairs.forward(nodes.value());
        outGradient.zero();
        double loss = contents.isEmpty()
                ? pairs.step(batch, PairLoss.Term.of(out, outGradient))
                : withContents(batch, positives, negatives);
        if (Double.isFinite(loss)) {
            spread.backward(outGradient, between);
            nodes.gradient().add(between);
        }
        return loss;
    }

    private double withContents(Batch batch, int[] positives, int[] negatives) {
        try (Leaves leaves = new Leaves(backend)) {
            NDArray u = leaves.rows(out, outGradient, batch.users());
            NDArray p = leaves.rows(out, outGradient, positives);
            NDArray n = leaves.rows(out, outGradient, negatives);
            List<NDArray[]> projected = new ArrayList<>();
            for (Content content : contents) {
                projected.add(new NDArray[] {
                    leaves.rows(content.features(), batch.positives()),
                    leaves.rows(content.features(), batch.negatives()),
                    leaves.whole(content.weight()),
                    leaves.whole(content.bias())
                });
            }
            double loss = leaves.backward(() -> {
                NDArray sum = pairs.loss(batch, u, Losses.dot(u, p), Losses.dot(u, n));
                for (NDArray[] content : projected) {
                    NDArray wanted = content[0].matMul(content[2]).add(content[3]);
                    NDArray random = content[1].matMul(content[2]).add(content[3]);
                    sum = sum.add(Losses.bpr(Losses.dot(u, wanted), Losses.dot(u, random))
                            .mul((float) regularization));
                }
                return sum;
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
        parameters().forEach(Parameter::close);
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

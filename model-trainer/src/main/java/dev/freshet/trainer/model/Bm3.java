package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * BM3 (Zhou et al., WWW 2023): LightGCN, with the embeddings of the items added once more, trained without negatives by its
 * {@link Bootstrap} loss. A score is the product of two predictions.
 *
 * <p>An item that was never trained on is scored by the predictions of its projected features: by their direction, since the losses are
 * cosines and leave lengths open, at the mean length of the others' predictions.
 */
final class Bm3 implements Model {

    static final String NAME = "bm3";

    /** How to make one. */
    static final ModelFactory FACTORY = new ModelFactory(NAME, presets(), Bm3::new);

    private static Map<String, Settings> presets() {
        Settings paper = ModelFactory.protocol("layers", "1").plus(Bootstrap.SETTINGS);
        return Map.of(
                ModelFactory.PAPER,
                paper,
                "paper-sports",
                paper.with("regularization", "0.01"),
                "paper-clothing",
                paper.with("regularization", "0", "dropout", "0.3"),
                "paper-electronics",
                paper.with("layers", "2", "dropout", "0.3"),
                "paper-tiktok",
                paper.with("layers", "2", "regularization", "0", "dropout", "0.3", Settings.BATCH, "4096"));
    }

    private final TrainingData data;
    private final Backend backend;
    private final int users;
    private final Parameter nodes;
    private final List<Projection> contents = new ArrayList<>();
    private final Bootstrap bootstrap;
    private final Propagation graph;
    private final LinearMap spread;
    private final Table out;
    private final Table outGradient;
    private final Table between;

    private Bm3(TrainingData data, Settings settings, Backend backend, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        this.data = data;
        this.backend = backend;
        this.users = data.users();
        int count = users + data.items();
        int dimension = settings.whole("dimension", 1);
        this.nodes = Parameter.of(
                "nodes",
                Parameter.Rows.NODES,
                backend,
                count,
                dimension,
                Initial.nodes(data.train(), dimension, random));
        contents.addAll(projections(data, settings.flag("trained-features"), dimension, backend, random));
        this.bootstrap = new Bootstrap(data, settings, dimension, backend, random);
        this.graph = backend.propagation(GraphMatrices.userItem(data.train()));
        this.spread = new LinearMap.Beside(
                new LinearMap.MeanOfLayers(graph, settings.whole("layers", 1), backend, dimension),
                backend.propagation(itemsAgain(data)),
                1,
                backend,
                dimension);
        this.out = backend.table(count, dimension);
        this.outGradient = backend.table(count, dimension);
        this.between = backend.table(count, dimension);
    }

    /** The projections of all modalities, as BM3 starts them. */
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
                    Initial.xavierNormal(inputs, dimension, random),
                    Initial.linear(1, dimension, inputs, random)));
        });
        return projections;
    }

    /** What adds the embeddings of the items to their representations. */
    static Csr itemsAgain(TrainingData data) {
        return GraphMatrices.sides(GraphMatrices.empty(data.users()), GraphMatrices.identity(data.items()));
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(nodes);
        contents.forEach(content -> all.addAll(content.parameters()));
        all.addAll(bootstrap.parameters());
        return all;
    }

    @Override
    public void startEpoch(SplittableRandom random) {
        bootstrap.startEpoch(random);
    }

    @Override
    public double step(Batch batch) {
        spread.forward(nodes.value(), out);
        try (Leaves leaves = new Leaves(backend)) {
            outGradient.zero();
            NDArray all = leaves.whole(out, outGradient);
            double loss = leaves.backward(() -> bootstrap.loss(batch, all, null, contents, leaves));
            if (Double.isFinite(loss)) {
                leaves.giveBack();
                spread.backward(outGradient, between);
                nodes.gradient().add(between);
            }
            return loss;
        }
    }

    @Override
    public Embeddings embed() {
        spread.forward(nodes.value(), out);
        return embed(out, data, contents, bootstrap, backend);
    }

    /** The predictions of representations; those of items without interactions come from their features alone. */
    static Embeddings embed(
            Table out, TrainingData data, Collection<Projection> contents, Bootstrap bootstrap, Backend backend) {
        int dimension = out.columns();
        int users = data.users();
        try (NDManager call = backend.manager().newSubManager()) {
            float[] all = bootstrap.predict(out.tensor(call), call).toFloatArray();
            int[] degrees = data.train().itemDegrees();
            int[] cold = IntStream.range(0, data.items())
                    .filter(item -> degrees[item] == 0)
                    .toArray();
            if (cold.length > 0 && !contents.isEmpty()) {
                NDArray sum = call.zeros(new Shape(cold.length, dimension));
                for (Projection content : contents) {
                    sum = sum.add(Losses.unit(bootstrap.predict(content.projected(cold, call), call)));
                }
                float[] predicted = Autograd.times(Losses.unit(sum), meanLength(all, users, degrees, dimension))
                        .toFloatArray();
                for (int c = 0; c < cold.length; c++) {
                    System.arraycopy(predicted, c * dimension, all, (users + cold[c]) * dimension, dimension);
                }
            }
            return Embeddings.of(
                    dimension,
                    Arrays.copyOf(all, users * dimension),
                    Arrays.copyOfRange(all, users * dimension, all.length));
        }
    }

    /** Of the rows of the items that were trained on. */
    private static double meanLength(float[] all, int users, int[] degrees, int dimension) {
        double sum = 0;
        int trained = 0;
        for (int item = 0; item < degrees.length; item++) {
            if (degrees[item] > 0) {
                double squares = 0;
                for (int at = (users + item) * dimension; at < (users + item + 1) * dimension; at++) {
                    squares += (double) all[at] * all[at];
                }
                sum += Math.sqrt(squares);
                trained++;
            }
        }
        return trained == 0 ? 1 : sum / trained;
    }

    @Override
    public void close() {
        nodes.close();
        contents.forEach(Projection::close);
        bootstrap.close();
        spread.close();
        graph.close();
        out.close();
        outGradient.close();
        between.close();
    }
}

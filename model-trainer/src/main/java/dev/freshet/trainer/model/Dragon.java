package dev.freshet.trainer.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.training.GradientCollector;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * DRAGON (Zhou et al., ECAI 2023) as its code has it: per modality, user preferences and encoded features of items, each row of
 * length 1, are summed over the layers of the user–item graph; the modalities stand side by side, those of a user with weights of
 * the user's own; then items get the mean of the items that are like them, and users the weighted mean of the users they share most
 * items with.
 *
 * <p>An item that was never trained on is scored by its features; a user who was not scores 0.
 */
class Dragon implements Model {

    private static final int HIDDEN = 256;
    private static final float SLOPE = .01f;

    /** How to make one. */
    static final ModelFactory FACTORY = new ModelFactory("dragon", presets(), Dragon::new);

    static Map<String, Settings> presets() {
        Settings paper = ModelFactory.protocol(
                        "layers",
                        "2",
                        "regularization",
                        "0.001",
                        "image-weight",
                        "0.1",
                        "user-neighbors",
                        "40",
                        PairLoss.SETTING,
                        PairLoss.BPR)
                .plus(PairLoss.VIEWS)
                .with(Settings.LEARNING_RATE, "0.0001");
        return Map.of(ModelFactory.PAPER, paper, "paper-clothing", paper.with("regularization", "0.1"));
    }

    private final TrainingData data;
    private final Backend backend;
    private final int users;
    private final int items;
    private final int dimension;
    private final int userNeighbors;
    private final int layerCount;
    private final double regularization;
    private final List<Modality> modalities = new ArrayList<>();
    private final Parameter userWeights;
    private final Csr itemGraph;
    private final NeighborGraph userGraph;
    private final Propagation graph;
    private final LinearMap.MeanOfLayers layers;
    private final PairLoss pairs;
    private final Table fused;
    private final Table fusedGradient;
    private final Table out;
    private final Table outGradient;
    private Propagation homogeneous;

    /** A modality: what is trained, and the tables of a step. */
    private final class Modality {
        private final NDArray features;
        private final Parameter preferences;
        private final List<Parameter> encoder;
        private final Table in;
        private final Table inGradient;
        private final Table spread;
        private final Table spreadGradient;

        Modality(String name, Features raw, SplittableRandom random) {
            int inputs = raw.dimension();
            features = backend.manager().create(raw.filled(), new Shape(items, inputs));
            float[] initial = Initial.nodes(
                    data.train(),
                    dimension,
                    Initial.xavierNormal(users, dimension, random),
                    new float[items * dimension]);
            preferences = Parameter.of(
                    name + ".preferences",
                    Parameter.Rows.USERS,
                    backend,
                    users,
                    dimension,
                    Arrays.copyOf(initial, users * dimension));
            encoder = List.of(
                    shared(name + ".in.weight", inputs, HIDDEN, inputs, random),
                    shared(name + ".in.bias", 1, HIDDEN, inputs, random),
                    shared(name + ".out.weight", HIDDEN, dimension, HIDDEN, random),
                    shared(name + ".out.bias", 1, dimension, HIDDEN, random));
            in = backend.table(users + items, dimension);
            inGradient = backend.table(users + items, dimension);
            spread = backend.table(users + items, dimension);
            spreadGradient = backend.table(users + items, dimension);
        }

        private Parameter shared(String name, int rows, int columns, int inputs, SplittableRandom random) {
            return Parameter.of(
                    name, Parameter.Rows.SHARED, backend, rows, columns, Initial.linear(rows, columns, inputs, random));
        }

        /** Rows of length 1 from preferences and encoder, [nodes × dimension]. */
        NDArray encode(NDArray preference, List<NDArray> weights) {
            NDArray hidden = Activation.leakyRelu(product(weights.get(0)).add(weights.get(1)), SLOPE);
            NDArray content = hidden.matMul(weights.get(2)).add(weights.get(3));
            return Losses.unit(preference.concat(content, 0));
        }

        private NDArray product(NDArray weight) {
            weight.getManager().tempAttachAll(features);
            return features.matMul(weight);
        }

        List<Parameter> parameters() {
            List<Parameter> all = new ArrayList<>(encoder);
            all.add(0, preferences);
            return all;
        }

        void close() {
            features.close();
            parameters().forEach(Parameter::close);
            in.close();
            inGradient.close();
            spread.close();
            spreadGradient.close();
        }
    }

    Dragon(TrainingData data, Settings settings, Backend backend, long seed) {
        if (data.features().isEmpty()) {
            throw new IllegalArgumentException("dragon needs features of the items, and the data has none");
        }
        SplittableRandom random = new SplittableRandom(seed);
        this.data = data;
        this.backend = backend;
        this.users = data.users();
        this.items = data.items();
        this.dimension = settings.whole("dimension", 1);
        this.userNeighbors = settings.whole("user-neighbors", 1);
        this.layerCount = settings.whole("layers", 1);
        this.regularization = settings.number("regularization");
        data.features().forEach((name, features) -> modalities.add(new Modality(name, features, random)));
        int columns = dimension * modalities.size();
        this.userWeights = Parameter.of(
                "user-weights",
                Parameter.Rows.USERS,
                backend,
                users,
                modalities.size(),
                softmax(Initial.xavierNormal(users, modalities.size(), random), modalities.size()));
        this.itemGraph = GraphMatrices.sum(
                List.of(
                        GraphMatrices.identity(items),
                        ContentGraph.of(data, settings.whole("neighbors", 1), settings.number("image-weight", 0, 1))),
                List.of(1.0, 1.0));
        this.userGraph = data.userCooccurrence(userNeighbors);
        this.graph = backend.propagation(GraphMatrices.userItem(data.train()));
        this.layers = new LinearMap.MeanOfLayers(graph, layerCount, backend, dimension);
        this.pairs = PairLoss.of(data, settings, backend, columns);
        this.fused = backend.table(users + items, columns);
        this.fusedGradient = backend.table(users + items, columns);
        this.out = backend.table(users + items, columns);
        this.outGradient = backend.table(users + items, columns);
        this.homogeneous = homogeneous(new SplittableRandom(seed));
    }

    /** Each row as the softmax of its numbers. */
    private static float[] softmax(float[] values, int columns) {
        float[] shares = new float[values.length];
        for (int from = 0; from < values.length; from += columns) {
            double sum = 0;
            for (int c = from; c < from + columns; c++) {
                sum += Math.exp(values[c]);
            }
            for (int c = from; c < from + columns; c++) {
                shares[c] = (float) (Math.exp(values[c]) / sum);
            }
        }
        return shares;
    }

    /** Users and items with themselves and those like them. */
    private Propagation homogeneous(SplittableRandom random) {
        Csr like = sharedItems(userGraph, userNeighbors, random);
        Csr ofUsers = GraphMatrices.sum(List.of(GraphMatrices.identity(users), like), List.of(1.0, 1.0));
        return backend.propagation(GraphMatrices.sides(ofUsers, itemGraph));
    }

    /**
     * The users who share most items with each, weighted by the softmax of how many. A user with fewer than {@code count} has some of
     * them again, drawn at random, until there are so many.
     */
    static Csr sharedItems(NeighborGraph graph, int count, SplittableRandom random) {
        int[] offsets = new int[graph.nodes() + 1];
        int[] indices = new int[graph.nodes() * count];
        float[] values = new float[indices.length];
        int at = 0;
        double[] weights = new double[count];
        for (int user = 0; user < graph.nodes(); user++) {
            int degree = Math.min(count, graph.degree(user));
            double sum = 0;
            for (int n = 0; n < count && degree > 0; n++) {
                int e = graph.offsets()[user] + (n < degree ? n : random.nextInt(degree));
                indices[at + n] = graph.neighbors()[e];
                // The first has the largest count: nothing overflows.
                weights[n] = Math.exp(graph.weights()[e] - graph.weights()[graph.offsets()[user]]);
                sum += weights[n];
            }
            for (int n = 0; n < count && degree > 0; n++) {
                values[at++] = (float) (weights[n] / sum);
            }
            offsets[user + 1] = at;
        }
        return new Csr(graph.nodes(), offsets, Arrays.copyOf(indices, at), Arrays.copyOf(values, at));
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        modalities.forEach(modality -> all.addAll(modality.parameters()));
        all.add(userWeights);
        return all;
    }

    @Override
    public void startEpoch(SplittableRandom random) {
        homogeneous.close();
        homogeneous = homogeneous(random);
    }

    @Override
    public double step(Batch batch) {
        // Three dense parts with sparse products between them: each part's gradient is that of the sum of its results
        // times what
        // comes back from the next one.
        try (Leaves first = new Leaves(backend);
                Leaves second = new Leaves(backend);
                Leaves third = new Leaves(backend);
                GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            List<NDArray> preferences = new ArrayList<>();
            List<NDArray> encoded = new ArrayList<>();
            for (Modality modality : modalities) {
                NDArray preference = first.whole(modality.preferences);
                List<NDArray> weights =
                        modality.encoder.stream().map(first::whole).toList();
                preferences.add(preference);
                encoded.add(modality.encode(preference, weights));
            }
            spread(encoded);

            NDArray weights = second.whole(userWeights);
            List<NDArray> representations = new ArrayList<>();
            for (Modality modality : modalities) {
                modality.spreadGradient.zero();
                representations.add(second.whole(modality.spread, modality.spreadGradient));
            }
            NDArray beside = beside(representations, weights);
            join(beside);

            outGradient.zero();
            NDArray u = third.rows(out, outGradient, batch.users());
            NDArray p = third.rows(out, outGradient, Rows.offset(batch.positives(), users));
            NDArray n = third.rows(out, outGradient, Rows.offset(batch.negatives(), users));
            pairs.forward(fused);
            NDArray loss = rankingLoss(batch, u, p, n, third)
                    .add(Autograd.times(penalty(batch, preferences, weights), regularization));
            double number = loss.getFloat();
            if (!Double.isFinite(number)) {
                return number;
            }
            collector.backward(loss);
            third.giveBack();
            homogeneous.applyTransposed(outGradient, fusedGradient);
            collector.backward(
                    beside.mul(fusedGradient.tensor(second.manager())).sum());
            second.giveBack();
            NDArray sum = null;
            for (int m = 0; m < modalities.size(); m++) {
                Modality modality = modalities.get(m);
                layers.backward(modality.spreadGradient, modality.inGradient);
                NDArray part = encoded.get(m)
                        .mul(modality.inGradient.tensor(first.manager()))
                        .sum();
                sum = sum == null ? part : sum.add(part);
            }
            collector.backward(sum);
            first.giveBack();
            return number;
        }
    }

    /**
     * The loss of the batch's scores, to the base of 2 as in DRAGON's code.
     *
     * @param u representation of each user, modality beside modality
     * @param p the same of the users' items
     * @param n the same of the random items
     * @param leaves where further leaves of this part come from
     */
    NDArray rankingLoss(Batch batch, NDArray u, NDArray p, NDArray n, Leaves leaves) {
        return baseTwo(pairLoss(batch, u, Losses.dot(u, p), Losses.dot(u, n)));
    }

    final NDArray pairLoss(Batch batch, NDArray u, NDArray positives, NDArray negatives) {
        return pairs.loss(batch, u, positives, negatives);
    }

    static NDArray baseTwo(NDArray loss) {
        return Autograd.times(loss, 1.0 / Math.log(2));
    }

    /** Number of modalities. */
    final int modalities() {
        return modalities.size();
    }

    /** The sum over the layers of the user–item graph, up to the factor of layers + 1, which {@link #beside} has. */
    private void spread(List<NDArray> encoded) {
        for (int m = 0; m < modalities.size(); m++) {
            Modality modality = modalities.get(m);
            modality.in.zero();
            modality.in.add(encoded.get(m).stopGradient());
            layers.forward(modality.in, modality.spread);
        }
    }

    /** The modalities side by side, those of a user times the user's weights; [nodes × all columns]. */
    private NDArray beside(List<NDArray> representations, NDArray weights) {
        NDArray ones = weights.getManager().ones(new Shape(items, modalities.size()));
        NDArray all = Autograd.times(weights.concat(ones, 0), layerCount + 1);
        List<NDArray> blocks = new ArrayList<>();
        for (int m = 0; m < modalities.size(); m++) {
            blocks.add(representations.get(m).mul(all.get(new NDIndex(":, {}:{}", m, m + 1))));
        }
        return Losses.beside(blocks);
    }

    private void join(NDArray beside) {
        fused.zero();
        fused.add(beside.stopGradient());
        homogeneous.apply(fused, out);
    }

    /** Mean squares of the preferences of the batch's users, per modality, and of all weights. */
    private static NDArray penalty(Batch batch, List<NDArray> preferences, NDArray weights) {
        NDArray rows = weights.getManager()
                .create(Arrays.stream(batch.users()).asLongStream().toArray());
        NDArray sum = weights.square().mean();
        for (NDArray preference : preferences) {
            sum = sum.add(preference.get(rows).square().mean());
        }
        return sum;
    }

    @Override
    public Embeddings embed() {
        try (NDManager call = backend.manager().newSubManager()) {
            List<NDArray> encoded = new ArrayList<>();
            for (Modality modality : modalities) {
                encoded.add(modality.encode(
                        modality.preferences.value().tensor(call),
                        modality.encoder.stream()
                                .map(weight -> weight.value().tensor(call))
                                .toList()));
            }
            spread(encoded);
            join(beside(
                    modalities.stream()
                            .map(modality -> modality.spread.tensor(call))
                            .toList(),
                    userWeights.value().tensor(call)));
            return Embeddings.ofNodes(out, users);
        }
    }

    @Override
    public void close() {
        modalities.forEach(Modality::close);
        userWeights.close();
        graph.close();
        layers.close();
        homogeneous.close();
        pairs.close();
        fused.close();
        fusedGradient.close();
        out.close();
        outGradient.close();
    }
}

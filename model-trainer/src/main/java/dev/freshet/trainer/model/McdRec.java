package dev.freshet.trainer.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.training.GradientCollector;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * MCDRec (Ma et al., WWW 2024 Companion) on BM3 or on FREEDOM: what goes into the user–item graph for an item is its embedding fused
 * with its modalities by diffusion (MRD, {@link ItemDiffusion}), and the graph is denoised each epoch by how well users and diffused
 * items agree (DGD, Sec. 3.5). What the backbone adds beside the graph stays as it is there. It embeds along the whole graph.
 *
 * <p>An item that was never trained on has the representation that its features are fused to, where they are; else it is scored as
 * by the backbone.
 */
final class McdRec implements Model {

    private static final String NONE = "none";

    /**
     * How to make one. {@code paper} has Eq. 10 and 11, BPR and the loss of the diffusion, beside BM3's own loss; {@code code} has
     * what the authors' code adds up, which leaves BPR out. {@code paper-freedom} is not in their code: the settings of both.
     */
    static final ModelFactory FACTORY = new ModelFactory("mcdrec", presets(), McdRec::new);

    private static Map<String, Settings> presets() {
        Settings onBm3 = ModelFactory.protocol(
                        "backbone",
                        Bm3.NAME,
                        "layers",
                        "1",
                        "item-input",
                        "diffused",
                        "diffused-items",
                        "all",
                        "diffusion-steps",
                        "20",
                        "diffusion-weight",
                        "0.3",
                        "diffusion-loss-weight",
                        "0.5",
                        "estimator-dropout",
                        "0.1",
                        "graph-denoising",
                        "true",
                        "pruned-edges",
                        "0.1",
                        "score-weight",
                        "0.3",
                        "image-weight",
                        "0.1",
                        PairLoss.SETTING,
                        PairLoss.BPR)
                .plus(Bootstrap.SETTINGS)
                .plus(PairLoss.VIEWS)
                .with(Settings.BATCH, "512", "dropout", "0.3");
        return Map.of(
                ModelFactory.PAPER,
                onBm3,
                "paper-freedom",
                onBm3.with(
                        "backbone",
                        Freedom.NAME,
                        "layers",
                        "2",
                        "pruned-edges",
                        "0.8",
                        "regularization",
                        "0",
                        Settings.BATCH,
                        "2048"),
                "code",
                onBm3.with(PairLoss.SETTING, NONE));
    }

    private final TrainingData data;
    private final Backend backend;
    private final int users;
    private final boolean freedom;
    private final double regularization;
    private final double diffusionLossWeight;
    private final double prunedEdges;
    private final double scoreWeight;
    private final boolean diffused;
    private final boolean batchAlone;
    private final Parameter nodes;
    private final List<Projection> contents;
    private final ItemDiffusion diffusion;
    private final Bootstrap bootstrap;
    private final PairLoss pairs;
    private final Propagation whole;
    private final LinearMap.MeanOfLayers layers;
    private final Propagation beside;
    private final Table in;
    private final Table inGradient;
    private final Table spread;
    private final Table out;
    private final Table outGradient;
    private final Table between;
    private SplittableRandom random;
    private Propagation denoised;

    private McdRec(TrainingData data, Settings settings, Backend backend, long seed) {
        if (data.features().isEmpty()) {
            throw new IllegalArgumentException("mcdrec needs features of the items, and the data has none");
        }
        this.random = new SplittableRandom(seed);
        this.data = data;
        this.backend = backend;
        this.users = data.users();
        this.freedom = settings.oneOf("backbone", Bm3.NAME, Freedom.NAME).equals(Freedom.NAME);
        this.regularization = settings.number("regularization");
        this.diffusionLossWeight = settings.number("diffusion-loss-weight");
        String input = settings.oneOf("item-input", "diffused", "fused", "embedding");
        this.diffused = input.equals("diffused");
        this.batchAlone = settings.oneOf("diffused-items", "all", "batch").equals("batch");
        boolean denoising = settings.flag("graph-denoising");
        double pruning = settings.number("pruned-edges", 0, 1);
        double weight = settings.number("score-weight", 0, .99);
        this.prunedEdges = denoising || freedom ? pruning : 0;
        this.scoreWeight = denoising ? weight : 0;
        int count = users + data.items();
        int dimension = settings.whole("dimension", 1);
        this.nodes = Parameter.of(
                "nodes",
                Parameter.Rows.NODES,
                backend,
                count,
                dimension,
                Initial.nodes(data.train(), dimension, random));
        boolean trained = settings.flag("trained-features");
        this.contents = freedom
                ? Freedom.projections(data, trained, dimension, backend, random)
                : Bm3.projections(data, trained, dimension, backend, random);
        this.diffusion = input.equals("embedding")
                ? null
                : new ItemDiffusion(settings, contents.size(), diffused, backend, random);
        this.bootstrap = freedom ? null : new Bootstrap(data, settings, dimension, backend, random);
        this.pairs = settings.oneOf(PairLoss.SETTING, NONE, PairLoss.BPR, PairLoss.DENOISED)
                        .equals(NONE)
                ? null
                : PairLoss.of(data, settings, backend, dimension);
        if (freedom && pairs == null) {
            throw new IllegalArgumentException("setting loss is none, but mcdrec on freedom has no other loss");
        }
        this.whole = backend.propagation(GraphMatrices.userItem(data.train()));
        this.layers = new LinearMap.MeanOfLayers(whole, settings.whole("layers", 1), backend, dimension);
        this.beside = backend.propagation(freedom ? Freedom.itemsAlike(data, settings) : Bm3.itemsAgain(data));
        this.in = backend.table(count, dimension);
        this.inGradient = backend.table(count, dimension);
        this.spread = backend.table(count, dimension);
        this.out = backend.table(count, dimension);
        this.outGradient = backend.table(count, dimension);
        this.between = backend.table(count, dimension);
    }

    /** Whether the projected features have a part in anything but the loss of BM3. */
    private boolean projects() {
        return diffusion != null || freedom && regularization > 0;
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(nodes);
        if (bootstrap != null || projects()) {
            contents.forEach(content -> all.addAll(content.parameters()));
        }
        if (diffusion != null) {
            all.addAll(diffusion.parameters());
        }
        if (bootstrap != null) {
            all.addAll(bootstrap.parameters());
        }
        return all;
    }

    /** DGD: draws the user–item graph of the epoch. */
    @Override
    public void startEpoch(SplittableRandom random) {
        this.random = random.split();
        // What torch drops.
        backend.manager().getEngine().setRandomSeed(random.nextInt());
        if (bootstrap != null) {
            bootstrap.startEpoch(random);
        }
        if (denoised != null) {
            denoised.close();
            denoised = null;
        }
        if (prunedEdges > 0 || scoreWeight > 0) {
            denoised = backend.propagation(GraphMatrices.pruned(data.train(), edgeWeights(), 1 - prunedEdges, random));
        }
    }

    /** The weight 1 + τ · cos(e_u, ẽ_i) of each pair; as in the authors' code, a cosine in the place of the paper's product. */
    private float[] edgeWeights() {
        Interactions train = data.train();
        float[] weights = new float[train.size()];
        Arrays.fill(weights, 1);
        if (scoreWeight > 0) {
            float[] all = nodes.value().toFloats();
            int dimension = nodes.value().columns();
            if (diffused) {
                try (NDManager call = backend.manager().newSubManager()) {
                    NDArray items = embeddings(nodes.value().tensor(call));
                    float[] sampled =
                            diffusion.sampled(items, conditions(call), call).toFloatArray();
                    System.arraycopy(sampled, 0, all, users * dimension, sampled.length);
                }
            }
            for (int user = 0; user < users; user++) {
                for (int p = train.start(user); p < train.start(user + 1); p++) {
                    weights[p] += (float) (scoreWeight * cosine(all, user, users + train.item(p), dimension));
                }
            }
        }
        return weights;
    }

    private static double cosine(float[] rows, int a, int b, int dimension) {
        double product = 0;
        double first = 0;
        double second = 0;
        for (int d = 0, i = a * dimension, j = b * dimension; d < dimension; d++, i++, j++) {
            product += (double) rows[i] * rows[j];
            first += (double) rows[i] * rows[i];
            second += (double) rows[j] * rows[j];
        }
        return first == 0 || second == 0 ? 0 : product / Math.sqrt(first * second);
    }

    private NDArray embeddings(NDArray all) {
        return all.get(new NDIndex("{}:", users));
    }

    private List<NDArray> conditions(NDManager manager) {
        return contents.stream().map(content -> content.projected(manager)).toList();
    }

    @Override
    public double step(Batch batch) {
        // Two dense parts with the sparse products between them: the first one's gradient is that of the sum of its
        // result times
        // what comes back from the second.
        try (Leaves first = new Leaves(backend);
                Leaves second = new Leaves(backend);
                GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray all = first.whole(nodes);
            NDArray input = all;
            NDArray diffusionLoss = null;
            if (diffusion != null) {
                ItemDiffusion.Trained trained =
                        diffusion.train(embeddings(all), trainedConditions(first), diffusedItems(batch), first, random);
                input = all.get(new NDIndex(":{}", users)).concat(trained.items(), 0);
                diffusionLoss = trained.loss() == null ? null : Autograd.times(trained.loss(), diffusionLossWeight);
            }
            in.zero();
            in.add(input.stopGradient());
            layers.use(denoised == null ? whole : denoised);
            layers.forward(in, spread);
            beside.apply(nodes.value(), spread, 1, out);
            if (pairs != null) {
                pairs.forward(nodes.value());
            }

            outGradient.zero();
            NDArray representations = second.whole(out, outGradient);
            NDArray loss = loss(batch, representations, embeddings(all).stopGradient(), second);
            double number = loss.getFloat() + (diffusionLoss == null ? 0 : diffusionLoss.getFloat());
            if (!Double.isFinite(number)) {
                return number;
            }
            collector.backward(loss);
            second.giveBack();
            layers.backward(outGradient, inGradient);
            beside.applyTransposed(outGradient, between);
            nodes.gradient().add(between);
            NDArray product = input.mul(inGradient.tensor(first.manager())).sum();
            collector.backward(diffusionLoss == null ? product : product.add(diffusionLoss));
            first.giveBack();
            return number;
        }
    }

    /** The items that a step diffuses, or null for all. */
    private int[] diffusedItems(Batch batch) {
        if (!batchAlone) {
            return null;
        }
        return pairs == null
                ? Rows.Distinct.of(batch.positives()).values()
                : Rows.Distinct.of(batch.positives(), batch.negatives()).values();
    }

    private List<NDArray> trainedConditions(Leaves leaves) {
        return contents.stream().map(content -> content.projected(leaves)).toList();
    }

    /** The backbone's loss and Eq. 10. */
    private NDArray loss(Batch batch, NDArray all, NDArray embeddings, Leaves leaves) {
        NDArray sum = null;
        if (pairs != null) {
            NDManager step = leaves.manager();
            NDArray u = all.get(step.create(Rows.longs(batch.users(), 0)));
            NDArray p = all.get(step.create(Rows.longs(batch.positives(), users)));
            NDArray n = all.get(step.create(Rows.longs(batch.negatives(), users)));
            sum = pairs.loss(batch, u, Losses.dot(u, p), Losses.dot(u, n));
            if (freedom && regularization > 0) {
                sum = sum.add(Autograd.times(Freedom.contentLoss(batch, u, contents, leaves), regularization));
            }
        }
        if (bootstrap != null) {
            NDArray own = bootstrap.loss(batch, all, embeddings, contents, leaves);
            sum = sum == null ? own : sum.add(own);
        }
        return sum;
    }

    @Override
    public Embeddings embed() {
        try (NDManager call = backend.manager().newSubManager()) {
            NDArray all = nodes.value().tensor(call);
            NDArray input = diffusion == null
                    ? all
                    : all.get(new NDIndex(":{}", users))
                            .concat(diffusion.items(embeddings(all), conditions(call), call), 0);
            in.zero();
            in.add(input);
        }
        layers.use(whole);
        layers.forward(in, spread);
        beside.apply(nodes.value(), spread, 1, out);
        return freedom
                ? Embeddings.ofNodes(out, users)
                : Bm3.embed(out, data, diffusion == null ? contents : List.of(), bootstrap, backend);
    }

    @Override
    public void close() {
        nodes.close();
        contents.forEach(Projection::close);
        if (diffusion != null) {
            diffusion.close();
        }
        if (bootstrap != null) {
            bootstrap.close();
        }
        if (pairs != null) {
            pairs.close();
        }
        layers.close();
        whole.close();
        beside.close();
        if (denoised != null) {
            denoised.close();
        }
        List.of(in, inGradient, spread, out, outGradient, between).forEach(Table::close);
    }
}

package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.inductive.NodeEncoder;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.RowProducts;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SPUMR (arXiv 2601.19198): features of each modality spread along the similarity graphs of that modality (MSG, Eq. 2 and 3), then
 * along the collaborative ones (CSG, Eq. 4 and 5), and a gate weighs the modalities by their uncertainty (UPA, Eq. 6 to 9).
 *
 * <p>The preset {@code paper} is the letter of the paper: no embeddings of ids, so that every node with features or neighbors has a
 * representation. Beyond the paper, each modality can have a trained table of nodes beside the projected features ({@code tables}),
 * and there can be an {@code id} expert without a modality; tables spread along the user–item graph first, as in LightGCN. Data
 * without features leaves the {@code id} expert alone.
 */
public final class Spumr implements Model {

    private static final Logger LOG = LoggerFactory.getLogger(Spumr.class);

    /** Name of the expert that has no modality. */
    private static final String ID = NodeEncoder.ID;

    /** Rows that are encoded at a time when all are. */
    private static final int CHUNK = 8192;

    /** Items whose features are projected at a time, to bound memory. */
    private static final int PROJECTED = 1024;

    private static final double OUT_OF_REACH = 1e9;

    /** How to make one. */
    public static final ModelFactory FACTORY = new ModelFactory(
            "spumr",
            presets(),
            ModelFactory.LIVE,
            (data, settings, backend, seed) -> new Spumr(data, settings, backend, new SplittableRandom(seed)));

    private static Map<String, Settings> presets() {
        Settings paper = PairLoss.VIEWS.plus(ModelFactory.protocol(
                PairLoss.SETTING,
                PairLoss.BPR,
                "features",
                "true",
                "semantic-layers",
                "3",
                "collaborative-layers",
                "1",
                "tables",
                "false",
                "id-expert",
                "false",
                "user-item-layers",
                "2",
                "item-graph",
                "after",
                "kept-edges",
                "1",
                "fusion",
                "gate",
                "gate-top-k",
                "0",
                "mean-head",
                "mlp",
                "sampling",
                "true",
                "initial-log-variance",
                "0",
                "bpr",
                "pointwise",
                "bpr-weight",
                "1",
                "contrast-weight",
                "0.01",
                "contrast-temperature",
                "1",
                "contrast-popularity",
                "0",
                "score",
                "dot",
                "kl-weight",
                "0.005",
                "uncertainty-weight",
                "0.005",
                "regularization",
                "0"));
        // What validation on Amazon Baby prefers in the time that a loop has: tables of every modality and of ids,
        // spread along
        // all graphs, without the uncertain gate (w/o UPA), ranked by pairs.
        Settings live = paper.with(
                Settings.LEARNING_RATE,
                "0.003",
                "tables",
                "true",
                "id-expert",
                "true",
                "mean-head",
                "identity",
                "sampling",
                "false",
                "fusion",
                "concat",
                "bpr",
                "pairwise",
                "contrast-weight",
                "0",
                "kl-weight",
                "0",
                "uncertainty-weight",
                "0");
        // What it prefers in the end: less smoothing, and a fifth of the edges in each epoch against overfitting, as in
        // FREEDOM.
        Settings best = live.with(
                Settings.LEARNING_RATE,
                "0.001",
                "features",
                "false",
                "semantic-layers",
                "1",
                "item-graph",
                "beside",
                "kept-edges",
                "0.2");
        return Map.of(ModelFactory.PAPER, paper, ModelFactory.LIVE, live, "best", best);
    }

    private final Backend backend;
    private final int users;
    private final int nodes;
    private final int dimension;
    private final Settings settings;
    private final TrainingData data;
    private final boolean gated;
    private final boolean uncertain;
    private final boolean concatenated;
    private final boolean cosine;
    private final double temperature;
    private final double keptEdges;
    private final float initialLogVariance;
    private final float[] popularityBias;
    private SplittableRandom random;
    private final List<Expert> experts = new ArrayList<>();
    private final Map<String, Parameter> shared = new LinkedHashMap<>();
    private final PairLoss pairs;
    /** The expert whose table denoised BPR has its views from; null where it is not asked for. */
    private final Expert denoiser;

    private Propagation userItem;
    private Propagation pruned;

    /** A modality, or the ids: what it is made of, and the tables of a step. */
    private static final class Expert {
        private final String name;
        private FoldedFeatures folded;
        private Parameter table;
        private LinearMap.MeanOfLayers layers;
        private LinearMap spread;
        private Table out;
        private Table outGradient;

        Expert(String name) {
            this.name = name;
        }
    }

    Spumr(TrainingData data, Settings settings, Backend backend, SplittableRandom random) {
        this.data = data;
        this.settings = settings;
        this.backend = backend;
        this.users = data.users();
        this.nodes = users + data.items();
        this.dimension = settings.whole("dimension", 1);
        this.random = random;
        String fusion = settings.oneOf("fusion", "gate", "mean", "concat", "gated-concat");
        this.gated = fusion.startsWith("gate");
        this.concatenated = fusion.endsWith("concat");
        this.uncertain = settings.flag("sampling");
        this.cosine = settings.oneOf("score", "dot", "cosine").equals("cosine");
        this.temperature = settings.number("contrast-temperature");
        this.keptEdges = settings.number("kept-edges");
        if (keptEdges > 1) {
            throw new IllegalArgumentException("setting kept-edges is " + keptEdges + "; it must be at most 1");
        }
        this.initialLogVariance = (float) settings.number("initial-log-variance", -20, 20);
        this.popularityBias = popularityBias();
        boolean tables = settings.flag("tables");
        if (tables || settings.flag("id-expert") || data.features().isEmpty()) {
            userItem = backend.propagation(GraphMatrices.userItem(data.train()));
        }
        data.features().forEach((modality, features) -> {
            Expert expert = new Expert(modality);
            if (settings.flag("features")) {
                addFeatures(expert, features);
            }
            if (tables) {
                addTable(expert, modality);
            }
            if (expert.folded != null || expert.table != null) {
                experts.add(expert);
            }
        });
        if (settings.flag("id-expert") || experts.isEmpty()) {
            if (data.features().isEmpty()) {
                LOG.info("the data has no features: SPUMR works with its id expert alone");
            }
            Expert expert = new Expert(ID);
            addTable(expert, null);
            experts.add(expert);
        }
        for (Expert expert : experts) {
            addHeads(expert.name.equals(ID) ? ID : "content");
        }
        if (gated) {
            share("gate.weight", experts.size() * dimension, experts.size());
            shareZeros("gate.bias", experts.size());
        }
        this.pairs = PairLoss.of(data, settings, backend, dimension);
        this.denoiser = settings.text(PairLoss.SETTING).equals(PairLoss.DENOISED) ? denoiser() : null;
    }

    private Expert denoiser() {
        Expert last = experts.get(experts.size() - 1);
        if (last.table == null || last.folded != null || !settings.text("bpr").equals("pairwise")) {
            throw new IllegalArgumentException("setting " + PairLoss.SETTING + " is " + PairLoss.DENOISED
                    + ", which needs a table without features (id-expert=true, or tables=true and features=false) and"
                    + " bpr=pairwise");
        }
        return last;
    }

    /** Logits of the contrast lose a share of the log of how often the item is another user's positive. */
    private float[] popularityBias() {
        double share = settings.number("contrast-popularity");
        int[] degrees = data.train().itemDegrees();
        float[] bias = new float[degrees.length];
        for (int item = 0; item < bias.length; item++) {
            bias[item] = (float) (share * Math.log(Math.max(degrees[item], 1)));
        }
        return bias;
    }

    /** MSG and CSG over the features, once and for all. */
    private void addFeatures(Expert expert, Features features) {
        float[] raw = Arrays.copyOf(data.profiles(expert.name), Math.multiplyExact(nodes, features.dimension()));
        System.arraycopy(features.filled(), 0, raw, users * features.dimension(), features.values().length);
        List<Csr> steps = semantic(expert.name);
        steps.addAll(collaborative(settings.whole("collaborative-layers", 0)));
        expert.folded =
                FoldedFeatures.of(raw, nodes, backend, steps.isEmpty() ? null : columns -> sequence(steps, columns));
        share("project." + expert.name + ".weight", features.dimension(), dimension);
        shareZeros("project." + expert.name + ".bias", dimension);
    }

    /** The layers of MSG over all nodes, in a list of its own. */
    private List<Csr> semantic(String modality) {
        int neighbors = settings.whole("neighbors", 1);
        int depth = settings.whole("semantic-layers", 0);
        if (depth == 0) {
            return new ArrayList<>();
        }
        Csr matrix = GraphMatrices.sides(
                GraphMatrices.semantic(data.userProfile(modality, neighbors)),
                GraphMatrices.semantic(data.itemContent(modality, neighbors)));
        return new ArrayList<>(Collections.nCopies(depth, matrix));
    }

    /** So many layers of CSG. */
    private List<Csr> collaborative(int depth) {
        if (depth == 0) {
            return List.of();
        }
        int neighbors = settings.whole("neighbors", 1);
        Csr matrix = GraphMatrices.sides(
                GraphMatrices.collaborative(data.userJaccard(neighbors)),
                GraphMatrices.collaborative(data.itemJaccard(neighbors)));
        return Collections.nCopies(depth, matrix);
    }

    private LinearMap sequence(List<Csr> steps, int columns) {
        Map<Csr, Propagation> ready = new java.util.IdentityHashMap<>();
        List<LinearMap> maps = new ArrayList<>();
        for (Csr step : steps) {
            maps.add(new LinearMap.Product(ready.computeIfAbsent(step, backend::propagation)));
        }
        return LinearMap.sequence(maps, backend, nodes, columns);
    }

    /** A trained table, and how it spreads. */
    private void addTable(Expert expert, String modality) {
        expert.table = Parameter.of(
                "nodes." + expert.name,
                Parameter.Rows.NODES,
                backend,
                nodes,
                dimension,
                Initial.nodes(data.train(), dimension, random));
        int layers = settings.whole("user-item-layers", 0);
        expert.layers = layers == 0 ? null : new LinearMap.MeanOfLayers(userItem, layers, backend, dimension);
        expert.spread = spread(expert.layers, modality, settings.whole("collaborative-layers", 0));
        expert.out = backend.table(nodes, dimension);
        expert.outGradient = backend.table(nodes, dimension);
    }

    /**
     * How a table spreads: LightGCN over the user–item graph, then the item graph of the modality after or beside it, then CSG.
     *
     * @param layers of the user–item graph, or null for none
     * @param modality modality of the item graph, or null for none
     * @param collaborativeLayers layers of CSG
     */
    private LinearMap spread(LinearMap.MeanOfLayers layers, String modality, int collaborativeLayers) {
        List<LinearMap> maps = new ArrayList<>();
        if (layers != null) {
            maps.add(layers);
        }
        int depth = settings.whole("semantic-layers", 0);
        if (modality != null && depth > 0) {
            NeighborGraph graph = data.itemContent(modality, settings.whole("neighbors", 1));
            Csr items = GraphMatrices.semantic(graph);
            if (settings.oneOf("item-graph", "after", "beside").equals("after")) {
                Csr matrix = GraphMatrices.sides(GraphMatrices.identity(users), items);
                maps.add(LinearMap.power(backend.propagation(matrix), depth, backend, dimension));
            } else {
                Propagation beside = backend.propagation(GraphMatrices.sides(GraphMatrices.empty(users), items));
                LinearMap before = maps.isEmpty() ? identity() : maps.remove(0);
                maps.add(new LinearMap.Beside(before, beside, depth, backend, dimension));
            }
        }
        List<Csr> collaborative = collaborative(collaborativeLayers);
        if (!collaborative.isEmpty()) {
            maps.add(sequence(collaborative, dimension));
        }
        if (maps.isEmpty()) {
            maps.add(identity());
        }
        return LinearMap.sequence(maps, backend, nodes, dimension);
    }

    private LinearMap identity() {
        return new LinearMap.Product(backend.propagation(GraphMatrices.identity(nodes)));
    }

    private void addHeads(String head) {
        if (shared.containsKey(head + ".variance.in.weight")) {
            return;
        }
        if (!settings.oneOf("mean-head", "mlp", "residual", "identity").equals("identity")) {
            addHead(head + ".mean");
        }
        if (uncertain) {
            addHead(head + ".variance");
        }
    }

    private void addHead(String name) {
        if (!shared.containsKey(name + ".in.weight")) {
            share(name + ".in.weight", dimension, dimension);
            shareZeros(name + ".in.bias", dimension);
            share(name + ".out.weight", dimension, dimension);
            shareZeros(name + ".out.bias", dimension);
        }
    }

    private void share(String name, int rows, int columns) {
        shared.put(
                name,
                Parameter.of(
                        name, Parameter.Rows.SHARED, backend, rows, columns, Initial.xavier(rows, columns, random)));
    }

    private void shareZeros(String name, int columns) {
        shared.put(name, Parameter.of(name, Parameter.Rows.SHARED, backend, 1, columns, new float[columns]));
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        for (Expert expert : experts) {
            if (expert.table != null) {
                all.add(expert.table);
            }
        }
        all.addAll(shared.values());
        return all;
    }

    @Override
    public void startEpoch(SplittableRandom epochRandom) {
        random = epochRandom.split();
        if (keptEdges < 1 && userItem != null) {
            Propagation old = pruned;
            pruned = backend.propagation(GraphMatrices.pruned(data.train(), keptEdges, epochRandom));
            usePropagation(pruned);
            if (old != null) {
                old.close();
            }
        }
    }

    private void usePropagation(Propagation matrix) {
        for (Expert expert : experts) {
            if (expert.layers != null) {
                expert.layers.use(matrix);
            }
        }
    }

    /** Tensors of a step, or of a chunk of all nodes: the shared weights, and each expert's rows of its table. */
    private record Leaves(Map<String, NDArray> shared, Map<String, NDArray> rows) {}

    private Leaves leaves(int[] which, NDManager manager, boolean training) {
        Map<String, NDArray> weights = new LinkedHashMap<>();
        shared.forEach((name, parameter) -> {
            NDArray tensor = parameter.value().tensor(manager);
            weights.put(name, training ? Autograd.leaf(tensor) : tensor);
        });
        Map<String, NDArray> rows = new LinkedHashMap<>();
        for (Expert expert : experts) {
            if (expert.table != null) {
                NDArray tensor = expert.out.gather(which, manager);
                rows.put(expert.name, training ? Autograd.leaf(tensor) : tensor);
            }
        }
        return new Leaves(weights, rows);
    }

    /**
     * Nodes after the gate.
     *
     * @param embedding z, [rows × dimension of the score]
     * @param means μ of each expert
     * @param logVariances log σ² of each expert; empty without sampling
     * @param weights G, [rows × experts]; null without a gate
     */
    private record Encoded(NDArray embedding, List<NDArray> means, List<NDArray> logVariances, NDArray weights) {}

    private Encoded encode(int[] which, Leaves leaves, NDManager manager, boolean training) {
        NDArray index = manager.create(Arrays.stream(which).asLongStream().toArray());
        List<NDArray> inputs = new ArrayList<>();
        List<NDArray> means = new ArrayList<>();
        List<NDArray> logVariances = new ArrayList<>();
        List<NDArray> samples = new ArrayList<>();
        for (Expert expert : experts) {
            NDArray h = leaves.rows.get(expert.name);
            if (expert.folded != null) {
                manager.tempAttachAll(expert.folded.features(), expert.folded.ones());
                NDArray projected = expert.folded
                        .rows(index)
                        .project(
                                leaves.shared.get("project." + expert.name + ".weight"),
                                leaves.shared.get("project." + expert.name + ".bias"));
                h = h == null ? projected : h.add(projected);
            }
            inputs.add(h);
            String head = expert.name.equals(ID) ? ID : "content";
            NDArray mean =
                    switch (settings.text("mean-head")) {
                        case "mlp" -> perceptron(h, head + ".mean", leaves.shared);
                        case "residual" -> h.add(perceptron(h, head + ".mean", leaves.shared));
                        default -> h;
                    };
            means.add(mean);
            NDArray sample = mean;
            if (uncertain) {
                NDArray logVariance =
                        perceptron(h, head + ".variance", leaves.shared).add(initialLogVariance);
                logVariances.add(logVariance);
                if (training) {
                    NDArray noise =
                            manager.create(gaussian(which.length * dimension), new Shape(which.length, dimension));
                    sample = mean.add(Autograd.times(logVariance, .5f).exp().mul(noise));
                }
            }
            samples.add(sample);
        }
        NDArray weights = gated ? gate(inputs, leaves.shared) : null;
        return new Encoded(fuse(samples, weights), means, logVariances, weights);
    }

    private float[] gaussian(int count) {
        float[] values = new float[count];
        for (int at = 0; at < count; at++) {
            values[at] = (float) random.nextGaussian();
        }
        return values;
    }

    private static NDArray perceptron(NDArray x, String name, Map<String, NDArray> weights) {
        NDArray hidden = x.matMul(weights.get(name + ".in.weight"))
                .add(weights.get(name + ".in.bias"))
                .tanh();
        return hidden.matMul(weights.get(name + ".out.weight")).add(weights.get(name + ".out.bias"));
    }

    /** Eq. 8: softmax over the K largest logits of each row. */
    private NDArray gate(List<NDArray> inputs, Map<String, NDArray> weights) {
        NDArray logits =
                Losses.beside(inputs).matMul(weights.get("gate.weight")).add(weights.get("gate.bias"));
        int k = settings.whole("gate-top-k", 0);
        if (k > 0 && k < experts.size()) {
            NDArray least = logits.topK(k, 1, true, true).get(0).stopGradient().min(new int[] {1}, true);
            logits = logits.sub(Autograd.times(logits.lt(least).toType(DataType.FLOAT32, false), OUT_OF_REACH));
        }
        return logits.softmax(1);
    }

    private NDArray fuse(List<NDArray> samples, NDArray weights) {
        List<NDArray> parts = new ArrayList<>();
        for (int m = 0; m < samples.size(); m++) {
            NDArray part = samples.get(m);
            parts.add(weights == null ? part : part.mul(column(weights, m)));
        }
        NDArray fused;
        if (concatenated) {
            fused = Losses.beside(parts);
        } else {
            fused = parts.get(0);
            for (NDArray part : parts.subList(1, parts.size())) {
                fused = fused.add(part);
            }
            fused = gated ? fused : Autograd.times(fused, 1.0 / parts.size());
        }
        return cosine ? Losses.unit(fused) : fused;
    }

    private static NDArray column(NDArray matrix, int column) {
        return matrix.get(":, " + column + ":" + (column + 1));
    }

    /** Whether scores are products of tables and projections, with nothing in between, and the loss is that of pairs. */
    private boolean linear() {
        return settings.text("mean-head").equals("identity")
                && concatenated
                && !gated
                && !uncertain
                && !cosine
                && settings.text("bpr").equals("pairwise")
                && settings.number("bpr-weight") == 1
                && settings.number("contrast-weight") == 0
                && experts.stream().allMatch(expert -> expert.table != null);
    }

    /** {@link #step} in closed form: the projections join the tables, row by row. */
    private double linearStep(Batch batch) {
        int[] rows = Rows.Distinct.of(
                        batch.users(), Rows.offset(batch.positives(), users), Rows.offset(batch.negatives(), users))
                .values();
        boolean[] marked = Rows.marked(nodes, rows);
        spread(marked);
        try (NDManager step = backend.manager().newSubManager()) {
            NDArray index = step.create(Arrays.stream(rows).asLongStream().toArray());
            Map<Expert, FoldedFeatures> projected = new LinkedHashMap<>();
            for (Expert expert : experts) {
                if (expert.folded != null) {
                    step.tempAttachAll(expert.folded.features(), expert.folded.ones());
                    FoldedFeatures some = expert.folded.rows(index);
                    expert.out.scatterAdd(
                            rows,
                            some.project(
                                    weight(expert).value().tensor(step),
                                    bias(expert).value().tensor(step)));
                    projected.put(expert, some);
                }
                expert.outGradient.zero();
            }
            double loss = pairs.step(
                    batch,
                    experts.stream()
                            // Denoised BPR has its users from the first.
                            .sorted(Comparator.comparing(expert -> expert != denoiser))
                            .map(expert -> PairLoss.Term.of(expert.out, expert.outGradient))
                            .toArray(PairLoss.Term[]::new));
            if (!Double.isFinite(loss)) {
                return loss;
            }
            projected.forEach((expert, some) -> {
                NDArray gradient = expert.outGradient.gather(rows, step);
                weight(expert).gradient().add(some.features().transpose().matMul(gradient));
                bias(expert).gradient().add(some.ones().transpose().matMul(gradient));
            });
            for (Expert expert : experts) {
                expert.spread.backward(expert.outGradient, expert.table.gradient(), marked);
                loss += Losses.embeddingNorms(
                        settings.number("regularization"), expert.table.value(), expert.table.gradient(), rows);
            }
            return loss;
        }
    }

    private Parameter weight(Expert expert) {
        return shared.get("project." + expert.name + ".weight");
    }

    private Parameter bias(Expert expert) {
        return shared.get("project." + expert.name + ".bias");
    }

    /** Spreads the tables; {@code wanted} as {@link LinearMap#forward(Table, Table, boolean[])} takes it. */
    private void spread(boolean[] wanted) {
        for (Expert expert : experts) {
            if (expert.table != null) {
                expert.spread.forward(expert.table.value(), expert.out, wanted);
            }
        }
        if (denoiser != null) {
            pairs.forward(denoiser.table.value());
        }
    }

    @Override
    public double step(Batch batch) {
        return linear() ? linearStep(batch) : autogradStep(batch);
    }

    private double autogradStep(Batch batch) {
        boolean ranked = settings.number("bpr-weight") > 0;
        int[] positives = Rows.offset(batch.positives(), users);
        int[] negatives = ranked ? Rows.offset(batch.negatives(), users) : new int[0];
        Rows.Distinct distinct = Rows.Distinct.of(batch.users(), positives, negatives);
        boolean[] marked = Rows.marked(nodes, distinct.values());
        spread(marked);
        try (NDManager step = backend.manager().newSubManager()) {
            Leaves leaves = leaves(distinct.values(), step, true);
            Map<String, NDArray> own = new LinkedHashMap<>();
            if (settings.number("regularization") > 0) {
                for (Expert expert : experts) {
                    if (expert.table != null) {
                        own.put(expert.name, Autograd.leaf(expert.table.value().gather(distinct.values(), step)));
                    }
                }
            }
            double loss = Autograd.backward(() -> loss(batch, distinct, leaves, own, step));
            if (Double.isFinite(loss)) {
                shared.forEach((name, parameter) ->
                        parameter.gradient().add(leaves.shared.get(name).getGradient()));
                for (Expert expert : experts) {
                    if (expert.table != null) {
                        expert.outGradient.zero();
                        expert.outGradient.scatterAdd(
                                distinct.values(), leaves.rows.get(expert.name).getGradient());
                        expert.spread.backward(expert.outGradient, expert.table.gradient(), marked);
                        NDArray ego = own.get(expert.name);
                        if (ego != null) {
                            expert.table.gradient().scatterAdd(distinct.values(), ego.getGradient());
                        }
                    }
                }
            }
            return loss;
        }
    }

    /** Eq. 12. */
    private NDArray loss(Batch batch, Rows.Distinct distinct, Leaves leaves, Map<String, NDArray> own, NDManager step) {
        Encoded encoded = encode(distinct.values(), leaves, step, true);
        int size = batch.size();
        NDArray z = encoded.embedding();
        NDArray u = z.get(step.create(Arrays.copyOf(distinct.places(), size)));
        NDArray p = z.get(step.create(Arrays.copyOfRange(distinct.places(), size, 2 * size)));
        List<NDArray> terms = new ArrayList<>();
        double ranking = settings.number("bpr-weight");
        if (ranking > 0) {
            NDArray n = z.get(step.create(Arrays.copyOfRange(distinct.places(), 2 * size, 3 * size)));
            NDArray positive = Losses.dot(u, p);
            NDArray negative = Losses.dot(u, n);
            // Eq. 10 as printed has a slip of sign.
            NDArray bpr = settings.oneOf("bpr", "pointwise", "pairwise").equals("pointwise")
                    ? Losses.logistic(positive).add(Losses.logistic(negative.neg()))
                    : pairs.loss(
                            batch, denoiser == null ? u : denoisingUsers(leaves, distinct, step), positive, negative);
            terms.add(Autograd.times(bpr, ranking));
        }
        double contrast = settings.number("contrast-weight");
        if (contrast > 0) {
            terms.add(contrast(batch, u, p, contrast, step));
        }
        double kl = settings.number("kl-weight");
        double uncertainty = settings.number("uncertainty-weight");
        for (int m = 0; m < encoded.logVariances().size(); m++) {
            NDArray logVariance = encoded.logVariances().get(m);
            if (kl > 0) {
                terms.add(Autograd.times(Losses.standardNormalKl(encoded.means().get(m), logVariance), kl));
            }
            if (uncertainty > 0 && gated) {
                // Eq. 9.
                NDArray variance = logVariance.exp().sum(new int[] {1}, true);
                terms.add(Autograd.times(
                        column(encoded.weights(), m).mul(variance).mean(), uncertainty));
            }
        }
        if (!own.isEmpty()) {
            terms.add(Autograd.times(
                    Losses.embeddingNorms(own.values().toArray(NDArray[]::new)), settings.number("regularization")));
        }
        NDArray sum = terms.get(0);
        for (NDArray term : terms.subList(1, terms.size())) {
            sum = sum.add(term);
        }
        return sum;
    }

    private NDArray denoisingUsers(Leaves leaves, Rows.Distinct distinct, NDManager step) {
        return leaves.rows
                .get(denoiser.name)
                .get(step.create(Arrays.copyOf(distinct.places(), distinct.places().length / 3)));
    }

    /** Eq. 11 with the items of the other pairs in the place of what is printed, times a weight. */
    private NDArray contrast(Batch batch, NDArray u, NDArray p, double weight, NDManager step) {
        return backend.workers()
                .map(workers -> {
                    InBatchContrast loss =
                            new InBatchContrast(batch.positives(), popularityBias, temperature, weight / batch.size());
                    return RowProducts.term(List.of(u), List.of(p), () -> loss, workers, step);
                })
                .orElseGet(() -> Autograd.times(Losses.inBatch(u, p, contrastBias(batch, step), temperature), weight));
    }

    /** What the contrast's logits lose: everything for another copy of the pair's own item, and the share for popularity. */
    private NDArray contrastBias(Batch batch, NDManager step) {
        int size = batch.size();
        float[] popularity = new float[size];
        float[] numbers = new float[size];
        for (int b = 0; b < size; b++) {
            popularity[b] = popularityBias[batch.positives()[b]];
            numbers[b] = batch.positives()[b];
        }
        NDArray items = step.create(numbers);
        NDArray copies = items.reshape(size, 1)
                .eq(items.reshape(1, size))
                .toType(DataType.FLOAT32, false)
                .sub(step.eye(size));
        return Autograd.times(copies, OUT_OF_REACH).add(step.create(popularity, new Shape(1, size)));
    }

    @Override
    public Embeddings embed() {
        if (userItem != null) {
            usePropagation(userItem);
        }
        spread(null);
        if (pruned != null) {
            usePropagation(pruned);
        }
        int width = concatenated ? experts.size() * dimension : dimension;
        float[] embeddings = new float[Math.multiplyExact(nodes, width)];
        float[] variances = uncertain ? new float[embeddings.length] : null;
        boolean weighted = gated || concatenated;
        float[] weights = weighted ? new float[nodes * experts.size()] : null;
        for (int from = 0; from < nodes; from += CHUNK) {
            int[] which = java.util.stream.IntStream.range(from, Math.min(nodes, from + CHUNK))
                    .toArray();
            try (NDManager chunk = backend.manager().newSubManager()) {
                Encoded encoded = encode(which, leaves(which, chunk, false), chunk, false);
                copy(encoded.embedding(), embeddings, from * width);
                if (gated) {
                    copy(encoded.weights(), weights, from * experts.size());
                }
                if (uncertain) {
                    copy(variance(encoded), variances, from * width);
                }
            }
        }
        if (weighted && !gated) {
            for (int node = 0; node < nodes; node++) {
                float[] shares = NodeEncoder.shares(embeddings, node * width, experts.size(), dimension);
                System.arraycopy(shares, 0, weights, node * shares.length, shares.length);
            }
        }
        int split = users * width;
        int weightSplit = users * experts.size();
        return new Embeddings(
                width,
                Arrays.copyOf(embeddings, split),
                Arrays.copyOfRange(embeddings, split, embeddings.length),
                uncertain ? Arrays.copyOf(variances, split) : null,
                uncertain ? Arrays.copyOfRange(variances, split, variances.length) : null,
                weighted ? names() : List.of(),
                weighted ? Arrays.copyOf(weights, weightSplit) : null,
                weighted ? Arrays.copyOfRange(weights, weightSplit, weights.length) : null);
    }

    private List<String> names() {
        return experts.stream().map(expert -> expert.name).toList();
    }

    @Override
    public Optional<Inductive> inductive() {
        int width = experts.size() * dimension;
        int before = Math.max(0, settings.whole("collaborative-layers", 0) - 1);
        float[] states = new float[Math.multiplyExact(nodes, width)];
        for (int e = 0; e < experts.size(); e++) {
            Expert expert = experts.get(e);
            if (expert.folded != null) {
                List<Csr> steps = semantic(expert.name);
                steps.addAll(collaborative(before));
                addBlock(states, e, spread(projected(expert), steps.isEmpty() ? null : sequence(steps, dimension)));
            }
            if (expert.table != null) {
                int layers = settings.whole("user-item-layers", 0);
                LinearMap.MeanOfLayers all =
                        layers == 0 ? null : new LinearMap.MeanOfLayers(userItem, layers, backend, dimension);
                LinearMap map = spread(all, expert.name.equals(ID) ? null : expert.name, before);
                addBlock(states, e, spread(expert.table.value().toFloats(), map));
            }
        }
        Map<String, float[][]> parameters = new LinkedHashMap<>();
        for (Map.Entry<String, Parameter> entry : shared.entrySet()) {
            if (entry.getKey().endsWith(".weight")) {
                String name = entry.getKey().substring(0, entry.getKey().length() - ".weight".length());
                parameters.put(name, affine(entry.getValue(), shared.get(name + ".bias")));
            }
        }
        int split = users * width;
        return Optional.of(new Inductive(
                names(), Arrays.copyOf(states, split), Arrays.copyOfRange(states, split, states.length), parameters));
    }

    /** Projected features, unspread: of users the mean of their items' (Eq. 1). */
    private float[] projected(Expert expert) {
        Features features = data.features().get(expert.name);
        int columns = features.dimension();
        float[] filled = features.filled();
        float[] x = new float[Math.multiplyExact(nodes, dimension)];
        float[] constant = bias(expert).value().toFloats();
        for (int from = 0; from < features.items(); from += PROJECTED) {
            int rows = Math.min(PROJECTED, features.items() - from);
            try (NDManager chunk = backend.manager().newSubManager()) {
                float[] some = Arrays.copyOfRange(filled, from * columns, (from + rows) * columns);
                NDArray product = chunk.create(some, new Shape(rows, columns))
                        .matMul(weight(expert).value().tensor(chunk))
                        .add(bias(expert).value().tensor(chunk));
                copy(product, x, (users + from) * dimension);
            }
        }
        Interactions train = data.train();
        for (int user = 0; user < users; user++) {
            double[] sum = new double[dimension];
            int count = 0;
            for (int p = train.start(user); p < train.start(user + 1); p++) {
                if (features.present()[train.item(p)]) {
                    count++;
                    for (int d = 0; d < dimension; d++) {
                        sum[d] += x[(users + train.item(p)) * dimension + d];
                    }
                }
            }
            for (int d = 0; d < dimension; d++) {
                x[user * dimension + d] = count == 0 ? constant[d] : (float) (sum[d] / count);
            }
        }
        return x;
    }

    /** A table after a map, which is closed; null for the identity. */
    private float[] spread(float[] values, LinearMap map) {
        if (map == null) {
            return values;
        }
        try (map;
                Table in = backend.table(nodes, dimension, values);
                Table out = backend.table(nodes, dimension)) {
            map.forward(in, out);
            return out.toFloats();
        }
    }

    private void addBlock(float[] states, int e, float[] block) {
        int width = experts.size() * dimension;
        for (int node = 0; node < nodes; node++) {
            for (int d = 0; d < dimension; d++) {
                states[node * width + e * dimension + d] += block[node * dimension + d];
            }
        }
    }

    /** A row for each output, the constant last. */
    private static float[][] affine(Parameter weight, Parameter bias) {
        int inputs = weight.value().rows();
        int outputs = weight.value().columns();
        float[] weights = weight.value().toFloats();
        float[] constants = bias.value().toFloats();
        float[][] rows = new float[outputs][inputs + 1];
        for (int output = 0; output < outputs; output++) {
            for (int input = 0; input < inputs; input++) {
                rows[output][input] = weights[input * outputs + output];
            }
            rows[output][inputs] = constants[output];
        }
        return rows;
    }

    /** Variance of the fused embedding: the experts are independent. */
    private NDArray variance(Encoded encoded) {
        List<NDArray> parts = new ArrayList<>();
        for (int m = 0; m < experts.size(); m++) {
            NDArray variance = encoded.logVariances().get(m).exp();
            parts.add(gated ? variance.mul(column(encoded.weights(), m).square()) : variance);
        }
        if (concatenated) {
            return Losses.beside(parts);
        }
        NDArray sum = parts.get(0);
        for (NDArray part : parts.subList(1, parts.size())) {
            sum = sum.add(part);
        }
        return gated ? sum : Autograd.times(sum, 1.0 / (parts.size() * parts.size()));
    }

    private static void copy(NDArray from, float[] to, int at) {
        float[] values = from.toFloatArray();
        System.arraycopy(values, 0, to, at, values.length);
    }

    @Override
    public void close() {
        for (Expert expert : experts) {
            if (expert.folded != null) {
                expert.folded.close();
            }
            if (expert.table != null) {
                expert.table.close();
                expert.spread.close();
                expert.out.close();
                expert.outGradient.close();
            }
        }
        shared.values().forEach(Parameter::close);
        if (userItem != null) {
            userItem.close();
        }
        if (pruned != null) {
            pruned.close();
        }
        pairs.close();
    }
}

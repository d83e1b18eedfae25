package dev.freshet.graph.inductive;

import dev.freshet.graph.GraphNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * SPUMR (arXiv 2601.19198) for one node: its embedding from its features and from its neighbors, with what training has learnt. A node has
 * a block of d numbers for each expert, that is for each modality and for what is known of the node itself. Its <em>state</em> is what it gives its
 * neighbors in the last step along the collaborative graph. For a node of the snapshot, with the snapshot's list,
 * {@link #collaborative} and {@link #encode} give what training gave it. For another, {@link #project} and {@link #semantic}
 * work out a state. Plain and immutable.
 */
public final class NodeEncoder {

    /** Name of the expert that has no modality. */
    public static final String ID = "id";

    /** Prefix of the parameter that projects a modality's features: x = W e + b. */
    public static final String PROJECT = "project.";

    /** Name of the gate's parameter (Eq. 8). */
    public static final String GATE = "gate";

    /** Heads of the modalities, and of {@link #ID}: prefixes of the parameters of their perceptrons (Eq. 6). */
    public static final String CONTENT = "content";

    /** A neighbor in the collaborative graph: its state, and the weight of the edge. */
    @SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
    public record Peer(float[] state, double weight) {}

    /**
     * A state of which a part may not be known.
     *
     * @param values a block for each expert; zeros where it is not known
     * @param known whether each expert's block is known
     */
    @SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
    public record State(float[] values, boolean[] known) {}

    /**
     * An embedding.
     *
     * @param vector z
     * @param variance σ² of each of its numbers; null from models without uncertainty
     * @param weights how much each expert has to do with it, summing to 1; null where that is not defined
     */
    @SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
    public record Encoding(float[] vector, float[] variance, float[] weights) {}

    private static final class Perceptron {
        private final Affine in;
        private final Affine out;

        Perceptron(String name, Map<String, float[][]> parameters, int d) {
            in = new Affine(name + ".in", parameters.get(name + ".in"), d, d);
            out = new Affine(name + ".out", parameters.get(name + ".out"), d, d);
        }

        void apply(float[] x, int from, float[] y, int to, float[] hidden) {
            in.apply(x, from, hidden, 0);
            for (int k = 0; k < hidden.length; k++) {
                hidden[k] = (float) Math.tanh(hidden[k]);
            }
            out.apply(hidden, 0, y, to);
        }
    }

    private final List<String> experts;
    private final int dimension;
    private final int semanticLayers;
    private final boolean collaborative;
    private final int neighbors;
    /** Whether nodes have trained tables of the modalities, of which a new node has none. */
    private final boolean tables;

    private final boolean residual;
    private final boolean concatenated;
    private final boolean cosine;
    private final int gateTopK;
    private final double initialLogVariance;
    private final Affine[] projections;
    private final Perceptron[] means;
    private final Perceptron[] variances;
    private final Affine gate;

    /**
     * @param experts modalities and {@link #ID}, in the order of the blocks
     * @param settings the settings that the model was trained with
     * @param parameters affine maps by name: rows of weights, each with the constant last
     * @throws IllegalArgumentException in one line, if they do not fit each other
     */
    public NodeEncoder(List<String> experts, Map<String, String> settings, Map<String, float[][]> parameters) {
        if (experts.isEmpty()) {
            throw new IllegalArgumentException("there is no expert");
        }
        this.experts = List.copyOf(experts);
        this.dimension = whole(settings, "dimension");
        this.semanticLayers = whole(settings, "semantic-layers");
        this.collaborative = whole(settings, "collaborative-layers") > 0;
        this.neighbors = whole(settings, "neighbors");
        this.tables = text(settings, "tables").equals("true");
        String fusion = text(settings, "fusion");
        String head = text(settings, "mean-head");
        this.residual = head.equals("residual");
        this.concatenated = fusion.endsWith("concat");
        this.cosine = text(settings, "score").equals("cosine");
        this.gateTopK = whole(settings, "gate-top-k");
        this.initialLogVariance = Double.parseDouble(text(settings, "initial-log-variance"));
        boolean uncertain = text(settings, "sampling").equals("true");
        int m = experts.size();
        this.projections = new Affine[m];
        this.means = new Perceptron[m];
        this.variances = uncertain ? new Perceptron[m] : null;
        for (int e = 0; e < m; e++) {
            String projection = PROJECT + experts.get(e);
            float[][] rows = parameters.get(projection);
            if (rows != null) {
                projections[e] = new Affine(projection, rows, rows.length == 0 ? 0 : rows[0].length - 1, dimension);
            }
            String prefix = experts.get(e).equals(ID) ? ID : CONTENT;
            if (!head.equals("identity")) {
                means[e] = new Perceptron(prefix + ".mean", parameters, dimension);
            }
            if (uncertain) {
                variances[e] = new Perceptron(prefix + ".variance", parameters, dimension);
            }
        }
        this.gate = fusion.startsWith("gate") ? new Affine(GATE, parameters.get(GATE), m * dimension, m) : null;
    }

    private static String text(Map<String, String> settings, String name) {
        String value = settings.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the setting " + name + " is missing");
        }
        return value;
    }

    private static int whole(Map<String, String> settings, String name) {
        try {
            return Integer.parseInt(text(settings, name));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "the setting " + name + " is " + settings.get(name) + ", not a whole number", e);
        }
    }

    /** Experts in the order of the blocks. */
    public List<String> experts() {
        return experts;
    }

    /** Number of nearest neighbors that it takes of a list. */
    public int neighbors() {
        return neighbors;
    }

    /** Length of a state. */
    public int width() {
        return experts.size() * dimension;
    }

    /** Length of an embedding. */
    public int dimension() {
        return concatenated ? width() : dimension;
    }

    /** Whether the embedding is the experts' blocks side by side. */
    public boolean concatenated() {
        return concatenated;
    }

    /** Whether embeddings have variances. */
    public boolean uncertain() {
        return variances != null;
    }

    /**
     * Embeds an item that training did not see.
     *
     * @param features the item's vector of a modality, or null
     * @param lists the neighbors of the item in a graph by its name ({@link GraphNames}) whose states are known, nearest first
     * @return null where neither features nor neighbors say anything
     */
    public Encoding item(Function<String, float[]> features, Function<String, List<Peer>> lists) {
        State state = semantic(project(features), modality -> states(lists, GraphNames.itemContent(modality)));
        float[] h = collaborative(state, first(lists, GraphNames.ITEM_JACCARD));
        return h == null ? null : encode(h);
    }

    /**
     * Embeds a user that training did not see. The profile (Eq. 1) is the mean of the items' states: they lie where the items' projected features do, once those have
     * spread. Without variance.
     *
     * @param items states of the user's items
     * @param lists as of {@link #item}, of the user
     * @return null where neither profile nor neighbors say anything; where nodes have trained tables, a profile alone does not
     */
    public Encoding user(List<float[]> items, Function<String, List<Peer>> lists) {
        State state = new State(new float[width()], new boolean[experts.size()]);
        for (int e = 0; e < experts.size(); e++) {
            if (projections[e] != null && !tables) {
                blend(state, e, 0, items);
            }
        }
        state = semantic(state, modality -> states(lists, GraphNames.userProfile(modality)));
        float[] h = collaborative(state, first(lists, GraphNames.USER_JACCARD));
        return h == null ? null : encode(h, false);
    }

    /**
     * Embeds a user that training saw, by the neighbors of today; without variance.
     *
     * @param state the user's state
     * @param peers neighbors in the graph {@link GraphNames#USER_JACCARD} whose states are known, nearest first
     */
    public Encoding user(float[] state, List<Peer> peers) {
        return encode(collaborative(state, first(graph -> peers, GraphNames.USER_JACCARD)), false);
    }

    private List<Peer> first(Function<String, List<Peer>> lists, String graph) {
        List<Peer> list = lists.apply(graph);
        return list.subList(0, Math.min(neighbors, list.size()));
    }

    private List<float[]> states(Function<String, List<Peer>> lists, String graph) {
        return first(lists, graph).stream().map(Peer::state).toList();
    }

    /**
     * What a node's own features say.
     *
     * @param features the vector of a modality, or null; one of another length counts as none
     */
    public State project(Function<String, float[]> features) {
        State state = new State(new float[width()], new boolean[experts.size()]);
        for (int e = 0; e < experts.size(); e++) {
            float[] vector = projections[e] == null ? null : features.apply(experts.get(e));
            if (vector != null && vector.length == projections[e].inputs()) {
                projections[e].apply(vector, 0, state.values, e * dimension);
                state.known[e] = true;
            }
        }
        return state;
    }

    /**
     * MSG (Eq. 2 and 3) for a node that training did not see. With n neighbors in the graph of a modality, all with the same number of neighbors, as
     * lists of k nearest ones have, each layer takes s = 1 / (n + 1) of the node itself and of each neighbor. Of a neighbor, the state is where the layers
     * have brought it; taken for all layers, after L of them the node is at
     *
     * <pre>s^L x + (1 − s^L) mean of the neighbors' states</pre>
     *
     * The expert {@link #ID} has no such graph, nor have the nodes' own tables anything of a new node: it gets the mean over the neighbors of all modalities.
     *
     * @param own what {@link #project} gave
     * @param lists states of a modality's neighbors; empty where there are none
     */
    public State semantic(State own, Function<String, List<float[]>> lists) {
        State result = new State(own.values.clone(), own.known.clone());
        List<float[]> all = new ArrayList<>();
        for (int e = 0; e < experts.size(); e++) {
            if (!experts.get(e).equals(ID)) {
                List<float[]> list = lists.apply(experts.get(e));
                all.addAll(list);
                double self = own.known[e] ? Math.pow(1.0 / (list.size() + 1), semanticLayers) : 0;
                blend(result, e, self, list);
            }
        }
        int id = experts.indexOf(ID);
        if (id >= 0) {
            blend(result, id, 0, all);
        }
        return result;
    }

    /** Block e becomes {@code self} of itself and the rest of the mean of its neighbors. */
    private void blend(State state, int e, double self, List<float[]> list) {
        if (list.isEmpty()) {
            return;
        }
        for (int k = e * dimension; k < (e + 1) * dimension; k++) {
            double sum = 0;
            for (float[] neighbor : list) {
                sum += neighbor[k];
            }
            state.values[k] = (float) (self * state.values[k] + (1 - self) * sum / list.size());
        }
        state.known[e] = true;
    }

    /**
     * CSG (Eq. 4 and 5), its last layer: the mean of a node's state, with the weight 1, and of its neighbors' states. A block of which nothing is known of the node
     * itself is the mean of its neighbors'.
     *
     * @return h^c, or null where nothing is known at all
     */
    public float[] collaborative(State own, List<Peer> peers) {
        double weight = 0;
        double[] sums = new double[width()];
        for (Peer peer : collaborative ? peers : List.<Peer>of()) {
            weight += peer.weight;
            for (int k = 0; k < sums.length; k++) {
                sums[k] += peer.weight * peer.state[k];
            }
        }
        float[] h = new float[sums.length];
        boolean any = weight > 0;
        for (int e = 0; e < experts.size(); e++) {
            double self = own.known[e] ? 1 : 0;
            any |= own.known[e];
            for (int k = e * dimension; k < (e + 1) * dimension && self + weight > 0; k++) {
                h[k] = (float) ((sums[k] + self * own.values[k]) / (self + weight));
            }
        }
        return any ? h : null;
    }

    /** {@link #collaborative(State, List)} of a node whose state is known. */
    public float[] collaborative(float[] state, List<Peer> peers) {
        boolean[] known = new boolean[experts.size()];
        Arrays.fill(known, true);
        return collaborative(new State(state, known), peers);
    }

    /** UPA without sampling (Eq. 6 and 8): heads, gate and fusion. */
    public Encoding encode(float[] h) {
        return encode(h, uncertain());
    }

    private Encoding encode(float[] h, boolean withVariance) {
        int m = experts.size();
        float[] hidden = new float[dimension];
        float[] mu = h.clone();
        if (means[0] != null) {
            for (int e = 0; e < m; e++) {
                means[e].apply(h, e * dimension, mu, e * dimension, hidden);
            }
            for (int k = 0; residual && k < mu.length; k++) {
                mu[k] += h[k];
            }
        }
        float[] weights = gate == null ? null : gate(h);
        float[] share = new float[m];
        Arrays.fill(share, concatenated ? 1 : 1f / m);
        float[] vector = fuse(mu, weights == null ? share : weights);
        float[] variance = null;
        if (withVariance) {
            float[] sigma = new float[mu.length];
            for (int e = 0; e < m; e++) {
                variances[e].apply(h, e * dimension, sigma, e * dimension, hidden);
            }
            for (int k = 0; k < sigma.length; k++) {
                sigma[k] = (float) Math.exp(sigma[k] + initialLogVariance);
            }
            float[] squares = weights == null ? share : weights.clone();
            for (int e = 0; e < m; e++) {
                squares[e] *= squares[e];
            }
            variance = fuse(sigma, squares);
        }
        if (cosine) {
            scaleToUnit(vector);
        }
        return new Encoding(
                vector, variance, weights == null && concatenated ? shares(vector, 0, m, dimension) : weights);
    }

    /** Eq. 8: softmax over the K largest logits. */
    private float[] gate(float[] h) {
        int m = experts.size();
        float[] logits = new float[m];
        gate.apply(h, 0, logits, 0);
        float[] sorted = logits.clone();
        Arrays.sort(sorted);
        float least = gateTopK > 0 && gateTopK < m ? sorted[m - gateTopK] : sorted[0];
        double sum = 0;
        double[] weights = new double[m];
        for (int e = 0; e < m; e++) {
            weights[e] = logits[e] < least ? 0 : Math.exp(logits[e] - sorted[m - 1]);
            sum += weights[e];
        }
        for (int e = 0; e < m; e++) {
            logits[e] = (float) (weights[e] / sum);
        }
        return logits;
    }

    private float[] fuse(float[] blocks, float[] weights) {
        float[] fused = new float[dimension()];
        for (int e = 0; e < experts.size(); e++) {
            for (int k = 0; k < dimension; k++) {
                fused[concatenated ? e * dimension + k : k] += weights[e] * blocks[e * dimension + k];
            }
        }
        return fused;
    }

    private static void scaleToUnit(float[] vector) {
        double sum = 0;
        for (float value : vector) {
            sum += (double) value * value;
        }
        for (int k = 0; k < vector.length && sum > 0; k++) {
            vector[k] /= (float) Math.sqrt(sum);
        }
    }

    /**
     * Of an embedding that is a concatenation, the share of its squared length that each block has; equal shares where it has none.
     *
     * @param from where it begins in {@code vectors}
     * @param blocks number of blocks
     * @param dimension length of a block
     */
    public static float[] shares(float[] vectors, int from, int blocks, int dimension) {
        double[] squares = new double[blocks];
        double all = 0;
        for (int at = 0; at < blocks * dimension; at++) {
            double square = (double) vectors[from + at] * vectors[from + at];
            squares[at / dimension] += square;
            all += square;
        }
        float[] shares = new float[blocks];
        for (int e = 0; e < blocks; e++) {
            shares[e] = (float) (all > 0 ? squares[e] / all : 1.0 / blocks);
        }
        return shares;
    }
}

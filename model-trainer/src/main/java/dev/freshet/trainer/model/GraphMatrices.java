package dev.freshet.trainer.model;

import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.tensor.Csr;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Matrices of the graphs that embeddings spread along. Node n of a matrix over all nodes is user n, then item n − users. */
public final class GraphMatrices {

    /** As in the reference code, so that a node without edges divides by no zero. */
    private static final double EPSILON = 1e-7;

    private GraphMatrices() {}

    /**
     * LightGCN's Â over all nodes: entry (a, b) is 1 / √(degree a · degree b) for each pair, both ways, without self-loops.
     *
     * @param train users × items
     */
    public static Csr userItem(Interactions train) {
        return userItem(train.userOfEach(), train.itemOfEach(), ones(train.size()), train.users(), train.items());
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Degrees are sums of weights; the values know of the weights through the degrees alone. */
    private static Csr userItem(int[] userOf, int[] itemOf, float[] weights, int users, int items) {
        int nodes = users + items;
        int[] offsets = new int[nodes + 1];
        for (int p = 0; p < userOf.length; p++) {
            offsets[userOf[p] + 1]++;
            offsets[users + itemOf[p] + 1]++;
        }
        double[] scale = degrees(userOf, itemOf, weights, users, items);
        for (int node = 0; node < nodes; node++) {
            scale[node] = 1 / Math.sqrt(scale[node] + EPSILON);
        }
        Arrays.parallelPrefix(offsets, Integer::sum);
        int[] indices = new int[offsets[nodes]];
        float[] values = new float[indices.length];
        int[] next = Arrays.copyOf(offsets, nodes);
        for (int p = 0; p < userOf.length; p++) {
            int user = userOf[p];
            int item = users + itemOf[p];
            float value = (float) (scale[user] * scale[item]);
            values[next[user]] = value;
            indices[next[user]++] = item;
            values[next[item]] = value;
            indices[next[item]++] = user;
        }
        return new Csr(nodes, offsets, indices, values);
    }

    /** The sum of the weights of each node's pairs. */
    private static double[] degrees(int[] userOf, int[] itemOf, float[] weights, int users, int items) {
        double[] degrees = new double[users + items];
        for (int p = 0; p < userOf.length; p++) {
            degrees[userOf[p]] += weights[p];
            degrees[users + itemOf[p]] += weights[p];
        }
        return degrees;
    }

    /**
     * Â of a part of the pairs, drawn without replacement with probability proportional to 1 / √(degree user · degree item)
     * (FREEDOM's degree-sensitive pruning), and normalized by the degrees that are left.
     *
     * @param share part of the pairs to keep, 0 to 1
     */
    public static Csr pruned(Interactions train, double share, SplittableRandom random) {
        return pruned(train, ones(train.size()), share, random);
    }

    /**
     * MCDRec's denoised graph (Sec. 3.5): as {@link #pruned(Interactions, double, SplittableRandom)}, where a degree is the sum of the
     * weights of a node's pairs. The weights are in the degrees alone, as in the authors' code.
     *
     * @param weights weight of each pair, by its position; above 0
     * @param share part of the pairs to keep, 0 to 1
     */
    public static Csr pruned(Interactions train, float[] weights, double share, SplittableRandom random) {
        int users = train.users();
        int[] userOf = train.userOfEach();
        int[] itemOf = train.itemOfEach();
        double[] degrees = degrees(userOf, itemOf, weights, users, train.items());
        int keep = (int) Math.floor(userOf.length * share);
        // Efraimidis and Spirakis: the largest r^(1/w) are a weighted sample; the smallest −ln(r)/w are the same ones.
        double[] keys = new double[userOf.length];
        for (int p = 0; p < keys.length; p++) {
            double inverseWeight = Math.sqrt(degrees[userOf[p]] * degrees[users + itemOf[p]]);
            keys[p] = -Math.log(1 - random.nextDouble()) * inverseWeight;
        }
        double[] sorted = keys.clone();
        Arrays.sort(sorted);
        double limit = keep == 0 ? Double.NEGATIVE_INFINITY : sorted[keep - 1];
        int[] keptUsers = new int[keep];
        int[] keptItems = new int[keep];
        float[] keptWeights = new float[keep];
        int kept = 0;
        for (int p = 0; p < keys.length && kept < keep; p++) {
            if (keys[p] <= limit) {
                keptUsers[kept] = userOf[p];
                keptItems[kept] = itemOf[p];
                keptWeights[kept++] = weights[p];
            }
        }
        return userItem(keptUsers, keptItems, keptWeights, users, train.items());
    }

    /** SPUMR, Eq. 2 and 3: 1 / √((neighbors of a + 1) (neighbors of b + 1)) for each neighbor b of a, and for a itself. */
    public static Csr semantic(NeighborGraph graph) {
        return withSelf(graph, (a, e) -> 1 / Math.sqrt((graph.degree(a) + 1.0) * (neighborDegree(graph, a, e) + 1.0)));
    }

    /** SPUMR, Eq. 4 and 5: the weight of the edge, 1 for the node itself, each row divided by its sum. */
    public static Csr collaborative(NeighborGraph graph) {
        Csr weighted = withSelf(graph, (a, e) -> e < 0 ? 1 : graph.weights()[e]);
        for (int row = 0; row < weighted.rows(); row++) {
            double sum = 0;
            for (int e = weighted.offsets()[row]; e < weighted.offsets()[row + 1]; e++) {
                sum += weighted.values()[e];
            }
            for (int e = weighted.offsets()[row]; e < weighted.offsets()[row + 1]; e++) {
                weighted.values()[e] /= (float) sum;
            }
        }
        return weighted;
    }

    /** FREEDOM's "1/k" graph: the mean of the node itself and its neighbors. */
    public static Csr average(NeighborGraph graph) {
        return withSelf(graph, (a, e) -> 1.0 / (graph.degree(a) + 1));
    }

    private interface EdgeWeight {
        /** Weight of edge e of node a; e below 0 is the edge to itself. */
        double of(int a, int e);
    }

    private static int neighborDegree(NeighborGraph graph, int a, int e) {
        return graph.degree(e < 0 ? a : graph.neighbors()[e]);
    }

    private static Csr withSelf(NeighborGraph graph, EdgeWeight weight) {
        int nodes = graph.nodes();
        int[] offsets = new int[nodes + 1];
        int[] indices = new int[graph.edges() + nodes];
        float[] values = new float[indices.length];
        int at = 0;
        for (int a = 0; a < nodes; a++) {
            indices[at] = a;
            values[at++] = (float) weight.of(a, -1);
            for (int e = graph.offsets()[a]; e < graph.offsets()[a + 1]; e++) {
                indices[at] = graph.neighbors()[e];
                values[at++] = (float) weight.of(a, e);
            }
            offsets[a + 1] = at;
        }
        return new Csr(nodes, offsets, indices, values);
    }

    /** The mean of matrices of one shape. */
    public static Csr mean(java.util.List<Csr> matrices) {
        return sum(matrices, java.util.Collections.nCopies(matrices.size(), 1.0 / matrices.size()));
    }

    /** The sum of matrices of one shape, each times a weight. Entries are put side by side, not added. */
    public static Csr sum(java.util.List<Csr> matrices, java.util.List<Double> weights) {
        int rows = matrices.get(0).rows();
        int entries = matrices.stream().mapToInt(Csr::entries).sum();
        int[] offsets = new int[rows + 1];
        int[] indices = new int[entries];
        float[] values = new float[entries];
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (int m = 0; m < matrices.size(); m++) {
                Csr matrix = matrices.get(m);
                for (int e = matrix.offsets()[row]; e < matrix.offsets()[row + 1]; e++) {
                    indices[at] = matrix.indices()[e];
                    values[at++] = (float) (matrix.values()[e] * weights.get(m));
                }
            }
            offsets[row + 1] = at;
        }
        return new Csr(matrices.get(0).columns(), offsets, indices, values);
    }

    /** The identity. */
    public static Csr identity(int nodes) {
        int[] offsets = java.util.stream.IntStream.rangeClosed(0, nodes).toArray();
        return new Csr(nodes, offsets, Arrays.copyOf(offsets, nodes), ones(nodes));
    }

    /** No edges. */
    public static Csr empty(int nodes) {
        return new Csr(nodes, new int[nodes + 1], new int[0], new float[0]);
    }

    /** One matrix over all nodes that acts on users by one matrix and on items by another. */
    public static Csr sides(Csr users, Csr items) {
        int rows = users.rows() + items.rows();
        int[] offsets = Arrays.copyOf(users.offsets(), rows + 1);
        int[] indices = Arrays.copyOf(users.indices(), users.entries() + items.entries());
        float[] values = Arrays.copyOf(users.values(), indices.length);
        for (int row = 0; row < items.rows(); row++) {
            offsets[users.rows() + row + 1] = users.entries() + items.offsets()[row + 1];
        }
        for (int e = 0; e < items.entries(); e++) {
            indices[users.entries() + e] = users.columns() + items.indices()[e];
            values[users.entries() + e] = items.values()[e];
        }
        return new Csr(users.columns() + items.columns(), offsets, indices, values);
    }
}

package dev.freshet.trainer.evaluation;

import dev.freshet.graph.knn.PackedRows;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.tensor.Selection;
import dev.freshet.trainer.tensor.Workers;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Ranks all items for each user by dot product, without the user's items of the mask, as the papers do: every item counts, none is
 * sampled; the mask is the training set, for valid and for test alike. Ties go to the smaller item. Product and selection are fused,
 * a group of users at a time.
 */
public final class FullRanking {

    /** Users whose products with a panel of items are computed while it is in the nearest cache. */
    private static final int GROUP = 4 * PackedRows.TILE;

    private FullRanking() {}

    /**
     * Metrics over the users that have a target and at least one training item.
     *
     * @param mask items that are not ranked: the training set
     * @param targets items to be found
     */
    public static Metrics evaluate(Embeddings embeddings, Interactions mask, Interactions targets, Workers workers) {
        return measure(embeddings, mask, targets, workers).metrics();
    }

    /** Like {@link #evaluate}, with each user's recall: those of two models on the same mask and targets are of the same users. */
    public static Measurement measure(Embeddings embeddings, Interactions mask, Interactions targets, Workers workers) {
        int[] users = IntStream.range(0, targets.users())
                .filter(user -> targets.degree(user) > 0 && mask.degree(user) > 0)
                .toArray();
        int[][] lists = rank(embeddings, mask, users, Metrics.MAX, workers);
        return measurement(users, lists, targets);
    }

    /** Metrics of the one list that is best without knowing the user: items by their number of training users. */
    public static Metrics popularity(Interactions mask, Interactions targets, Workers workers) {
        int[] degrees = mask.itemDegrees();
        float[] items = new float[degrees.length];
        for (int item = 0; item < items.length; item++) {
            items[item] = degrees[item];
        }
        float[] users = new float[mask.users()];
        Arrays.fill(users, 1);
        return evaluate(Embeddings.of(1, users, items), mask, targets, workers);
    }

    /**
     * The best items of each user, best first.
     *
     * @param users users to rank for
     * @param k length of a list
     * @return one list per user, shorter than k where there are no more items
     */
    public static int[][] rank(Embeddings embeddings, Interactions mask, int[] users, int k, Workers workers) {
        int dimension = embeddings.dimension();
        int items = embeddings.items().length / dimension;
        PackedRows packed = PackedRows.of(embeddings.items(), items, dimension);
        int[][] lists = new int[users.length][];
        AtomicInteger next = new AtomicInteger();
        workers.run(part -> {
            int stride = packed.panels() * PackedRows.PANEL;
            float[] scores = new float[GROUP * stride];
            int[] starts = new int[PackedRows.TILE];
            Selection best = new Selection(k, stride);
            int first = next.getAndAdd(GROUP);
            for (; first < users.length; first = next.getAndAdd(GROUP)) {
                int count = Math.min(GROUP, users.length - first);
                for (int panel = 0; panel < packed.panels(); panel++) {
                    for (int tile = 0; tile < count; tile += PackedRows.TILE) {
                        for (int t = 0; t < PackedRows.TILE; t++) {
                            starts[t] = users[first + Math.min(tile + t, count - 1)] * dimension;
                        }
                        packed.multiply(
                                embeddings.users(),
                                starts,
                                panel,
                                scores,
                                tile * stride + panel * PackedRows.PANEL,
                                stride);
                    }
                }
                for (int t = 0; t < count; t++) {
                    int at = t * stride;
                    Arrays.fill(scores, at + items, at + stride, Float.NEGATIVE_INFINITY);
                    int user = users[first + t];
                    for (int p = mask.start(user); p < mask.start(user + 1); p++) {
                        scores[at + mask.item(p)] = Float.NEGATIVE_INFINITY;
                    }
                    lists[first + t] = best.of(scores, at);
                }
            }
        });
        return lists;
    }

    private static Measurement measurement(int[] users, int[][] lists, Interactions targets) {
        Metrics.Sum sum = new Metrics.Sum();
        double[] recalls = new double[users.length];
        boolean[] hits = new boolean[Metrics.MAX];
        for (int u = 0; u < users.length; u++) {
            for (int rank = 0; rank < hits.length; rank++) {
                hits[rank] = rank < lists[u].length && targets.contains(users[u], lists[u][rank]);
            }
            sum.add(hits, targets.degree(users[u]));
            recalls[u] = Metrics.recall(hits, targets.degree(users[u]), Measurement.CUTOFF);
        }
        return new Measurement(sum.mean(), recalls);
    }
}

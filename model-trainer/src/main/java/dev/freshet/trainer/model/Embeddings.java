package dev.freshet.trainer.model;

import dev.freshet.trainer.tensor.Table;
import java.util.Arrays;
import java.util.List;

/**
 * What a model knows of users and items: the score of a pair is the dot product of its rows.
 *
 * @param dimension length of a row
 * @param users users × dimension, row after row
 * @param items items × dimension
 * @param userVariances variance of each number of {@code users}, or null from models without uncertainty
 * @param itemVariances the same of {@code items}
 * @param experts names of the experts that are weighed; empty from models without any
 * @param userWeights weight of each expert, users × experts, or null: of the gate, or of a concatenation without one the share of the
 *     squared length
 * @param itemWeights the same of items
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
public record Embeddings(
        int dimension,
        float[] users,
        float[] items,
        float[] userVariances,
        float[] itemVariances,
        List<String> experts,
        float[] userWeights,
        float[] itemWeights) {

    /** Embeddings without uncertainty. */
    public static Embeddings of(int dimension, float[] users, float[] items) {
        return new Embeddings(dimension, users, items, null, null, List.of(), null, null);
    }

    /** Embeddings without uncertainty from a table with one row per user, then one per item. */
    static Embeddings ofNodes(Table nodes, int users) {
        float[] all = nodes.toFloats();
        int start = users * nodes.columns();
        return of(nodes.columns(), Arrays.copyOf(all, start), Arrays.copyOfRange(all, start, all.length));
    }

    /** Whether every number is finite. */
    public boolean finite() {
        return finite(users) && finite(items) && finite(userVariances) && finite(itemVariances);
    }

    private static boolean finite(float[] values) {
        if (values != null) {
            for (float value : values) {
                if (!Float.isFinite(value)) {
                    return false;
                }
            }
        }
        return true;
    }
}

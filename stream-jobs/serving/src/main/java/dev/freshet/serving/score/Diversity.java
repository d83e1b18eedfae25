package dev.freshet.serving.score;

import dev.freshet.serving.score.RankFusion.Fused;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): of what is left, the next item is the one with the highest
 *
 * <pre>(1 − d) score + d (1 − max similarity to the items before)</pre>
 *
 * which becomes its score, and of equal ones the one that was ranked higher. That is the paper's figure with λ = 1 − d, plus d, so that it stays between 0 and 1;
 * it falls from item to item, since the greatest similarity can only grow. Similarity is the cosine of the items' vectors in one model, 0 where it is negative
 * or an item has none.
 */
final class Diversity {

    private final ItemVectors items;
    private final double d;

    /**
     * @param items the vectors of the model in force
     * @param d how much difference counts, 0 to 1
     */
    Diversity(ItemVectors items, double d) {
        this.items = items;
        this.d = d;
    }

    /**
     * Picks from candidates.
     *
     * @param candidates best first, with scores between 0 and 1
     * @param size how many are wanted
     */
    List<Fused> pick(List<Fused> candidates, int size) {
        int n = candidates.size();
        int[] rows =
                candidates.stream().mapToInt(each -> items.row(each.item())).toArray();
        double[] nearest = new double[n];
        boolean[] taken = new boolean[n];
        List<Fused> picked = new ArrayList<>();
        while (picked.size() < Math.min(size, n)) {
            int best = -1;
            double most = 0;
            for (int at = 0; at < n; at++) {
                double value = (1 - d) * candidates.get(at).score() + d * (1 - nearest[at]);
                if (!taken[at] && (best < 0 || value > most)) {
                    best = at;
                    most = value;
                }
            }
            taken[best] = true;
            picked.add(new Fused(
                    candidates.get(best).item(), most, candidates.get(best).parts()));
            int row = rows[best];
            if (row >= 0) {
                Arrays.setAll(
                        nearest,
                        at -> taken[at] || rows[at] < 0
                                ? nearest[at]
                                : Math.max(nearest[at], Math.min(1, items.cosine(row, rows[at]))));
            }
        }
        return picked;
    }
}

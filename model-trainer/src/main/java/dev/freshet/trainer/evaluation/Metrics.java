package dev.freshet.trainer.evaluation;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Ranking metrics averaged over users.
 *
 * @param values metrics by name: recall@K, precision@K, ndcg@K
 * @param users number of users averaged over
 */
public record Metrics(Map<String, Double> values, int users) {

    /** The cut-offs K. */
    public static final int[] CUTOFFS = {5, 10, 20, 50};

    /** Longest list that the metrics need. */
    public static final int MAX = 50;

    public Metrics {
        values = Collections.unmodifiableMap(new TreeMap<>(values));
    }

    /** A metric by name; 0 where no user was evaluated. */
    public double get(String name) {
        return values.getOrDefault(name, 0.0);
    }

    /** Adds up users. */
    static final class Sum {
        private final double[][] sums = new double[3][CUTOFFS.length];
        private int users;

        /**
         * Adds a user.
         *
         * @param hits whether the item at each rank is a target
         * @param targets number of the user's targets, at least 1
         */
        void add(boolean[] hits, int targets) {
            users++;
            for (int c = 0; c < CUTOFFS.length; c++) {
                int k = CUTOFFS[c];
                sums[0][c] += recall(hits, targets, k);
                sums[1][c] += precision(hits, k);
                sums[2][c] += ndcg(hits, targets, k);
            }
        }

        Metrics mean() {
            Map<String, Double> values = new TreeMap<>();
            String[] names = {"recall@", "precision@", "ndcg@"};
            for (int metric = 0; metric < names.length; metric++) {
                for (int c = 0; c < CUTOFFS.length; c++) {
                    values.put(names[metric] + CUTOFFS[c], users == 0 ? 0 : sums[metric][c] / users);
                }
            }
            return new Metrics(values, users);
        }
    }

    /** Hits among the first k, by the number of targets (not truncated to k). */
    public static double recall(boolean[] hits, int targets, int k) {
        return (double) count(hits, k) / targets;
    }

    /** Hits among the first k, by k. */
    public static double precision(boolean[] hits, int k) {
        return (double) count(hits, k) / k;
    }

    /** Discounted gain of the first k, by that of the best possible list. */
    public static double ndcg(boolean[] hits, int targets, int k) {
        double gain = 0;
        double ideal = 0;
        for (int rank = 0; rank < k; rank++) {
            double discount = 1 / (Math.log(rank + 2) / Math.log(2));
            gain += rank < hits.length && hits[rank] ? discount : 0;
            ideal += rank < targets ? discount : 0;
        }
        return gain / ideal;
    }

    private static int count(boolean[] hits, int k) {
        int count = 0;
        for (int rank = 0; rank < Math.min(k, hits.length); rank++) {
            count += hits[rank] ? 1 : 0;
        }
        return count;
    }
}

package dev.freshet.cli.replay;

/** What a prediction is worth: 1 at best, 0 where the item was not recommended. */
enum Metric {
    /** Whether the item was among the first ten. */
    HIT_RATE_10("hit_rate@10") {
        @Override
        double of(int rank) {
            return rank > 0 && rank <= 10 ? 1 : 0;
        }
    },
    /** Whether the item was recommended. */
    HIT_RATE("hit_rate@20") {
        @Override
        double of(int rank) {
            return rank > 0 ? 1 : 0;
        }
    },
    /** Reciprocal rank. */
    MRR("mrr") {
        @Override
        double of(int rank) {
            return rank > 0 ? 1.0 / rank : 0;
        }
    },
    /** Normalized discounted cumulative gain, of the one item that was taken. */
    NDCG("ndcg@20") {
        @Override
        double of(int rank) {
            return rank > 0 ? Math.log(2) / Math.log(rank + 1) : 0;
        }
    };

    /** Items of a list that count. */
    static final int AT = 20;

    private final String label;

    Metric(String label) {
        this.label = label;
    }

    /** The value at a rank from 1; 0 is none. */
    abstract double of(int rank);

    /** Its name: ndcg@20. */
    String label() {
        return label;
    }
}

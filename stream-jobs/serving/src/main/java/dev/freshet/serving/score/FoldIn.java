package dev.freshet.serving.score;

/** The refreshed embedding of a user: the trained one, folded with what the user did since. */
public final class FoldIn {

    /** How many interactions the trained vector counts as. */
    static final double TRAINED_WEIGHT = 5;

    /** Newest likes, and newest dislikes, that count. */
    public static final int MAX_ITEMS = 50;

    /** How a vector came about. */
    public enum Origin {
        /** The trained vector itself. */
        TRAINED,
        /** The trained vector, or what the model makes of the user by the neighbors of today, folded with newer interactions. */
        REFRESHED,
        /** What the model makes of a user whom training did not see, folded with the history. */
        INDUCTIVE,
        /** From the items of the history alone. */
        FOLDED_IN
    }

    /** A user's vector. */
    @SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
    public record Vector(float[] values, Origin origin) {}

    private FoldIn() {}

    /**
     * The rule. Let p be the vector to start from, the trained one or what an inductive model makes of the user, S the newest 50 likes since the model's cut that the model has vectors v of, D the newest 50
     * dislikes of other weights than 0 that it has vectors of, whenever they were (training knows of none), counted as m = min(|D|, max(1, |S|)), so that
     * old ones do not outvote what the user likes; n = |S| + m, and q = Σ w v/‖v‖ over S plus m/|D| times that over D, with w the weights:
     * negative ones for D, and 1 for all of S where those of S sum to 0. The refreshed vector is
     *
     * <pre>(5 p + n ‖p‖ q/‖q‖) / (5 + n)</pre>
     *
     * brought to the length ‖p‖, and p itself where n or q is 0. So a dislike turns the vector away from the item (Rocchio's relevance
     * feedback, 1971). A user without a vector to start from gets q/‖q‖ over the whole history, as long as the mean trained user, unless there is no like
     * in it: what someone does not want says little of what they do. Items that the user took back count no more; in p they do, until the next
     * training.
     *
     * @param start the vector to start from; null for a user without one. Of all but an {@link Origin#INDUCTIVE} one the model has seen what was
     *     before its cut
     * @param taste what the user likes and dislikes
     * @return the vector, or null where there is neither a start nor a liked item with a vector
     */
    public static Vector refresh(Model model, Vector start, Taste taste) {
        float[] p = start == null ? null : start.values;
        boolean all = start == null || start.origin == Origin.INDUCTIVE;
        int dimension = model.release().getDimension();
        ItemVectors items = model.vectors();
        Sum likes = new Sum(dimension);
        for (HistoryItem like : taste.likes()) {
            if (all || model.cut().precedes(like.stamp())) {
                likes.add(items, like);
            }
        }
        Sum dislikes = new Sum(dimension);
        for (HistoryItem dislike : taste.dislikes()) {
            if (dislike.weight() < 0) {
                dislikes.add(items, dislike);
            }
        }
        if (p == null && likes.n == 0) {
            return null;
        }
        double[] q = norm(likes.weighted) > 0 ? likes.weighted : likes.plain;
        int counted = Math.min(dislikes.n, Math.max(1, likes.n));
        for (int d = 0; counted > 0 && d < dimension; d++) {
            q[d] += dislikes.weighted[d] * counted / dislikes.n;
        }
        int n = likes.n + counted;
        double qLength = norm(q);
        if (n == 0 || !(qLength > 0) || Double.isInfinite(qLength)) {
            return start;
        }
        if (p == null) {
            return new Vector(scaled(q, model.meanUserNorm() / qLength), Origin.FOLDED_IN);
        }
        double pLength = norm(p);
        double[] sum = new double[dimension];
        for (int d = 0; d < dimension; d++) {
            sum[d] = TRAINED_WEIGHT * p[d] + n * pLength * q[d] / qLength;
        }
        double length = norm(sum);
        Origin origin = start.origin == Origin.TRAINED ? Origin.REFRESHED : start.origin;
        return length > 0 ? new Vector(scaled(sum, pLength / length), origin) : start;
    }

    /** The sum of the directions of the first {@value #MAX_ITEMS} items that have one. */
    private static final class Sum {

        private final double[] weighted;
        private final double[] plain;
        private int n;

        Sum(int dimension) {
            this.weighted = new double[dimension];
            this.plain = new double[dimension];
        }

        void add(ItemVectors items, HistoryItem entry) {
            int row = n == MAX_ITEMS ? -1 : items.row(entry.item());
            if (row < 0) {
                return;
            }
            float[] v = items.vector(row);
            double length = norm(v);
            if (length == 0) {
                return;
            }
            for (int d = 0; d < v.length; d++) {
                plain[d] += v[d] / length;
                weighted[d] += entry.weight() * v[d] / length;
            }
            n++;
        }
    }

    private static float[] scaled(double[] vector, double factor) {
        float[] out = new float[vector.length];
        for (int d = 0; d < out.length; d++) {
            out[d] = (float) (vector[d] * factor);
        }
        return out;
    }

    private static double norm(double[] vector) {
        double sum = 0;
        for (double value : vector) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }

    /** Euclidean length. */
    public static double norm(float[] vector) {
        double sum = 0;
        for (float value : vector) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }
}

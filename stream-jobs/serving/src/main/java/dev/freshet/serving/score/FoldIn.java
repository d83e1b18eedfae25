package dev.freshet.serving.score;

import java.util.List;

/** The refreshed embedding of a user: the trained one, folded with what the user did since. */
public final class FoldIn {

    /** How many interactions the trained vector counts as. */
    static final double TRAINED_WEIGHT = 5;

    /** Newest items of a history that count. */
    static final int MAX_ITEMS = 50;

    /** How a vector came about. */
    public enum Origin {
        /** The trained vector itself. */
        TRAINED,
        /** The trained vector, folded with newer interactions. */
        REFRESHED,
        /** From the items of the history alone. */
        FOLDED_IN
    }

    /** A user's vector. */
    public record Vector(float[] values, Origin origin) {}

    private FoldIn() {}

    /**
     * The rule. Let p be the user's trained vector, S the newest 50 live items of the history since the model's cut that the
     * model has vectors v of, n = |S|, and q = Σ w v/‖v‖ over S with w the weights of the actions (all 1 where they sum to 0).
     * The refreshed vector is
     *
     * <pre>(5 p + n ‖p‖ q/‖q‖) / (5 + n)</pre>
     *
     * brought to the length ‖p‖, and p itself where n is 0. A user without a trained vector gets q/‖q‖ over the whole history, as
     * long as the mean trained user. Items that the user took back count no more; in p they do, until the next training.
     *
     * @param user id of the user
     * @param trained whether the trained vector may be used (not after an erasure that the model has not seen)
     * @param history live items, newest first
     * @return the vector, or null where neither a trained vector nor an item of the history with one exists
     */
    public static Vector refresh(Model model, String user, boolean trained, List<HistoryItem> history) {
        float[] p = trained ? model.user(user) : null;
        int dimension = model.release().getDimension();
        double[] weighted = new double[dimension];
        double[] plain = new double[dimension];
        int n = 0;
        for (HistoryItem entry : history) {
            if (n == MAX_ITEMS) {
                break;
            }
            int row = model.items().row(entry.item());
            if (row < 0 || (p != null && !model.cut().precedes(entry.stamp()))) {
                continue;
            }
            float[] v = model.items().vector(row);
            double length = norm(v);
            if (length == 0) {
                continue;
            }
            for (int d = 0; d < dimension; d++) {
                plain[d] += v[d] / length;
                weighted[d] += entry.weight() * v[d] / length;
            }
            n++;
        }
        double[] q = norm(weighted) > 0 ? weighted : plain;
        double qLength = norm(q);
        if (n == 0 || !(qLength > 0) || Double.isInfinite(qLength)) {
            return p == null ? null : new Vector(p, Origin.TRAINED);
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
        return length > 0 ? new Vector(scaled(sum, pLength / length), Origin.REFRESHED) : new Vector(p, Origin.TRAINED);
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

package dev.freshet.trainer.evaluation;

/**
 * Metrics, and Recall@{@value #CUTOFF} of each user: what a comparison of two models needs.
 *
 * @param metrics means over the users
 * @param recalls of each user in [0, 1], in the order of their rows
 */
@SuppressWarnings("ArrayRecordComponent") // a value per user, for arithmetic
public record Measurement(Metrics metrics, double[] recalls) {

    /** Length of the lists that {@link #recalls} looks at. */
    public static final int CUTOFF = 20;
}

package dev.freshet.trainer.data;

/**
 * Triples of a training step.
 *
 * @param users users
 * @param positives an item of each user
 * @param negatives an item that each user does not have
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
public record Batch(int[] users, int[] positives, int[] negatives) {

    /** Number of triples. */
    public int size() {
        return users.length;
    }
}

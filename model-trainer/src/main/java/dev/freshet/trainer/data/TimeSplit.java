package dev.freshet.trainer.data;

/** A split by time over all users: the first 80 % of the rows are trained on, the next 10 % validate, the last 10 % test. */
public final class TimeSplit {

    private static final double TRAIN = .8;
    private static final double VALID = .9;

    private TimeSplit() {}

    /**
     * The part of each row: train (0), valid (1) or test (2).
     *
     * @param rowsByTime the rows, the oldest first
     */
    public static int[] parts(int[] rowsByTime) {
        int[] parts = new int[rowsByTime.length];
        for (int rank = 0; rank < rowsByTime.length; rank++) {
            double share = (double) rank / rowsByTime.length;
            parts[rowsByTime[rank]] = share < TRAIN ? 0 : share < VALID ? 1 : 2;
        }
        return parts;
    }
}

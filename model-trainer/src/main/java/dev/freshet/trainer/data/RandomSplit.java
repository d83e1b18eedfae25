package dev.freshet.trainer.data;

import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** MMRec's random split of each user's rows into train (0), valid (1) and test (2), for data without a published one. */
public final class RandomSplit {

    private RandomSplit() {}

    /**
     * How many of a user's n rows go to train, valid and test: one each to valid and test below ten rows, else a fifth of all,
     * halved. A user with fewer than three rows is trained on only.
     */
    public static int[] sizes(int n) {
        if (n < 3) {
            return new int[] {n, 0, 0};
        }
        if (n < 10) {
            return new int[] {n - 2, 1, 1};
        }
        int held = n / 5;
        return new int[] {n - held, held / 2, held - held / 2};
    }

    /**
     * The part of each row.
     *
     * @param userOf user of each row
     */
    public static int[] parts(int[] userOf, int users, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] rows = IntStream.range(0, userOf.length).toArray();
        for (int last = rows.length - 1; last > 0; last--) {
            int other = random.nextInt(last + 1);
            int swap = rows[last];
            rows[last] = rows[other];
            rows[other] = swap;
        }
        int[] counts = new int[users];
        for (int user : userOf) {
            counts[user]++;
        }
        int[] seen = new int[users];
        int[] parts = new int[userOf.length];
        for (int row : rows) {
            int user = userOf[row];
            int[] sizes = sizes(counts[user]);
            int rank = seen[user]++;
            parts[row] = rank < sizes[0] ? 0 : rank < sizes[0] + sizes[1] ? 1 : 2;
        }
        return parts;
    }
}

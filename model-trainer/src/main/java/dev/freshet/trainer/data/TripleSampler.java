package dev.freshet.trainer.data;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Batches of an epoch as MMRec draws them: all pairs in a new random order, the last batch shorter, and for each pair one
 * negative, uniform over the items that occur in training, redrawn while the user has it.
 */
public final class TripleSampler {

    /** A user who has nearly everything cannot hold up training. */
    private static final int MAX_DRAWS = 100;

    private final Interactions train;
    private final int[] userOf;
    private final int[] itemOf;
    private final int[] candidates;

    public TripleSampler(Interactions train) {
        this.train = train;
        this.userOf = train.userOfEach();
        this.itemOf = train.itemOfEach();
        int[] degrees = train.itemDegrees();
        this.candidates = IntStream.range(0, train.items())
                .filter(item -> degrees[item] > 0)
                .toArray();
    }

    /** Number of batches of an epoch. */
    public int batches(int size) {
        return (userOf.length + size - 1) / size;
    }

    /** The batches of one epoch, drawn as they are asked for. */
    public Iterator<Batch> epoch(int size, SplittableRandom random) {
        int[] order = IntStream.range(0, userOf.length).toArray();
        for (int last = order.length - 1; last > 0; last--) {
            int other = random.nextInt(last + 1);
            int swap = order[last];
            order[last] = order[other];
            order[other] = swap;
        }
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < order.length;
            }

            @Override
            public Batch next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int count = Math.min(size, order.length - next);
                Batch batch = new Batch(new int[count], new int[count], new int[count]);
                for (int b = 0; b < count; b++, next++) {
                    int pair = order[next];
                    batch.users()[b] = userOf[pair];
                    batch.positives()[b] = itemOf[pair];
                    batch.negatives()[b] = negative(userOf[pair], random);
                }
                return batch;
            }
        };
    }

    private int negative(int user, SplittableRandom random) {
        int item = candidates[random.nextInt(candidates.length)];
        for (int draw = 1; draw < MAX_DRAWS && train.contains(user, item); draw++) {
            item = candidates[random.nextInt(candidates.length)];
        }
        return item;
    }
}

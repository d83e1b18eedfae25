package dev.freshet.trainer.bench;

import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.tensor.Workers;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Full ranking as the evaluation does it: all items for every user, without those of the training set, the best
 * {@link Metrics#MAX}.
 *
 * @param seconds median
 */
record RankingTiming(double seconds) {

    private static final int DIMENSION = 64;
    private static final int WARM_UP = 5;
    private static final int RUNS = 11;

    static RankingTiming of(Interactions train, Workers workers) {
        SplittableRandom random = new SplittableRandom(1);
        Embeddings embeddings = Embeddings.of(
                DIMENSION, gaussian(train.users() * DIMENSION, random), gaussian(train.items() * DIMENSION, random));
        int[] users = IntStream.range(0, train.users()).toArray();
        double[] seconds = new double[RUNS];
        for (int run = -WARM_UP; run < RUNS; run++) {
            long started = System.nanoTime();
            FullRanking.rank(embeddings, train, users, Metrics.MAX, workers);
            if (run >= 0) {
                seconds[run] = (System.nanoTime() - started) * 1e-9;
            }
        }
        return new RankingTiming(ModelTiming.median(seconds));
    }

    private static float[] gaussian(int count, SplittableRandom random) {
        float[] values = new float[count];
        for (int at = 0; at < count; at++) {
            values[at] = (float) random.nextGaussian();
        }
        return values;
    }
}

package dev.freshet.trainer.model;

import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.data.TripleSampler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Made-up data: users and items of a few groups, who mostly take to their own; features tell the groups apart. */
final class PlantedData {

    static final int GROUPS = 3;

    private PlantedData() {}

    static int group(int node) {
        return node % GROUPS;
    }

    /**
     * Data with two modalities, image and text.
     *
     * @param fresh items at the end without interactions
     * @param each items per user
     */
    static TrainingData of(int users, int items, int fresh, int each, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<int[]> pairs = new ArrayList<>();
        for (int user = 0; user < users; user++) {
            for (int n = 0; n < each; n++) {
                int item = random.nextInt(items - fresh);
                while (random.nextDouble() < .9 && group(item) != group(user)) {
                    item = random.nextInt(items - fresh);
                }
                pairs.add(new int[] {user, item});
            }
        }
        Interactions train = Interactions.of(
                pairs.stream().mapToInt(pair -> pair[0]).toArray(),
                pairs.stream().mapToInt(pair -> pair[1]).toArray(),
                users,
                items);
        return new TrainingData(
                train, Map.of("image", features(items, 6, random), "text", features(items, 5, random)), Map.of(), 1);
    }

    private static Features features(int items, int dimension, SplittableRandom random) {
        float[] values = new float[items * dimension];
        for (int item = 0; item < items; item++) {
            for (int d = 0; d < dimension; d++) {
                values[item * dimension + d] = (float) ((d == group(item) ? 1 : 0) + .2 * random.nextGaussian());
            }
        }
        return Features.of(dimension, values);
    }

    static Batch batch(TrainingData data, int size, long seed) {
        return new TripleSampler(data.train())
                .epoch(size, new SplittableRandom(seed))
                .next();
    }
}

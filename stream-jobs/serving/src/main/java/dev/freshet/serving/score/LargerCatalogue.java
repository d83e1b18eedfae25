package dev.freshet.serving.score;

import dev.freshet.dataset.FloatMatrix;
import dev.freshet.graph.TopK;
import dev.freshet.graph.knn.Workers;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes catalogues of any size from the item vectors of a trained model, so that their spectrum, lengths and neighborhoods stay about what they are: a new
 * item lies anywhere between one and one of its ten nearest, plus normal noise with the covariance of all items at a fifth of their deviation, and is as
 * long as the two are there. What a catalogue of that size would have of new directions it has not.
 */
final class LargerCatalogue {

    private static final int NEIGHBORS = 10;
    private static final double NOISE = .2;

    /** A noise vector takes work by the number of items: it is the sum of two out of so many. */
    private static final int DRAWN = 2000;

    private final FloatMatrix items;
    private final int[][] neighbors;
    private final float[][] noise;
    private final Random random;

    LargerCatalogue(FloatMatrix items, Random random) {
        this.items = items;
        this.random = random;
        this.neighbors = neighbors(items);
        this.noise = noise(items, random);
    }

    /** {@code size} vectors, the real ones first; without new ones a choice at random. */
    float[][] vectors(int size) {
        float[][] vectors = new float[size][];
        int[] real = random.ints(0, items.rows())
                .distinct()
                .limit(Math.min(size, items.rows()))
                .toArray();
        for (int item = 0; item < size; item++) {
            vectors[item] = item < real.length ? items.row(real[item]) : between();
        }
        return vectors;
    }

    private float[] between() {
        int from = random.nextInt(items.rows());
        float[] a = items.row(from);
        float[] b = items.row(neighbors[from][random.nextInt(neighbors[from].length)]);
        float[] c = noise[random.nextInt(DRAWN)];
        float[] d = noise[random.nextInt(DRAWN)];
        float t = random.nextFloat();
        float[] vector = new float[a.length];
        for (int k = 0; k < vector.length; k++) {
            vector[k] = (1 - t) * a[k] + t * b[k] + c[k] + d[k];
        }
        double length = FoldIn.norm(vector);
        double wanted = (1 - t) * FoldIn.norm(a) + t * FoldIn.norm(b);
        for (int k = 0; length > 0 && k < vector.length; k++) {
            vector[k] *= (float) (wanted / length);
        }
        return vector;
    }

    private static int[][] neighbors(FloatMatrix items) {
        int[][] neighbors = new int[items.rows()][];
        AtomicInteger next = new AtomicInteger();
        Workers.run(Runtime.getRuntime().availableProcessors(), "finding neighbors", thread -> {
            for (int item = next.getAndIncrement(); item < neighbors.length; item = next.getAndIncrement()) {
                TopK nearest = new TopK(NEIGHBORS, Integer::compare);
                for (int other = 0; other < neighbors.length; other++) {
                    if (other != item) {
                        nearest.offer(-distance(items, item, other), other);
                    }
                }
                nearest.sort();
                int[] ids = new int[nearest.size()];
                Arrays.setAll(ids, nearest::id);
                neighbors[item] = ids;
            }
        });
        return neighbors;
    }

    private static double distance(FloatMatrix items, int a, int b) {
        double square = 0;
        for (int k = 0; k < items.columns(); k++) {
            float apart = items.get(a, k) - items.get(b, k);
            square += apart * apart;
        }
        return square;
    }

    /** Normal with half of the noise's covariance: sums of the items, less their mean, with normal factors. */
    private static float[][] noise(FloatMatrix items, Random random) {
        int n = items.rows();
        double[] mean = new double[items.columns()];
        for (int item = 0; item < n; item++) {
            for (int k = 0; k < mean.length; k++) {
                mean[k] += items.get(item, k) / (double) n;
            }
        }
        double scale = NOISE / Math.sqrt(2.0 * n);
        float[][] noise = new float[DRAWN][mean.length];
        for (float[] vector : noise) {
            for (int item = 0; item < n; item++) {
                double factor = scale * random.nextGaussian();
                for (int k = 0; k < mean.length; k++) {
                    vector[k] += (float) (factor * (items.get(item, k) - mean[k]));
                }
            }
        }
        return noise;
    }
}

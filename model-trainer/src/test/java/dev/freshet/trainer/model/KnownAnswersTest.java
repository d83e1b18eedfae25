package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.freshet.graph.GraphNames;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Table;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Values worked out by hand from the papers' formulas. */
class KnownAnswersTest {

    private static final org.assertj.core.data.Offset<Float> CLOSE = within(2e-6f);

    /** Items (1, 0), (.8, .6), (0, 1), (−.6, .8). */
    private static final Features IMAGE = Features.of(2, new float[] {1, 0, .8f, .6f, 0, 1, -.6f, .8f});

    private static final Features TEXT = Features.of(2, new float[] {1, 0, .6f, .8f, .8f, .6f, 0, 1});

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    private static TrainingData data(Interactions train) {
        return new TrainingData(train, Map.of("image", IMAGE, "text", TEXT), Map.of(), 1);
    }

    private static Interactions pairs(int users, int items, int... userThenItem) {
        int[] userOf = new int[userThenItem.length / 2];
        int[] itemOf = new int[userOf.length];
        for (int p = 0; p < userOf.length; p++) {
            userOf[p] = userThenItem[2 * p];
            itemOf[p] = userThenItem[2 * p + 1];
        }
        return Interactions.of(userOf, itemOf, users, items);
    }

    private static float value(Csr matrix, int row, int column) {
        float sum = 0;
        for (int e = matrix.offsets()[row]; e < matrix.offsets()[row + 1]; e++) {
            sum += matrix.indices()[e] == column ? matrix.values()[e] : 0;
        }
        return sum;
    }

    @Test
    void freedomAveragesTheItemAndItsNearest() {
        Csr graph = GraphMatrices.average(data(pairs(1, 4, 0, 0)).itemContent("image", 1));
        int[][] rows = {{0, 1}, {1, 0}, {2, 3}, {3, 2}};
        for (int row = 0; row < rows.length; row++) {
            assertThat(graph.offsets()[row + 1] - graph.offsets()[row]).isEqualTo(2);
            assertThat(value(graph, row, rows[row][0])).isEqualTo(.5f);
            assertThat(value(graph, row, rows[row][1])).isEqualTo(.5f);
        }
    }

    @Test
    void contentGraphWeighsTheModalities() {
        // By text the nearest of 0 is 2 (.8), of 1 is 2 (.96), of 2 is 1, of 3 is 1 (.8).
        Csr graph = ContentGraph.of(data(pairs(1, 4, 0, 0)), 2, .1);
        assertThat(value(graph, 0, 0)).isEqualTo(.5f, CLOSE);
        assertThat(value(graph, 0, 1)).isEqualTo(.05f, CLOSE);
        assertThat(value(graph, 0, 2)).isEqualTo(.45f, CLOSE);
        assertThat(value(graph, 3, 2)).isEqualTo(.05f, CLOSE);
        assertThat(value(graph, 3, 1)).isEqualTo(.45f, CLOSE);
    }

    @Test
    void behaviorGraphIsThresholdedAndIgnoresTheCounts() {
        // 0 and 1 have three users in common, 1 and 2 two, 0 and 2 one, 3 and 0 one.
        Interactions train = pairs(5, 4, 0, 0, 0, 1, 1, 0, 1, 1, 2, 0, 2, 1, 2, 2, 3, 1, 3, 2, 4, 0, 4, 3);
        NeighborGraph kept = data(train).itemCooccurrence(2, 2);
        assertThat(kept.neighbors()).containsExactly(1, 0, 2, 1);
        assertThat(kept.offsets()).containsExactly(0, 1, 3, 4, 4);
        Csr graph = GraphMatrices.semantic(kept);
        assertThat(value(graph, 0, 0)).isEqualTo(.5f, CLOSE);
        assertThat(value(graph, 1, 1)).isEqualTo(.333333f, CLOSE);
        assertThat(value(graph, 2, 2)).isEqualTo(.5f, CLOSE);
        assertThat(value(graph, 3, 3)).isEqualTo(1f, CLOSE);
        for (int[] edge : new int[][] {{0, 1}, {1, 0}, {1, 2}, {2, 1}}) {
            assertThat(value(graph, edge[0], edge[1])).isEqualTo(.408248f, CLOSE);
        }
        assertThat(graph.entries()).isEqualTo(8);
    }

    @Test
    void denoisedGraphsKeepWhatAllModalitiesFindAlike() {
        // Means .45 and .72: of the pairs of different items, (1, 2) alone is alike by image and by text.
        Map<String, NeighborGraph> graphs = DenoisedGraphs.of(data(pairs(1, 4, 0, 0)), 10);
        assertThat(graphs).containsOnlyKeys("image", "text");
        for (NeighborGraph graph : graphs.values()) {
            assertThat(graph.offsets()).containsExactly(0, 0, 1, 2, 2);
            assertThat(graph.neighbors()).containsExactly(2, 1);
        }
    }

    @Test
    void publishedGraphsAreThinnedByTheOtherModalities() {
        NeighborGraph published = new NeighborGraph(
                new int[] {0, 1, 3, 4, 5}, new int[] {1, 0, 2, 1, 2}, new double[] {.8, .8, .6, .6, .8});
        TrainingData data = new TrainingData(
                pairs(1, 4, 0, 0),
                Map.of("image", IMAGE, "text", TEXT),
                Map.of(TrainingData.publishedGraph("image"), published),
                1);
        NeighborGraph graph = DenoisedGraphs.of(data, 10).get("image");
        assertThat(graph.offsets()).containsExactly(0, 0, 1, 2, 2);
        assertThat(graph.neighbors()).containsExactly(2, 1);
    }

    @Test
    void denoisedGraphsThatAreGivenAreTaken() {
        NeighborGraph given =
                new NeighborGraph(new int[] {0, 2, 3, 3, 3}, new int[] {3, 1, 0}, new double[] {.5, .4, .4});
        TrainingData data = new TrainingData(
                pairs(1, 4, 0, 0),
                Map.of("image", IMAGE, "text", TEXT),
                Map.of(GraphNames.itemDenoised("image"), given),
                1);
        Map<String, NeighborGraph> graphs = DenoisedGraphs.of(data, 2);
        assertThat(graphs.get("image").offsets()).containsExactly(0, 1, 2, 2, 2);
        assertThat(graphs.get("image").neighbors()).containsExactly(3, 0);
        assertThat(graphs.get("text").neighbors()).containsExactly(2, 1);
    }

    private NDArray matrix(int rows, float... values) {
        return manager.create(values, new Shape(rows, values.length / rows));
    }

    private static final Denoising.Exponents EXPONENTS = new Denoising.Exponents(1, 2, 1);

    private static final float[][] RANDOM = {{.1f, .3f}, {-.2f, 0}, {.05f, -.1f}};

    @Test
    void denoisingWeights() {
        float[][] wanted = {{.9f, -.5f}, {.4f, -.2f}, {.2f, -.9f}};
        Denoising.Weights weights = Denoising.weights(wanted, RANDOM, EXPONENTS);
        assertThat(weights.positive()).containsExactly(new float[] {.611421f, .367437f}, CLOSE);
        assertThat(weights.negative()).containsExactly(0, 0);
        assertThat(Denoising.denoisedBpr(manager.create(new float[] {.7f, -.3f}), weights)
                        .getFloat())
                .isEqualTo(.280219f, CLOSE);
    }

    @Test
    void denoisingTurnsAPairWhoseViewsDisagree() {
        float[][] torn = {{-.5f, .1f}, {.6f, .1f}, {-2, .1f}};
        assertThat(Denoising.weights(torn, RANDOM, EXPONENTS).negative()[0]).isEqualTo(.139472f, CLOSE);
        assertThat(Denoising.weights(torn, RANDOM, new Denoising.Exponents(1, 2, 2))
                        .negative()[0])
                .isEqualTo(.139472f * .139472f, CLOSE);
    }

    /** Views that say nothing give a half, and what is left of it is the loss that the authors' log begins with: .2527 a batch with AI. */
    @Test
    void theFirstLossIsThatOfTheAuthorsLog() {
        float[][] nothing = {{0}, {0}, {0}};
        Denoising.Weights weights = Denoising.weights(nothing, nothing, new Denoising.Exponents(1.5, 1.5, 1));
        assertThat(Denoising.denoisedBpr(manager.create(new float[] {0}), weights)
                        .getFloat())
                .isEqualTo((float) (Math.pow(.5, 1.5) * Math.log(2)), CLOSE);
    }

    @Test
    void denoisedBprIsStableWhereTheReferenceUnderflows() {
        Denoising.Weights weights = new Denoising.Weights(new float[] {1, 1}, new float[] {0, 0});
        assertThat(Denoising.denoisedBpr(manager.create(new float[] {-200, 200}), weights)
                        .getFloat())
                .isEqualTo(100f, within(1e-3f));
    }

    @Test
    void symmetricBernoulliKl() {
        float x = (float) Math.log(.6 / .4);
        assertThat(Denoising.bernoulliKl(manager.create(new float[] {x}), manager.create(new float[] {0}))
                        .getFloat())
                .isEqualTo(.040547f, CLOSE);
        assertThat(Denoising.bernoulliKl(manager.create(new float[] {300}), manager.create(new float[] {-300}))
                        .getFloat())
                .isEqualTo(600f, within(1e-3f));
    }

    @Test
    void zeroRowHasNoDirectionAndNoGradient() {
        NDArray rows = Autograd.leaf(matrix(2, 3, 4, 0, 0));
        Autograd.backward(() -> Denoising.directions(rows).square().mul(rows).sum());
        assertThat(Denoising.directions(rows).toFloatArray()).containsExactly(new float[] {.6f, .8f, 0, 0}, CLOSE);
        float[] gradient = rows.getGradient().toFloatArray();
        assertThat(gradient[2]).isZero();
        assertThat(gradient[3]).isZero();
        assertThat(gradient[0]).isNotZero();
    }

    @Test
    void alignmentIsTheSumOverItsParts() {
        NDArray a = matrix(5, 1, 0, .9f, .3f, 0, 1, -.4f, .7f, -1, .2f);
        NDArray b = matrix(5, .8f, .1f, 1, 0, .2f, 1, 0, .9f, -.7f, .5f);
        NDArray anchors = manager.create(new long[] {0, 3});
        float expected = 0;
        double[][][] views = {
            {{1, 0}, {.9, .3}, {0, 1}, {-.4, .7}, {-1, .2}}, {{.8, .1}, {1, 0}, {.2, 1}, {0, .9}, {-.7, .5}}
        };
        for (int anchor : new int[] {0, 3}) {
            expected += (float) alignment(views, anchor, 2, .2);
        }
        assertThat(Denoising.alignment(List.of(a, b), anchors, 2, .2, Denoising.Positives.BOTH)
                        .getFloat())
                .isEqualTo(expected, within(1e-4f));
        float multi = Denoising.alignment(List.of(a, b), anchors, 2, .2, Denoising.Positives.MULTI)
                .getFloat();
        float single = Denoising.alignment(List.of(a, b), anchors, 2, .2, Denoising.Positives.SINGLE)
                .getFloat();
        assertThat(multi + single).isEqualTo(expected, within(1e-4f));
    }

    /** The formula of AI, term by term. */
    private static double alignment(double[][][] views, int anchor, int k, double temperature) {
        int items = views[0].length;
        double[][] cosine = new double[views.length][items];
        double[][] share = new double[views.length][items];
        for (int m = 0; m < views.length; m++) {
            double sum = 0;
            for (int j = 0; j < items; j++) {
                double[] x = views[m][anchor];
                double[] y = views[m][j];
                cosine[m][j] = (x[0] * y[0] + x[1] * y[1]) / Math.hypot(x[0], x[1]) / Math.hypot(y[0], y[1]);
                share[m][j] = Math.exp(cosine[m][j]);
                sum += share[m][j];
            }
            for (int j = 0; j < items; j++) {
                share[m][j] /= sum;
            }
        }
        double total = 0;
        for (int m = 0; m < views.length; m++) {
            double[] agreed = new double[items];
            for (int j = 0; j < items; j++) {
                for (int other = 0; other < views.length; other++) {
                    agreed[j] += (other == m ? 2 : 1) * share[other][j];
                }
            }
            boolean[] multi = top(agreed, k);
            double[] rest = new double[items];
            for (int j = 0; j < items; j++) {
                rest[j] = multi[j] ? 0 : share[m][j];
            }
            boolean[] single = top(rest, k);
            double all = 0;
            double near = 0;
            double lone = 0;
            for (int j = 0; j < items; j++) {
                double e = Math.exp(cosine[m][j] / temperature);
                all += e;
                near += multi[j] ? e : 0;
                lone += single[j] ? e : 0;
            }
            total -= Math.log(near / all + 1e-9) + Math.log(lone / (all - near) + 1e-9);
        }
        return total / views.length;
    }

    private static boolean[] top(double[] values, int k) {
        boolean[] taken = new boolean[values.length];
        for (int n = 0; n < k; n++) {
            int best = -1;
            for (int j = 0; j < values.length; j++) {
                if (!taken[j] && (best < 0 || values[j] > values[best])) {
                    best = j;
                }
            }
            taken[best] = true;
        }
        return taken;
    }

    @Test
    void dragonSumsTheLayers() {
        Interactions train = pairs(2, 3, 0, 0, 0, 1, 1, 1, 1, 2);
        float[] in = {1, 0, 0, 1, 1, 1, 2, 0, 0, 2};
        try (Backend backend = new HostBackend(1);
                LinearMap layers =
                        new LinearMap.MeanOfLayers(backend.propagation(GraphMatrices.userItem(train)), 2, backend, 2);
                Table x = backend.table(5, 2, Losses.unit(matrix(5, in)).toFloatArray());
                Table y = backend.table(5, 2)) {
            layers.forward(x, y);
            float[] sum = y.toFloats();
            float[] expected = {2.75f, .75f, .75f, 2.457107f, 2.12132f, 1.06066f, 2.25f, 1.103553f, .353553f, 2.207107f
            };
            for (int at = 0; at < sum.length; at++) {
                assertThat(3 * sum[at]).isEqualTo(expected[at], within(1e-5f));
            }
        }
    }

    @Test
    void dragonWeighsUsersByTheSoftmaxOfCounts() {
        NeighborGraph graph =
                new NeighborGraph(new int[] {0, 3, 4, 4, 4}, new int[] {1, 2, 3, 0}, new double[] {3, 1, 1, 3});
        Csr shared = Dragon.sharedItems(graph, 3, new SplittableRandom(1));
        assertThat(value(shared, 0, 1)).isEqualTo(.786986f, CLOSE);
        assertThat(value(shared, 0, 2)).isEqualTo(.106507f, CLOSE);
        assertThat(value(shared, 0, 3)).isEqualTo(.106507f, CLOSE);
        // A single neighbor is repeated; a user without neighbors gets nothing.
        assertThat(value(shared, 1, 0)).isEqualTo(1f, CLOSE);
        assertThat(shared.offsets()).containsExactly(0, 3, 6, 6, 6);
    }

    @Test
    void dragonsLossHasBaseTwo() {
        NDArray gap = manager.create(new float[] {.7f});
        float natural = Losses.bpr(gap, manager.zeros(new Shape(1))).getFloat();
        assertThat(natural).isEqualTo(.403186f, CLOSE);
        assertThat(natural / Math.log(2)).isEqualTo(.581675, within(2e-6));
    }

    @Test
    void margosReliability() {
        NDArray z = Margo.reliability(matrix(3, .5f, .2f, .5f, -.2f, -.1f, -.2f));
        assertThat(z.toFloatArray()).containsExactly(new float[] {.574443f, .425557f, 1, 0, .5f, .5f}, CLOSE);
    }

    @Test
    void margosConfidence() {
        NDArray gaps = manager.create(new float[] {.7f, -.7f});
        assertThat(Margo.confidence(gaps, 1).toFloatArray()).containsExactly(new float[] {.604368f, 0}, CLOSE);
        assertThat(Margo.confidence(gaps, .5).toFloatArray()).containsExactly(new float[] {.885352f, 0}, CLOSE);
    }

    @Test
    void margosCalibrationHasNoTermWhereReliabilityIsNothing() {
        NDArray calibration = Margo.calibration(
                matrix(1, 1, 0), manager.create(new float[] {.5f}), matrix(1, .6f, .4f), matrix(1, .2f, .8f));
        assertThat(calibration.getFloat()).isEqualTo((float) (.5 * Math.log(1 / .4)), CLOSE);
    }

    @Test
    void bm3sDistance() {
        assertThat(Bootstrap.distance(matrix(1, 1, 2), matrix(1, 2, 1)).getFloat())
                .isEqualTo(.2f, CLOSE);
    }

    @Test
    void mcdrecsDiffusionOfTwentySteps() {
        Diffusion diffusion = new Diffusion(20);
        assertThat(Math.pow(diffusion.signal(0), 2)).isEqualTo(.9999, within(1e-9));
        assertThat(Math.pow(diffusion.signal(10), 2)).isEqualTo(.942779, within(1e-6));
        assertThat(diffusion.signal(19)).isEqualTo(.903757, within(1e-6));
        assertThat(diffusion.noise(19)).isEqualTo(.428045, within(1e-6));
        assertThat(diffusion.estimateWeight(19)).isEqualTo(.099653, within(1e-6));
        assertThat(diffusion.currentWeight(19)).isEqualTo(.899888, within(1e-6));
        assertThat(diffusion.variance(19)).isEqualTo(.018180, within(1e-6));
        assertThat(diffusion.estimateWeight(1)).isEqualTo(.919870, within(1e-6));
        assertThat(diffusion.currentWeight(1)).isEqualTo(.080130, within(1e-6));
        assertThat(diffusion.variance(1)).isEqualTo(9.199e-5, within(1e-8));
        assertThat(diffusion.estimateWeight(0)).isEqualTo(1, within(1e-9));
        assertThat(diffusion.currentWeight(0)).isZero();
        assertThat(diffusion.variance(0)).isZero();
    }

    @Test
    void mcdrecsEmbeddingOfAStep() {
        assertThat(Diffusion.embedding(new int[] {3}, 8))
                .containsExactly(
                        new float[] {.14112f, .138798f, .006463f, .0003f, -.989992f, .990321f, .999979f, 1}, CLOSE);
    }

    @Test
    void mcdrecDrawsHighAndLowStepsAlike() {
        Diffusion diffusion = new Diffusion(20);
        for (int rows : new int[] {1, 2, 7, 8}) {
            int[] steps = diffusion.antithetic(rows, new SplittableRandom(rows));
            assertThat(steps).hasSize(rows);
            for (int row = rows / 2 + 1; row < rows; row++) {
                assertThat(steps[row] + steps[row - rows / 2 - 1]).isEqualTo(19);
            }
        }
    }

    @Test
    void mcdrecsGraphIsWeighedInItsDegreesAlone() {
        // Users have degrees 1 + 1.2 and .8 + 1.1, items 1, 2 and 1.1.
        Interactions train = pairs(2, 3, 0, 0, 0, 1, 1, 1, 1, 2);
        Csr graph = GraphMatrices.pruned(train, new float[] {1, 1.2f, .8f, 1.1f}, 1, new SplittableRandom(1));
        assertThat(graph.entries()).isEqualTo(8);
        assertThat(value(graph, 0, 2)).isEqualTo((float) (1 / Math.sqrt(2.2 * 1)), CLOSE);
        assertThat(value(graph, 0, 3)).isEqualTo((float) (1 / Math.sqrt(2.2 * 2)), CLOSE);
        assertThat(value(graph, 3, 1)).isEqualTo((float) (1 / Math.sqrt(1.9 * 2)), CLOSE);
        assertThat(value(graph, 4, 1)).isEqualTo((float) (1 / Math.sqrt(1.9 * 1.1)), CLOSE);
        assertThat(GraphMatrices.pruned(train, new float[] {1, 1.2f, .8f, 1.1f}, .5, new SplittableRandom(1))
                        .entries())
                .isEqualTo(4);
    }
}

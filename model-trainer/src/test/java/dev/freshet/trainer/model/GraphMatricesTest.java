package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.graph.NeighborGraph;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GraphMatricesTest {

    /** MODELS.md §13: two users, three items. */
    private static final Interactions SMALL = Interactions.of(new int[] {0, 0, 1, 1}, new int[] {0, 1, 1, 2}, 2, 3);

    private static final NeighborGraph PATH =
            new NeighborGraph(new int[] {0, 1, 3, 4}, new int[] {1, 0, 2, 1}, new double[] {.5, .5, .25, .25});

    @Test
    void userItemMatrix() {
        float[][] a = dense(GraphMatrices.userItem(SMALL));
        assertThat(a[0][2]).isCloseTo(.707107f, within(1e-6f));
        assertThat(a[0][3]).isCloseTo(.5f, within(1e-6f));
        assertThat(a[1][3]).isCloseTo(.5f, within(1e-6f));
        assertThat(a[4][1]).isCloseTo(.707107f, within(1e-6f));
        assertThat(a[0][0] + a[0][4] + a[2][3]).isZero();
    }

    @Test
    void lightGcn() {
        float[] expected = {
            1.152369f, .319036f, .416667f, 1.054738f, .971404f, .5f, 1.284518f, .52022f, .235702f, 1.235702f
        };
        try (Backend backend = new HostBackend(2);
                Propagation a = backend.propagation(GraphMatrices.userItem(SMALL));
                LinearMap map = new LinearMap.MeanOfLayers(a, 2, backend, 2)) {
            Table out = backend.table(5, 2);
            map.forward(backend.table(5, 2, new float[] {1, 0, 0, 1, 1, 1, 2, 0, 0, 2}), out);
            float[] values = out.toFloats();
            for (int i = 0; i < expected.length; i++) {
                assertThat(values[i]).isCloseTo(expected[i], within(1e-6f));
            }
        }
    }

    @Test
    void semanticMatrixIsNormalizedByBothDegrees() {
        float[][] a = dense(GraphMatrices.semantic(PATH));
        assertThat(a[0][0]).isCloseTo(.5f, within(1e-6f));
        assertThat(a[0][1]).isCloseTo((float) (1 / Math.sqrt(6)), within(1e-6f));
        assertThat(a[1][1]).isCloseTo(1 / 3f, within(1e-6f));
        assertThat(a[0][2]).isZero();
        // MODELS.md §13: ten neighbors on both ends.
        int[] offsets = new int[12];
        int[] neighbors = new int[110];
        for (int node = 0, e = 0; node < 11; node++) {
            for (int other = 0; other < 11; other++) {
                if (other != node) {
                    neighbors[e++] = other;
                }
            }
            offsets[node + 1] = e;
        }
        for (float value : GraphMatrices.semantic(new NeighborGraph(offsets, neighbors, new double[110]))
                .values()) {
            assertThat(value).isCloseTo(1 / 11f, within(1e-6f));
        }
    }

    @Test
    void collaborativeMatrixHasTheSelfAndRowsThatSumToOne() {
        float[][] a = dense(GraphMatrices.collaborative(PATH));
        assertThat(a[0][0]).isCloseTo(1 / 1.5f, within(1e-6f));
        assertThat(a[0][1]).isCloseTo(.5f / 1.5f, within(1e-6f));
        assertThat(a[1][2]).isCloseTo(.25f / 1.75f, within(1e-6f));
    }

    @Test
    void pruningKeepsAShareAndPrefersSmallDegrees() {
        Random random = new Random(2);
        int[] userOf = new int[4000];
        int[] itemOf = new int[4000];
        for (int p = 0; p < userOf.length; p++) {
            userOf[p] = random.nextInt(500);
            itemOf[p] = p % 2 == 0 ? random.nextInt(5) : 5 + random.nextInt(300);
        }
        Interactions train = Interactions.of(userOf, itemOf, 500, 305);
        Csr kept = GraphMatrices.pruned(train, .2, new SplittableRandom(1));
        assertThat(kept.entries()).isEqualTo(2 * (int) Math.floor(train.size() * .2));
        int popular = 0;
        for (int node = 500; node < 505; node++) {
            popular += kept.offsets()[node + 1] - kept.offsets()[node];
        }
        int popularBefore = 0;
        for (int item = 0; item < 5; item++) {
            popularBefore += train.itemDegrees()[item];
        }
        assertThat((double) popular / (kept.entries() / 2)).isLessThan(.5 * popularBefore / train.size());
    }

    @Test
    void backwardIsTheAdjoint() {
        try (Backend backend = new HostBackend(2)) {
            Random random = new Random(4);
            Csr path = GraphMatrices.collaborative(PATH);
            Csr semantic = GraphMatrices.sides(GraphMatrices.identity(2), path);
            Csr items = GraphMatrices.sides(GraphMatrices.empty(2), path);
            List<LinearMap> maps = new ArrayList<>();
            maps.add(new LinearMap.Beside(
                    new LinearMap.MeanOfLayers(backend.propagation(GraphMatrices.userItem(SMALL)), 3, backend, 3),
                    backend.propagation(items),
                    3,
                    backend,
                    3));
            maps.add(LinearMap.power(backend.propagation(semantic), 2, backend, 3));
            maps.add(new LinearMap.Product(backend.propagation(semantic)));
            LinearMap map = LinearMap.sequence(maps, backend, 5, 3);
            float[] x = random(15, random);
            float[] g = random(15, random);
            Table y = backend.table(5, 3);
            Table back = backend.table(5, 3);
            map.forward(backend.table(5, 3, x), y);
            map.backward(backend.table(5, 3, g), back);
            assertThat(dot(y.toFloats(), g)).isCloseTo(dot(x, back.toFloats()), within(1e-5));
        }
    }

    private static float[] random(int count, Random random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    private static float[][] dense(Csr a) {
        float[][] values = new float[a.rows()][a.columns()];
        for (int row = 0; row < a.rows(); row++) {
            for (int e = a.offsets()[row]; e < a.offsets()[row + 1]; e++) {
                values[row][a.indices()[e]] += a.values()[e];
            }
        }
        return values;
    }
}

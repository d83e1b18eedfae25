package dev.freshet.trainer.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both backends against the definitions, and so against each other. */
class BackendTest {

    private static final List<java.util.function.Supplier<Backend>> BACKENDS = List.of(
            () -> new HostBackend(1),
            () -> new HostBackend(2),
            () -> new HostBackend(5),
            () -> new TorchBackend(Device.cpu()));

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 16, 64, 100, 131})
    void productsEqualTheDefinition(int columns) {
        Random random = new Random(columns);
        Csr a = sparse(41, 29, random);
        float[] x = gaussian(29 * columns, random);
        float[] g = gaussian(41 * columns, random);
        float[] forward = dense(a, x, columns, false);
        float[] backward = dense(a, g, columns, true);
        for (var make : BACKENDS) {
            try (Backend backend = make.get();
                    Propagation propagation = backend.propagation(a)) {
                Table result = backend.table(41, columns);
                propagation.apply(backend.table(29, columns, x), result);
                assertClose(result.toFloats(), forward, 1e-5f);
                propagation.apply(backend.table(29, columns, x), backend.table(41, columns, g), 3, result);
                assertClose(result.toFloats(), sum(forward, g, 3), 3e-5f);
                Table gradient = backend.table(29, columns);
                propagation.applyTransposed(backend.table(41, columns, g), gradient);
                assertClose(gradient.toFloats(), backward, 1e-5f);
                propagation.applyTransposed(
                        backend.table(41, columns, g), backend.table(29, columns, x), .5f, gradient);
                assertClose(gradient.toFloats(), sum(backward, x, .5f), 1e-5f);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 64, 100})
    void productsOfSomeRowsEqualTheDefinitionThere(int columns) {
        Random random = new Random(columns);
        Csr a = sparse(41, 29, random);
        float[] x = gaussian(29 * columns, random);
        float[] g = gaussian(41 * columns, random);
        boolean[] some = new boolean[41];
        for (int row = 0; row < some.length; row++) {
            some[row] = random.nextInt(3) == 0;
            if (!some[row]) {
                Arrays.fill(g, row * columns, (row + 1) * columns, 0);
            }
        }
        float[] forward = sum(dense(a, x, columns, false), g, 3);
        float[] backward = sum(dense(a, g, columns, true), x, .5f);
        for (var make : BACKENDS) {
            try (Backend backend = make.get();
                    Propagation propagation = backend.propagation(a)) {
                Table result = backend.table(41, columns);
                propagation.applyRows(backend.table(29, columns, x), backend.table(41, columns, g), 3, result, some);
                float[] actual = result.toFloats();
                for (int row = 0; row < some.length; row++) {
                    if (!some[row]) {
                        System.arraycopy(forward, row * columns, actual, row * columns, columns);
                    }
                }
                assertClose(actual, forward, 3e-5f);
                Table gradient = backend.table(29, columns);
                propagation.applyTransposedRows(
                        backend.table(41, columns, g), backend.table(29, columns, x), .5f, gradient, some);
                assertClose(gradient.toFloats(), backward, 1e-5f);
            }
        }
    }

    @Test
    void aMatrixWithoutEntriesGivesZero() {
        for (var make : BACKENDS) {
            try (Backend backend = make.get();
                    Propagation propagation = backend.propagation(new Csr(3, new int[5], new int[0], new float[0]))) {
                Table result = backend.table(4, 2, new float[] {1, 2, 3, 4, 5, 6, 7, 8});
                propagation.apply(backend.table(3, 2), result);
                assertThat(result.toFloats()).containsOnly(0);
            }
        }
    }

    @Test
    void shapesMustFit() {
        try (Backend backend = new HostBackend(1);
                Propagation propagation = backend.propagation(sparse(4, 3, new Random(1)))) {
            assertThatThrownBy(() -> propagation.apply(backend.table(4, 2), backend.table(4, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("4 x 3 matrix");
        }
    }

    @Test
    void rowsComeAndGradientsGo() {
        for (var make : BACKENDS) {
            try (Backend backend = make.get()) {
                Table table = backend.table(3, 2, new float[] {1, 2, 3, 4, 5, 6});
                int[] rows = {2, 0, 2};
                NDArray picked = table.gather(rows, backend.manager());
                assertThat(picked.toFloatArray()).containsExactly(5, 6, 1, 2, 5, 6);
                table.scatterAdd(rows, backend.manager().create(new float[] {10, 20, 1, 1, 100, 200}, new Shape(3, 2)));
                assertThat(table.toFloats()).containsExactly(2, 3, 3, 4, 115, 226);
                table.add(backend.manager().create(new float[] {1, 1, 1, 1, 1, 1}, new Shape(3, 2)));
                assertThat(table.tensor(backend.manager()).toFloatArray()).containsExactly(3, 4, 4, 5, 116, 227);
                table.zero();
                assertThat(table.toFloats()).containsOnly(0);
                assertThat(picked.toFloatArray()).containsExactly(5, 6, 1, 2, 5, 6);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3", "16, 3", "67, 3", "1, 2000", "16, 2000", "67, 2000", "128, 2000"})
    void productsAndSumsOfRowsEqualTheDefinition(int columns, int count) {
        Random random = new Random(columns);
        float[] values = gaussian(40 * columns, random);
        float[] others = gaussian(30 * columns, random);
        int[] rows = random.ints(count, 0, 40).toArray();
        int[] otherRows = random.ints(count, 0, 30).toArray();
        float[] weights = gaussian(count, random);
        float[] added = gaussian(count * columns, random);
        float[] dots = new float[count];
        double[] sums = new double[values.length];
        for (int r = 0; r < count; r++) {
            for (int c = 0; c < columns; c++) {
                dots[r] += values[rows[r] * columns + c] * others[otherRows[r] * columns + c];
                sums[rows[r] * columns + c] += weights[r] * others[otherRows[r] * columns + c] + added[r * columns + c];
            }
        }
        float[] expected = new float[values.length];
        for (int v = 0; v < values.length; v++) {
            expected[v] = (float) (values[v] + sums[v]);
        }
        for (var make : BACKENDS) {
            try (Backend backend = make.get()) {
                Table table = backend.table(40, columns, values);
                Table other = backend.table(30, columns, others);
                assertClose(table.dots(rows, other, otherRows), dots, 1e-4f);
                table.addRows(rows, other, otherRows, weights);
                table.scatterAdd(rows, backend.manager().create(added, new Shape(count, columns)));
                assertClose(table.toFloats(), expected, 1e-4f);
            }
        }
    }

    @Test
    void oneStepOfAdamIsPyTorchs() {
        // MODELS.md §12: a gradient of the size of ε tells PyTorch's form (−5.0e-4) from DJL's (−3.065e-5).
        for (var make : BACKENDS) {
            try (Backend backend = make.get()) {
                Parameter parameter = Parameter.of("w", Parameter.Rows.SHARED, backend, 1, 3, new float[] {0, 0, 1});
                parameter.gradient().set(new float[] {1e-8f, 0, -2});
                new Adam(1e-3).step(List.of(parameter));
                float[] values = parameter.value().toFloats();
                assertThat(values[0]).isCloseTo(-5e-4f, within(1e-8f));
                assertThat(values[1]).isZero();
                assertThat(values[2]).isCloseTo(1.001f, within(1e-6f));
                assertThat(parameter.gradient().toFloats()).containsOnly(0);
            }
        }
    }

    @Test
    void manyStepsOfAdamEqualTheDefinition() {
        for (var make : BACKENDS) {
            try (Backend backend = make.get()) {
                Random random = new Random(3);
                int count = 37;
                double[] w = new double[count];
                double[] m = new double[count];
                double[] v = new double[count];
                Parameter parameter = Parameter.of("w", Parameter.Rows.SHARED, backend, 1, count, new float[count]);
                Adam adam = new Adam(.01);
                for (int t = 1; t <= 20; t++) {
                    float[] g = gaussian(count, random);
                    for (int i = 0; i < count; i++) {
                        m[i] = .9 * m[i] + .1 * g[i];
                        v[i] = .999 * v[i] + .001 * g[i] * g[i];
                        w[i] -= .01 * m[i] / (1 - Math.pow(.9, t)) / (Math.sqrt(v[i] / (1 - Math.pow(.999, t))) + 1e-8);
                    }
                    parameter.gradient().set(g);
                    adam.step(List.of(parameter));
                }
                float[] values = parameter.value().toFloats();
                for (int i = 0; i < count; i++) {
                    assertThat((double) values[i]).isCloseTo(w[i], within(1e-5));
                }
            }
        }
    }

    @Test
    void callsOnATableLeaveNoTensorBehind() {
        try (Backend backend = new TorchBackend(Device.cpu());
                Propagation propagation = backend.propagation(sparse(5, 5, new Random(1)))) {
            Parameter parameter = Parameter.of("w", Parameter.Rows.SHARED, backend, 5, 3, new float[15]);
            Table other = backend.table(5, 3, gaussian(15, new Random(2)));
            Adam adam = new Adam(.01);
            int[] rows = {4, 0};
            Runnable step = () -> {
                Table value = parameter.value();
                value.zero();
                value.set(other.toFloats());
                value.add(other);
                value.dots(rows, other, rows);
                value.addRows(rows, other, rows, new float[] {1, 2});
                propagation.apply(other, value, 2, parameter.gradient());
                propagation.applyTransposed(other, parameter.gradient());
                adam.step(List.of(parameter));
            };
            step.run();
            int before = backend.manager().getManagedArrays().size();
            step.run();
            assertThat(backend.manager().getManagedArrays()).hasSize(before);
        }
    }

    @Test
    void everythingFollowsTheDevice() {
        try (Backend backend = Backend.best(2)) {
            Table table = backend.table(2, 2, new float[] {1, 2, 3, 4});
            assertThat(table.tensor(backend.manager()).getDevice()).isEqualTo(backend.device());
            assertThat(table.gather(new int[] {1}, backend.manager()).getDevice())
                    .isEqualTo(backend.device());
        }
    }

    private static Csr sparse(int rows, int columns, Random random) {
        int[] offsets = new int[rows + 1];
        List<Integer> indices = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns && row % 5 != 0; column++) {
                if (random.nextInt(4) == 0) {
                    indices.add(column);
                }
            }
            offsets[row + 1] = indices.size();
        }
        return new Csr(columns, offsets, indices.stream().mapToInt(i -> i).toArray(), gaussian(indices.size(), random));
    }

    private static float[] gaussian(int count, Random random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] dense(Csr a, float[] x, int d, boolean transposed) {
        double[] sum = new double[(transposed ? a.columns() : a.rows()) * d];
        for (int row = 0; row < a.rows(); row++) {
            for (int e = a.offsets()[row]; e < a.offsets()[row + 1]; e++) {
                int from = transposed ? row : a.indices()[e];
                int to = transposed ? a.indices()[e] : row;
                for (int c = 0; c < d; c++) {
                    sum[to * d + c] += (double) a.values()[e] * x[from * d + c];
                }
            }
        }
        float[] values = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            values[i] = (float) sum[i];
        }
        return values;
    }

    private static float[] sum(float[] a, float[] b, float scale) {
        float[] values = Arrays.copyOf(a, a.length);
        for (int i = 0; i < values.length; i++) {
            values[i] = scale * (a[i] + b[i]);
        }
        return values;
    }

    private static void assertClose(float[] actual, float[] expected, float tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(tolerance * Math.max(1, Math.abs(expected[i]))));
        }
    }
}

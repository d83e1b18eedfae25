package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.freshet.trainer.tensor.RowProducts;
import dev.freshet.trainer.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The closed forms of DA-MRS's alignments and of SPUMR's contrast against the same by autograd. */
class AlignmentTest {

    private static final int D = 6;

    private final Random random = new Random(9);

    @ParameterizedTest
    @EnumSource(Denoising.Positives.class)
    void ofItems(Denoising.Positives kind) {
        int items = 301;
        int anchors = 40;
        try (NDManager manager = NDManager.newBaseManager(Device.cpu());
                Workers workers = new Workers(2)) {
            List<NDArray> units = new ArrayList<>();
            for (int view = 0; view < 3; view++) {
                units.add(Losses.unit(gaussian(manager, items)).duplicate());
            }
            NDArray some = manager.arange(anchors).toType(ai.djl.ndarray.types.DataType.INT64, false);
            RowProducts.Gradients gradients = RowProducts.of(
                    units.stream().map(unit -> unit.get(some)).toList(),
                    units,
                    () -> new ItemAlignment(3, items, 5, .2, kind, 1),
                    workers,
                    manager);
            units.forEach(Autograd::leaf);
            double loss = Autograd.backward(() -> Denoising.alignment(units, some, 5, .2, kind));
            assertThat(gradients.loss()).isCloseTo(loss, within(1e-3));
            for (int view = 0; view < 3; view++) {
                float[] expected = units.get(view).getGradient().toFloatArray();
                float[] rows = gradients.left().get(view).toFloatArray();
                float[] actual = gradients.right().get(view).toFloatArray();
                for (int at = 0; at < rows.length; at++) {
                    actual[at] += rows[at];
                }
                // Autograd's goes through the directions once more, which takes out the part along each row.
                tangential(expected, units.get(view).toFloatArray());
                tangential(actual, units.get(view).toFloatArray());
                assertThat(actual).containsExactly(expected, within(1e-3f));
            }
        }
    }

    private static void tangential(float[] gradient, float[] unit) {
        for (int from = 0; from < unit.length; from += D) {
            float along = 0;
            for (int c = from; c < from + D; c++) {
                along += gradient[c] * unit[c];
            }
            for (int c = from; c < from + D; c++) {
                gradient[c] -= along * unit[c];
            }
        }
    }

    @Test
    void ofUsers() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu());
                Workers workers = new Workers(3)) {
            NDArray users = gaussian(manager, 37);
            NDArray items = gaussian(manager, 45);
            NDArray contents = gaussian(manager, 45);
            RowProducts.Gradients gradients = RowProducts.of(
                    List.of(users, users), List.of(items, contents), () -> new UserAlignment(45, .5), workers, manager);
            List.of(users, items, contents).forEach(Autograd::leaf);
            double loss = Autograd.backward(
                    () -> Denoising.bernoulliKl(users.matMul(items.transpose()), users.matMul(contents.transpose()))
                            .mul(.5f));
            assertThat(gradients.loss()).isCloseTo(loss, within(1e-3 * loss));
            NDArray left = gradients.left().get(0).add(gradients.left().get(1));
            assertThat(left.toFloatArray()).containsExactly(users.getGradient().toFloatArray(), within(2e-4f));
            assertThat(gradients.right().get(0).toFloatArray())
                    .containsExactly(items.getGradient().toFloatArray(), within(2e-4f));
            assertThat(gradients.right().get(1).toFloatArray())
                    .containsExactly(contents.getGradient().toFloatArray(), within(2e-4f));
        }
    }

    @Test
    void ofPairs() {
        int[] items = random.ints(37, 0, 20).toArray();
        float[] popularity = new float[20];
        for (int item = 0; item < popularity.length; item++) {
            popularity[item] = (float) random.nextGaussian();
        }
        float[] bias = new float[37 * 37];
        for (int pair = 0; pair < 37; pair++) {
            for (int other = 0; other < 37; other++) {
                boolean copy = pair != other && items[pair] == items[other];
                bias[pair * 37 + other] = copy ? 1e9f : popularity[items[other]];
            }
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu());
                Workers workers = new Workers(3)) {
            NDArray users = Autograd.leaf(gaussian(manager, 37));
            NDArray wanted = Autograd.leaf(gaussian(manager, 37));
            NDArray biases = manager.create(bias, new Shape(37, 37));
            double loss = Autograd.backward(() -> Losses.inBatch(users, wanted, biases, .4));
            float[] ofUsers = users.getGradient().toFloatArray();
            float[] ofItems = wanted.getGradient().toFloatArray();
            NDArray again = Autograd.leaf(users.duplicate());
            NDArray wantedAgain = Autograd.leaf(wanted.duplicate());
            InBatchContrast contrast = new InBatchContrast(items, popularity, .4, 1.0 / 37);

            double closed = Autograd.backward(
                    () -> RowProducts.term(List.of(again), List.of(wantedAgain), () -> contrast, workers, manager));

            assertThat(closed).isCloseTo(loss, within(1e-5 * loss));
            assertThat(again.getGradient().toFloatArray()).containsExactly(ofUsers, within(1e-5f));
            assertThat(wantedAgain.getGradient().toFloatArray()).containsExactly(ofItems, within(1e-5f));
        }
    }

    private NDArray gaussian(NDManager manager, int rows) {
        float[] values = new float[rows * D];
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) random.nextGaussian();
        }
        return manager.create(values, new Shape(rows, D));
    }
}

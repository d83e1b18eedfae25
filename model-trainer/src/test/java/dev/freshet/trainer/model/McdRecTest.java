package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.tensor.Adam;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class McdRecTest {

    private static final TrainingData DATA = PlantedData.of(12, 10, 1, 4, 5);
    private static final Batch BATCH = PlantedData.batch(DATA, 16, 7);
    private static final double H = .002;

    private static Settings settings(String preset, String... changes) {
        return Models.preset(McdRec.FACTORY, preset)
                .with(
                        "dimension",
                        "16",
                        "neighbors",
                        "3",
                        "estimator-dropout",
                        "0",
                        "dropout",
                        "0",
                        "diffusion-steps",
                        "5")
                .with(changes);
    }

    /**
     * On FREEDOM nothing is constant but the noise, which models of one seed draw alike in their first step. Squares of 6 x 6: at 1 x 1
     * the U-Net normalizes two numbers at a time, to signs, and is not smooth.
     */
    @ParameterizedTest
    @CsvSource({
        "diffused, all, 0.3",
        "diffused, all, 1",
        "diffused, batch, 0.7",
        "fused, all, 0.3",
        "embedding, all, 0.3"
    })
    void gradientIsThatOfTheLoss(String input, String items, String weight) {
        Settings settings = settings(
                "paper-freedom",
                "dimension",
                "36",
                "item-input",
                input,
                "diffused-items",
                items,
                "diffusion-weight",
                weight,
                "regularization",
                "0.3");
        List<float[]> values = new ArrayList<>();
        List<float[]> gradients = new ArrayList<>();
        List<String> names = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(8);
        try (Backend backend = new HostBackend(1)) {
            try (Model model = McdRec.FACTORY.create(DATA, settings, backend, 3)) {
                for (Parameter parameter : model.parameters()) {
                    float[] start = parameter.value().toFloats();
                    for (int at = 0; at < start.length && parameter.rows() == Parameter.Rows.NODES; at++) {
                        start[at] = (float) (.5 * random.nextGaussian());
                    }
                    values.add(start);
                    parameter.value().set(start);
                    names.add(parameter.name());
                }
                model.step(BATCH);
                model.parameters()
                        .forEach(parameter -> gradients.add(parameter.gradient().toFloats()));
            }
            for (int p = 0; p < values.size(); p++) {
                float[] gradient = gradients.get(p);
                double norm = 0;
                for (float g : gradient) {
                    norm += (double) g * g;
                }
                norm = Math.sqrt(norm);
                // The estimator has hundreds of parameters of a few kinds; others have nothing to be told from
                // rounding.
                if (norm < 1e-3 || names.get(p).startsWith("estimator") && p % 11 > 0) {
                    continue;
                }
                double difference = (loss(backend, settings, values, p, gradient, H / norm)
                                - loss(backend, settings, values, p, gradient, -H / norm))
                        / (2 * H);
                assertThat(difference).as(names.get(p)).isCloseTo(norm, within(.03 * norm + 3e-4));
            }
        }
    }

    private static double loss(
            Backend backend, Settings settings, List<float[]> values, int parameter, float[] along, double by) {
        try (Model model = McdRec.FACTORY.create(DATA, settings, backend, 3)) {
            for (int p = 0; p < values.size(); p++) {
                float[] moved = values.get(p).clone();
                for (int at = 0; at < moved.length && p == parameter; at++) {
                    moved[at] += (float) (by * along[at]);
                }
                model.parameters().get(p).value().set(moved);
            }
            return model.step(BATCH);
        }
    }

    @Test
    void aStepDiffusesTheItemsOfItsBatch() {
        int[] some = {2, 5};
        try (Backend backend = new HostBackend(1);
                NDManager manager = backend.manager().newSubManager();
                ItemDiffusion diffusion =
                        new ItemDiffusion(settings("paper"), 1, true, backend, new SplittableRandom(4));
                Leaves leaves = new Leaves(backend)) {
            NDArray embeddings =
                    manager.create(new float[8 * 16], new Shape(8, 16)).add(1);
            float[] items = diffusion
                    .train(embeddings, List.of(embeddings), some, leaves, new SplittableRandom(5))
                    .items()
                    .toFloatArray();
            List<Integer> other = new ArrayList<>();
            for (int item = 0; item < 8; item++) {
                // All items are alike, and so are those that are not diffused.
                if (Math.abs(items[item * 16] - items[0]) > 1e-6) {
                    other.add(item);
                }
            }
            assertThat(other).containsExactly(2, 5);
        }
    }

    @Test
    void onFreedomWithoutItsModulesItIsFreedom() {
        Settings plain = settings("paper-freedom", "item-input", "embedding", "graph-denoising", "false");
        Settings freedom = Models.preset(Freedom.FACTORY, "paper").with("dimension", "16", "neighbors", "3");
        try (Backend backend = new HostBackend(1);
                Model expected = Freedom.FACTORY.create(DATA, freedom, backend, 3);
                Model model = McdRec.FACTORY.create(DATA, plain, backend, 3)) {
            assertThat(model.step(BATCH)).isCloseTo(expected.step(BATCH), within(1e-6));
            assertThat(model.parameters()).hasSize(1);
            assertThat(model.parameters().get(0).gradient().toFloats())
                    .containsExactly(expected.parameters().get(0).gradient().toFloats(), within(1e-6f));
            assertThat(model.embed().users()).containsExactly(expected.embed().users(), within(1e-6f));
            assertThat(model.embed().items()).containsExactly(expected.embed().items(), within(1e-6f));
        }
    }

    @Test
    void onBm3WithoutItsModulesTheLossIsThatOfBm3ButForTheAnchors() {
        Settings plain = settings("code", "item-input", "embedding", "graph-denoising", "false");
        Settings bm3 = Models.preset(Bm3.FACTORY, "paper").with("dimension", "16", "dropout", "0");
        try (Backend backend = new HostBackend(1);
                Model expected = Bm3.FACTORY.create(DATA, bm3, backend, 3);
                Model model = McdRec.FACTORY.create(DATA, plain, backend, 3)) {
            assertThat(model.parameters()).hasSameSizeAs(expected.parameters());
            for (int p = 0; p < model.parameters().size(); p++) {
                model.parameters()
                        .get(p)
                        .value()
                        .set(expected.parameters().get(p).value().toFloats());
            }
            assertThat(model.embed().users()).containsExactly(expected.embed().users(), within(1e-6f));
            assertThat(model.embed().items()).containsExactly(expected.embed().items(), within(1e-6f));
            assertThat(model.step(BATCH)).isNotCloseTo(expected.step(BATCH), within(1e-6));
        }
    }

    @Test
    void theEstimateOfAnEmbeddingComesCloseToIt() {
        SplittableRandom random = new SplittableRandom(4);
        Settings settings = settings("paper", "diffusion-weight", "1");
        try (Backend backend = new HostBackend(1);
                NDManager manager = backend.manager().newSubManager();
                ItemDiffusion diffusion = new ItemDiffusion(settings, 1, true, backend, random)) {
            float[] rows = new float[64 * 16];
            for (int at = 0; at < rows.length; at++) {
                rows[at] = (float) random.nextGaussian();
            }
            NDArray embeddings = manager.create(rows, new Shape(64, 16));
            // The condition tells all.
            List<NDArray> conditions = List.of(embeddings);
            Adam adam = new Adam(.005);
            double first = 0;
            double last = 0;
            for (int step = 0; step < 100; step++) {
                try (Leaves leaves = new Leaves(backend)) {
                    last = leaves.backward(() -> {
                        ItemDiffusion.Trained trained = diffusion.train(embeddings, conditions, null, leaves, random);
                        return trained.loss().add(trained.items().sum().mul(0));
                    });
                    leaves.giveBack();
                }
                first = step == 0 ? last : first;
                adam.step(diffusion.parameters());
            }
            assertThat(last).isLessThan(.3 * first);
            float[] sampled = diffusion.sampled(embeddings, conditions, manager).toFloatArray();
            double off = 0;
            for (int at = 0; at < rows.length; at++) {
                off += Math.pow(sampled[at] - rows[at], 2) / rows.length;
            }
            assertThat(off).isLessThan(.4);
            int before = manager.getManagedArrays().size();
            assertThat(diffusion.sampled(embeddings, conditions, manager).toFloatArray())
                    .isEqualTo(sampled);
            // What the network computes on the way is freed at each step: of a whole catalogue it took all memory.
            assertThat(manager.getManagedArrays()).hasSizeLessThan(before + 4 * settings.whole("diffusion-steps", 1));
        }
    }

    @Test
    void learnsWhoTakesToWhat() {
        TrainingData data = PlantedData.of(60, 40, 0, 8, 17);
        for (String preset : List.of("paper", "paper-freedom")) {
            Settings settings = settings(
                    preset,
                    Settings.LEARNING_RATE,
                    "0.01",
                    Settings.BATCH,
                    "128",
                    "diffused-items",
                    preset.equals("paper") ? "all" : "batch");
            try (Workers workers = new Workers(1);
                    Backend backend = new HostBackend(1);
                    Model model = McdRec.FACTORY.create(data, settings, backend, 1)) {
                new Training(model, data.train(), settings, workers, 1).epochs(10, epoch -> {});
                int[] users = IntStream.range(0, data.users()).toArray();
                int[][] lists = FullRanking.rank(model.embed(), data.train(), users, 3, workers);
                int own = 0;
                for (int user : users) {
                    for (int item : lists[user]) {
                        own += PlantedData.group(item) == PlantedData.group(user) ? 1 : 0;
                    }
                }
                assertThat(own).as(preset).isGreaterThan(users.length * 3 * 2 / 3);
            }
        }
    }

    @Test
    void settingsAreChecked() {
        try (Backend backend = new HostBackend(1)) {
            assertThatThrownBy(
                            () -> McdRec.FACTORY.create(DATA, settings("paper").with("dimension", "8"), backend, 1))
                    .hasMessageStartingWith("setting dimension is 8; it must be a square number");
            assertThatThrownBy(() -> McdRec.FACTORY.create(
                            DATA, settings("paper-freedom").with("loss", "none"), backend, 1))
                    .hasMessage("setting loss is none, but mcdrec on freedom has no other loss");
            assertThatThrownBy(() -> McdRec.FACTORY.create(
                            new TrainingData(DATA.train(), Map.of(), Map.of(), 1), settings("paper"), backend, 1))
                    .hasMessage("mcdrec needs features of the items, and the data has none");
        }
    }
}

package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.freshet.topic.ModelNames;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Adam;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Csr;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import dev.freshet.trainer.tensor.TorchBackend;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelsTest {

    private static final int USERS = 7;
    private static final int ITEMS = 9;
    private static final Batch BATCH =
            new Batch(new int[] {0, 1, 1, 4, 6}, new int[] {0, 2, 3, 0, 8}, new int[] {5, 6, 5, 7, 1});

    /** A few users and items; three modalities, of which one is missing for an item. */
    private static TrainingData data() {
        Random random = new Random(9);
        int[] userOf = new int[30];
        int[] itemOf = new int[30];
        for (int p = 0; p < userOf.length; p++) {
            userOf[p] = random.nextInt(USERS);
            itemOf[p] = random.nextInt(ITEMS);
        }
        Map<String, Features> features = new TreeMap<>();
        for (int m = 0; m < 3; m++) {
            int dimension = 5 + m;
            float[] values = new float[ITEMS * dimension];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            boolean[] present = new boolean[ITEMS];
            Arrays.fill(present, true);
            if (m == 0) {
                present[3] = false;
                Arrays.fill(values, 3 * dimension, 4 * dimension, 0);
            }
            features.put("m" + m, new Features(dimension, values, present));
        }
        return new TrainingData(Interactions.of(userOf, itemOf, USERS, ITEMS), features, Map.of(), 1);
    }

    private static Settings spumr(String... changes) {
        return Models.preset(Spumr.FACTORY, "paper")
                .with("dimension", "4", "neighbors", "3")
                .with(changes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "semantic-layers=0,collaborative-layers=2",
                "tables=true,id-expert=true,item-graph=beside,mean-head=residual,regularization=0.1",
                "tables=true,features=false,fusion=concat,bpr=pairwise,sampling=false,mean-head=identity",
                "gate-top-k=2,bpr-weight=0,contrast-weight=1,contrast-popularity=0.5,contrast-temperature=0.3",
                "id-expert=true,fusion=gated-concat,score=cosine,bpr-weight=0,contrast-weight=1",
                "tables=true,fusion=mean,user-item-layers=0,mean-head=residual"
            })
    void gradientsOfSpumrEqualFiniteDifferences(String changes) {
        Settings settings = spumr(Arrays.stream(changes.split(",", -1))
                .filter(change -> !change.isEmpty())
                .flatMap(change -> Arrays.stream(change.split("=", -1)))
                .toArray(String[]::new));
        assertGradients(Spumr.FACTORY, settings);
    }

    /** The step in closed form. */
    @Test
    void gradientsOfSpumrInTheLoopEqualFiniteDifferences() {
        assertGradients(
                Spumr.FACTORY,
                Models.preset(Spumr.FACTORY, "live").with("dimension", "4", "neighbors", "3", "regularization", "0.1"));
    }

    @Test
    void gradientsOfLightGcnEqualFiniteDifferences() {
        assertGradients(
                LightGcn.FACTORY,
                Models.preset(LightGcn.FACTORY, "paper").with("dimension", "4", "regularization", "0.2"));
    }

    /** Every parameter, at a few places. Models of one seed draw the same noise in their first step. */
    private static void assertGradients(ModelFactory factory, Settings settings) {
        TrainingData data = data();
        try (Backend backend = new HostBackend(1)) {
            Random random = new Random(1);
            List<float[]> values = new ArrayList<>();
            List<float[]> gradients = new ArrayList<>();
            try (Model model = factory.create(data, settings, backend, 5)) {
                for (Parameter parameter : model.parameters()) {
                    float[] start = parameter.value().toFloats();
                    for (int i = 0; i < start.length; i++) {
                        start[i] = .5f * (float) random.nextGaussian();
                    }
                    values.add(start);
                    parameter.value().set(start);
                }
                model.step(BATCH);
                model.parameters()
                        .forEach(parameter -> gradients.add(parameter.gradient().toFloats()));
            }
            double largest = 0;
            for (int p = 0; p < values.size(); p++) {
                for (int probe = 0; probe < 12; probe++) {
                    int at = random.nextInt(values.get(p).length);
                    double step = 4e-3;
                    double difference = (loss(factory, settings, data, backend, values, p, at, step)
                                    - loss(factory, settings, data, backend, values, p, at, -step))
                            / (2 * step);
                    largest = Math.max(largest, Math.abs(difference));
                    assertThat((double) gradients.get(p)[at])
                            .as("parameter %d at %d", p, at)
                            .isCloseTo(difference, within(1e-3 + .01 * Math.abs(difference)));
                }
            }
            assertThat(largest).isGreaterThan(.005);
        }
    }

    private static double loss(
            ModelFactory factory,
            Settings settings,
            TrainingData data,
            Backend backend,
            List<float[]> values,
            int parameter,
            int at,
            double step) {
        try (Model model = factory.create(data, settings, backend, 5)) {
            for (int p = 0; p < values.size(); p++) {
                float[] moved = values.get(p).clone();
                if (p == parameter) {
                    moved[at] += (float) step;
                }
                model.parameters().get(p).value().set(moved);
            }
            return model.step(BATCH);
        }
    }

    @Test
    void bothBackendsTrainTheSame() {
        TrainingData data = data();
        for (Settings settings : List.of(
                spumr("tables", "true", "id-expert", "true", "regularization", "0.01"),
                spumr("tables", "true", "features", "false", "kept-edges", "0.5"))) {
            List<Embeddings> results = new ArrayList<>();
            for (Backend backend : List.of(new HostBackend(2), new TorchBackend(Device.cpu()))) {
                try (backend;
                        Model model = Spumr.FACTORY.create(data, settings, backend, 3)) {
                    Adam adam = new Adam(.01);
                    model.startEpoch(new java.util.SplittableRandom(1));
                    for (int step = 0; step < 5; step++) {
                        model.step(BATCH);
                        adam.step(model.parameters());
                    }
                    results.add(model.embed());
                }
            }
            assertClose(results.get(0).users(), results.get(1).users(), 1e-4f);
            assertClose(results.get(0).items(), results.get(1).items(), 1e-4f);
            assertClose(results.get(0).itemVariances(), results.get(1).itemVariances(), 1e-4f);
        }
    }

    @Test
    void foldedFeaturesEqualTheUnfoldedForm() {
        Random random = new Random(6);
        TrainingData data = data();
        Csr semantic = GraphMatrices.sides(
                GraphMatrices.semantic(data.userProfile("m1", 3)), GraphMatrices.semantic(data.itemContent("m1", 3)));
        Csr collaborative = GraphMatrices.sides(
                GraphMatrices.collaborative(data.userJaccard(3)), GraphMatrices.collaborative(data.itemJaccard(3)));
        int nodes = USERS + ITEMS;
        int dimension = 6;
        int out = 4;
        float[] raw = gaussian(nodes * dimension, random);
        float[] weight = gaussian(dimension * out, random);
        float[] bias = gaussian(out, random);
        try (Backend backend = new HostBackend(1)) {
            java.util.function.IntFunction<LinearMap> maps = columns -> {
                Propagation msg = backend.propagation(semantic);
                List<LinearMap> steps = new ArrayList<>(
                        List.of(new LinearMap.Product(msg), new LinearMap.Product(msg), new LinearMap.Product(msg)));
                steps.add(new LinearMap.Product(backend.propagation(collaborative)));
                return LinearMap.sequence(steps, backend, nodes, columns);
            };
            float[] projected = new float[nodes * out];
            for (int node = 0; node < nodes; node++) {
                for (int o = 0; o < out; o++) {
                    double sum = bias[o];
                    for (int d = 0; d < dimension; d++) {
                        sum += (double) raw[node * dimension + d] * weight[d * out + o];
                    }
                    projected[node * out + o] = (float) sum;
                }
            }
            Table unfolded = backend.table(nodes, out);
            maps.apply(out).forward(backend.table(nodes, out, projected), unfolded);
            NDManager manager = backend.manager();
            try (FoldedFeatures folded = FoldedFeatures.of(raw.clone(), nodes, backend, maps)) {
                NDArray result = folded.rows(manager.arange(nodes).toType(ai.djl.ndarray.types.DataType.INT64, false))
                        .project(
                                manager.create(weight, new Shape(dimension, out)),
                                manager.create(bias, new Shape(1, out)));
                assertClose(result.toFloatArray(), unfolded.toFloats(), 1e-5f);
            }
        }
    }

    @Test
    void embeddingNormsKnownAnswers() {
        // MODELS.md §13.
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray all = manager.create(new float[] {1, 0, 0, 1, 1, 1, 2, 0, 0, 2}, new Shape(5, 2));
            assertThat(Losses.embeddingNorms(all).getFloat()).isCloseTo(.692820f, within(1e-6f));
            assertThat(Losses.embeddingNorms(all.get("0:2"), all.get("2:5")).getFloat())
                    .isCloseTo(1.525497f, within(1e-6f));
        }
    }

    @Test
    void lossesStayFiniteForLargeScores() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray x = manager.create(new float[] {-500, 500});
            assertThat(Losses.logistic(x).getFloat()).isCloseTo(250, within(1e-3f));
            NDArray u = manager.create(new float[] {300, 0, 0, 300}, new Shape(2, 2));
            assertThat(Losses.inBatch(u, u, manager.zeros(new Shape(1, 2)), .1).getFloat())
                    .isZero();
        }
    }

    @Test
    void contrastIsTheNegativeLogOfTheSoftmax() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray u = manager.create(new float[] {1, 0, 0, 1}, new Shape(2, 2));
            NDArray i = manager.create(new float[] {1, 0, .5f, .5f}, new Shape(2, 2));
            double first = Math.log(1 + Math.exp((.5 - 1) / .5));
            double second = Math.log(1 + Math.exp((0 - .5) / .5));
            assertThat((double) Losses.inBatch(u, i, manager.zeros(new Shape(1, 2)), .5)
                            .getFloat())
                    .isCloseTo((first + second) / 2, within(1e-6));
        }
    }

    @Test
    void spumrScoresItemsItNeverTrainedOn() {
        // Item 8 has no interaction; the paper's form knows it from its features.
        TrainingData all = data();
        int[] users = all.train().userOfEach();
        int[] items = all.train().itemOfEach();
        int[] kept = java.util.stream.IntStream.range(0, users.length)
                .filter(p -> items[p] != 8)
                .toArray();
        TrainingData data = new TrainingData(
                Interactions.of(
                        Arrays.stream(kept).map(p -> users[p]).toArray(),
                        Arrays.stream(kept).map(p -> items[p]).toArray(),
                        USERS,
                        ITEMS),
                all.features(),
                Map.of(),
                1);
        try (Backend backend = new HostBackend(1);
                Model paper = Spumr.FACTORY.create(data, spumr(), backend, 1);
                Model lightGcn = LightGcn.FACTORY.create(
                        data, Models.preset(LightGcn.FACTORY, "paper").with("dimension", "4"), backend, 1)) {
            Embeddings embeddings = paper.embed();
            assertThat(Arrays.copyOfRange(embeddings.items(), 32, 36)).doesNotContain(0f);
            assertThat(Arrays.copyOfRange(lightGcn.embed().items(), 32, 36)).containsOnly(0f);
            assertThat(embeddings.experts()).containsExactly("m0", "m1", "m2");
            for (int item = 0; item < ITEMS; item++) {
                assertThat(embeddings.itemWeights()[3 * item]
                                + embeddings.itemWeights()[3 * item + 1]
                                + embeddings.itemWeights()[3 * item + 2])
                        .isCloseTo(1, within(1e-5f));
            }
            assertThat(embeddings.userVariances()).hasSize(USERS * 4);
        }
    }

    @Test
    void settingsAreChecked() {
        try (Backend backend = new HostBackend(1)) {
            assertThatThrownBy(() -> spumr("nonsense", "1"))
                    .hasMessageStartingWith("no setting nonsense; the settings are batch, ");
            assertThatThrownBy(() -> Spumr.FACTORY.create(data(), spumr("fusion", "glue"), backend, 1))
                    .hasMessage("setting fusion is glue; it must be one of gate, mean, concat, gated-concat");
            assertThatThrownBy(() -> Spumr.FACTORY.create(data(), spumr("neighbors", "0"), backend, 1))
                    .hasMessage("setting neighbors is 0; it must be a whole number from 1 up");
            assertThatThrownBy(() -> Spumr.FACTORY.create(data(), spumr("loss", "denoised-bpr"), backend, 1))
                    .hasMessageContaining("tables");
            assertThatThrownBy(() -> Spumr.FACTORY.create(data(), spumr("kept-edges", "2"), backend, 1))
                    .hasMessageStartingWith("setting kept-edges is 2");
            assertThatThrownBy(() -> Models.of("x")).hasMessageStartingWith("no model x; the models are bm3, da-mrs,");
        }
    }

    @Test
    void otherProcessesKnowTheNames() {
        assertThat(Models.names()).containsExactlyElementsOf(ModelNames.ALL);
    }

    private static float[] gaussian(int count, Random random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
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

package dev.freshet.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.HostBackend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.TorchBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of whole steps against finite differences of their losses, and the two backends against each other. */
class ModelGradientTest {

    private static final TrainingData DATA = PlantedData.of(12, 10, 1, 4, 5);
    private static final Batch BATCH = PlantedData.batch(DATA, 16, 7);

    /** Length of a step of the finite differences. */
    private static final double H = .003;

    private static Arguments model(String name, String... changes) {
        ModelFactory factory = Models.of(name);
        Settings settings =
                Models.preset(factory, "paper").with("dimension", "8").with(changes);
        return Arguments.of(Named.of(name + " " + String.join(" ", changes), factory), settings);
    }

    /** Models whose loss has no constant weights or targets, so that finite differences see the whole gradient. */
    static Stream<Arguments> smooth() {
        return Stream.of(
                model("mf-bpr"),
                model("lightgcn", "regularization", "0.5"),
                model("vbpr", "regularization", "0.5"),
                model("freedom", "neighbors", "3"),
                model("freedom", "neighbors", "3", "regularization", "0.3"),
                model("da-mrs", "loss", "bpr", "neighbors", "3", "ai-weight", "0", "au-weight", "0"),
                model("da-mrs", "loss", "bpr", "neighbors", "3", "ai-weight", "0"),
                model("da-mrs", "loss", "bpr", "neighbors", "3", "au-weight", "0", "ai-weight", "0.5"),
                model("da-mrs", "loss", "bpr", "neighbors", "3", "ai-weight", "0.5", "backbone", "mf-bpr"),
                model("da-mrs", "loss", "bpr", "neighbors", "3", "ai-weight", "0.5", "backbone", "vbpr"),
                model("dragon", "neighbors", "3", "user-neighbors", "4", "regularization", "0.2"),
                model(
                        "margo",
                        "neighbors",
                        "3",
                        "user-neighbors",
                        "4",
                        "two-stages",
                        "false",
                        "calibration-weight",
                        "0"));
    }

    static Stream<Arguments> all() {
        return Stream.concat(
                smooth(),
                Stream.of(
                        model("mf-bpr", "loss", "denoised-bpr", "neighbors", "3"),
                        model("lightgcn", "loss", "denoised-bpr", "neighbors", "3"),
                        model("da-mrs", "neighbors", "3"),
                        model("da-mrs", "neighbors", "3", "au-users", "5", "ai-anchors", "4", "ai-weight", "0.5"),
                        model("margo", "neighbors", "3", "user-neighbors", "4", "two-stages", "false"),
                        model("dragon", "loss", "denoised-bpr", "neighbors", "3", "user-neighbors", "4"),
                        Arguments.of(Named.of("denoised spumr", Spumr.FACTORY), denoisedSpumr()),
                        Arguments.of(
                                Named.of("denoised spumr by autograd", Spumr.FACTORY),
                                denoisedSpumr().with("contrast-weight", "0.1")),
                        model("bm3"),
                        model("mcdrec", "dimension", "16", "loss", "none", "estimator-dropout", "0"),
                        model(
                                "mcdrec",
                                "dimension",
                                "16",
                                "loss",
                                "denoised-bpr",
                                "neighbors",
                                "3",
                                "estimator-dropout",
                                "0"),
                        Arguments.of(
                                Named.of("mcdrec on freedom", Models.of("mcdrec")),
                                Models.preset(Models.of("mcdrec"), "paper-freedom")
                                        .with(
                                                "dimension",
                                                "16",
                                                "neighbors",
                                                "3",
                                                "regularization",
                                                "0.3",
                                                "estimator-dropout",
                                                "0"))));
    }

    private static Settings denoisedSpumr() {
        return Models.preset(Spumr.FACTORY, "live").with("dimension", "8", "neighbors", "3", "loss", "denoised-bpr");
    }

    @Test
    void alignmentOfSomeUsersIsThatOfAllOnAverage() {
        Settings all = Models.preset(Models.of("da-mrs"), "paper")
                .with("dimension", "8", "neighbors", "3", "loss", "bpr", "ai-weight", "0");
        int draws = 400;
        try (Backend backend = new HostBackend(1);
                Model exact = Models.of("da-mrs").create(DATA, all, backend, 3);
                Model drawn = Models.of("da-mrs").create(DATA, all.with("au-users", "4"), backend, 3)) {
            spread(exact);
            spread(drawn);
            double sum = 0;
            for (int draw = 0; draw < draws; draw++) {
                sum += drawn.step(BATCH) / draws;
            }
            double loss = step(exact);
            float[] expected = exact.parameters().get(0).gradient().toFloats();
            float[] actual = drawn.parameters().get(0).gradient().toFloats();
            double norm = Math.sqrt(product(expected, expected));
            for (int at = 0; at < actual.length; at++) {
                actual[at] = actual[at] / draws - expected[at];
            }
            assertThat(sum).isCloseTo(loss, within(.03 * loss));
            assertThat(Math.sqrt(product(actual, actual))).isLessThan(.1 * norm);
        }
    }

    @Test
    void denoisedSpumrIsTheSameInClosedFormAndByAutograd() {
        Map<String, float[]> expected = gradients(Spumr.FACTORY, denoisedSpumr().with("contrast-weight", "1e-30"));
        gradients(Spumr.FACTORY, denoisedSpumr())
                .forEach((name, gradient) ->
                        assertThat(gradient).as(name).containsExactly(expected.get(name), within(1e-6f)));
        assertThat(gradients(Spumr.FACTORY, denoisedSpumr().with("loss", "bpr")).get("nodes.id"))
                .isNotEqualTo(expected.get("nodes.id"));
    }

    @ParameterizedTest
    @MethodSource("smooth")
    void gradientIsThatOfTheLoss(ModelFactory factory, Settings settings) {
        try (Backend backend = new HostBackend(1);
                Model model = factory.create(DATA, settings, backend, 3)) {
            model.startEpoch(new SplittableRandom(4));
            check(model, model.parameters());
        }
    }

    @ParameterizedTest
    @MethodSource("predictor")
    void gradientOfThePredictorIsThatOfTheLoss(ModelFactory factory, Settings settings) {
        try (Backend backend = new HostBackend(1);
                Model model = factory.create(DATA, settings, backend, 3)) {
            check(
                    model,
                    model.parameters().stream()
                            .filter(parameter -> parameter.name().startsWith("predictor"))
                            .toList());
        }
    }

    /** The targets of BM3 are constants that depend on all parameters but the predictor's. */
    static Stream<Arguments> predictor() {
        return Stream.of(model("bm3", "dropout", "0"));
    }

    private static void check(Model model, List<Parameter> parameters) {
        assertThat(parameters).isNotEmpty();
        spread(model);
        for (Parameter parameter : parameters) {
            step(model);
            float[] gradient = parameter.gradient().toFloats();
            double norm = Math.sqrt(product(gradient, gradient));
            SplittableRandom random = new SplittableRandom(11);
            for (int direction = 0; direction < 3; direction++) {
                float[] along = new float[gradient.length];
                for (int at = 0; at < along.length; at++) {
                    along[at] = (float)
                            (direction == 0 && norm > 0
                                    ? gradient[at] / norm
                                    : random.nextGaussian() / Math.sqrt(along.length));
                }
                assertThat(difference(model, parameter, along))
                        .as(parameter.name() + ", direction " + direction)
                        .isCloseTo(product(gradient, along), within(.02 * norm + 5e-5));
            }
        }
    }

    /** Away from zero rows, where a direction is not smooth, and to gradients that can be told from rounding. */
    private static void spread(Model model) {
        SplittableRandom random = new SplittableRandom(23);
        for (Parameter parameter : model.parameters()) {
            if (parameter.rows() == Parameter.Rows.NODES) {
                float[] values = parameter.value().toFloats();
                for (int at = 0; at < values.length; at++) {
                    values[at] = (float) (.5 * random.nextGaussian());
                }
                parameter.value().set(values);
            }
        }
    }

    private static double difference(Model model, Parameter parameter, float[] along) {
        float[] values = parameter.value().toFloats();
        double up = at(model, parameter, values, along, H);
        double down = at(model, parameter, values, along, -H);
        parameter.value().set(values);
        return (up - down) / (2 * H);
    }

    private static double at(Model model, Parameter parameter, float[] values, float[] along, double by) {
        float[] moved = new float[values.length];
        for (int at = 0; at < moved.length; at++) {
            moved[at] = (float) (values[at] + by * along[at]);
        }
        parameter.value().set(moved);
        return step(model);
    }

    private static double step(Model model) {
        model.parameters().forEach(parameter -> parameter.gradient().zero());
        return model.step(BATCH);
    }

    private static double product(float[] a, float[] b) {
        double sum = 0;
        for (int at = 0; at < a.length; at++) {
            sum += (double) a[at] * b[at];
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("all")
    void backendsAgree(ModelFactory factory, Settings settings) {
        try (Backend host = new HostBackend(2);
                Backend torch = new TorchBackend(Device.cpu());
                Model here = factory.create(DATA, settings, host, 3);
                Model there = factory.create(DATA, settings, torch, 3)) {
            here.startEpoch(new SplittableRandom(4));
            there.startEpoch(new SplittableRandom(4));
            assertThat(here.step(BATCH)).isCloseTo(there.step(BATCH), within(1e-5));
            Map<String, float[]> expected = new TreeMap<>();
            here.parameters()
                    .forEach(parameter ->
                            expected.put(parameter.name(), parameter.gradient().toFloats()));
            for (Parameter parameter : there.parameters()) {
                assertThat(parameter.gradient().toFloats())
                        .as(parameter.name())
                        .containsExactly(expected.get(parameter.name()), within(1e-5f));
            }
            assertThat(here.embed().users()).containsExactly(there.embed().users(), within(1e-5f));
            assertThat(here.embed().items()).containsExactly(there.embed().items(), within(1e-5f));
        }
    }

    static Stream<Arguments> everyModel() {
        return Stream.concat(all(), Stream.of(model("spumr", "neighbors", "3")));
    }

    /** What autograd reads must not be freed before. */
    @ParameterizedTest
    @MethodSource("everyModel")
    void gradientsOutliveTheGarbageCollector(ModelFactory factory, Settings settings) throws Exception {
        Map<String, float[]> expected = gradients(factory, settings);
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger collections = new AtomicInteger();
        Thread collector = new Thread(() -> {
            while (!done.get()) {
                System.gc();
                collections.incrementAndGet();
                LockSupport.parkNanos(5_000_000);
            }
        });
        List<Map<String, float[]>> runs = new ArrayList<>();
        collector.start();
        try {
            do {
                runs.add(gradients(factory, settings));
            } while (collections.get() < 10);
        } finally {
            done.set(true);
            collector.join();
        }
        runs.forEach(run -> run.forEach((name, gradient) ->
                assertThat(distance(gradient, expected.get(name))).as(name).isLessThan(1e-5)));
    }

    private static double distance(float[] a, float[] b) {
        double greatest = 0;
        for (int at = 0; at < a.length; at++) {
            // Keeps NaN, which is below no bound.
            greatest = Math.max(greatest, Math.abs(a[at] - b[at]));
        }
        return greatest;
    }

    private static Map<String, float[]> gradients(ModelFactory factory, Settings settings) {
        try (Backend backend = new HostBackend(2);
                Model model = factory.create(DATA, settings, backend, 3)) {
            model.startEpoch(new SplittableRandom(4));
            model.step(BATCH);
            Map<String, float[]> gradients = new TreeMap<>();
            model.parameters()
                    .forEach(parameter ->
                            gradients.put(parameter.name(), parameter.gradient().toFloats()));
            return gradients;
        }
    }
}

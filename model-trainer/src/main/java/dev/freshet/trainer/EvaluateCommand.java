package dev.freshet.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.freshet.dataset.FloatMatrix;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.dataset.NpyFile;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.store.Safetensors;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains and evaluates a model on a data set by the papers' protocol. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description = {
            "Trains a model on a data set and prints its metrics by the papers' protocol: the published split (or a random one per"
                    + " user), full ranking without the training items, early stopping on Recall@20 of the validation set."
        })
final class EvaluateCommand implements Callable<Integer> {

    private static final Duration NO_LIMIT = Duration.ofDays(365);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "Folder of the data set, in MMRec's form.")
    private Path data;

    @Option(
            names = "--split",
            paramLabel = "HOW",
            defaultValue = "published",
            description =
                    "published (random per user where there is none), random, or time: the first 80 %% of all rows by time to"
                            + " train on, 10 %% to validate, 10 %% to test (default: ${DEFAULT-VALUE}).")
    private ProtocolData.Rows split;

    @Option(
            names = "--graph",
            paramLabel = "FILE",
            description =
                    "Take a modality's neighbors from MODALITY_knnK_neighbors.npy, with MODALITY_knnK_cosine.npy beside it,"
                            + " instead of building them from the features; may be given more than once.")
    private List<Path> graphs = new ArrayList<>();

    @Option(
            names = "--noise",
            paramLabel = "MODALITY=SHARE",
            description =
                    "Replace this share of a modality's vectors by those of other items, to see how robust the model is.")
    private Map<String, Double> noise = new TreeMap<>();

    @Mixin
    private ModelOptions options;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Train with N seeds, from --seed upwards, and give mean and deviation (default: ${DEFAULT-VALUE}).")
    private int seeds;

    @Option(names = "--epochs", paramLabel = "N", description = "Epochs at most (default: the preset's).")
    private Integer epochs;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description =
                    "Keep the state of the training in this folder after each epoch, and go on from what is there.")
    private Path resume;

    @Option(names = "--save", paramLabel = "DIR", description = "Save the models in this folder, as safetensors.")
    private Path save;

    @Option(
            names = "--load",
            paramLabel = "DIR",
            description = "Take the models that --save left in this folder instead of training.")
    private Path load;

    @Option(
            names = "--embeddings",
            paramLabel = "DIR",
            description = {
                "Write the vectors of the data set's users and items, row by row, to NAME-seed-N-users.npy and -items.npy in this"
                        + " folder: the score of a pair is their dot product."
            })
    private Path vectors;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the result as JSON.")
    private Path json;

    @Override
    public Integer call() throws IOException {
        ModelFactory factory = valid(options::factory);
        Settings settings = valid(() -> settings(factory));
        int threads = valid(options::threads);
        TorchThreads.set(threads);
        check();
        MmrecDataSet set = MmrecDataSet.open(data);
        ProtocolData.Treatment treatment =
                valid(() -> ProtocolData.Treatment.of(set, split, graphs, noise, options.seed()));
        ProtocolData protocol = ProtocolData.of(set, treatment, threads);
        PrintWriter out = spec.commandLine().getOut();
        describe(out, set, protocol);
        List<EvaluationReport.Run> runs = new ArrayList<>();
        Metrics popularity;
        try (Workers workers = new Workers(threads);
                Backend backend = Backend.best(threads)) {
            for (long seed = options.seed(); seed < options.seed() + seeds; seed++) {
                runs.add(run(factory, settings, set, treatment, protocol, seed, backend, workers));
            }
            popularity = FullRanking.popularity(protocol.training().train(), protocol.test(), workers);
        }
        EvaluationReport report = new EvaluationReport(
                set.name(),
                factory.name(),
                options.preset(factory.defaultPreset()),
                treatment.asMap(),
                settings.asMap(),
                settings.whole(Settings.EPOCHS, 1),
                runs,
                popularity,
                treatment.isPublished() ? Published.of(set.name(), factory.name(), settings) : Optional.empty());
        report.print(out);
        if (json != null) {
            ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
            Files.write(json, mapper.writeValueAsBytes(report.asMap()));
        }
        boolean diverged = false;
        for (EvaluationReport.Run run : runs) {
            if (run.outcome().diverged()) {
                diverged = true;
                spec.commandLine()
                        .getErr()
                        .println("seed " + run.seed() + ": the loss was not finite in epoch "
                                + run.outcome().epochs()
                                + "; the metrics are those of the best epoch before. Try a smaller learning-rate");
            }
        }
        return diverged ? 1 : 0;
    }

    private static void describe(PrintWriter out, MmrecDataSet set, ProtocolData protocol) {
        TrainingData training = protocol.training();
        out.printf(
                Locale.ROOT,
                "%s: %,d users, %,d items, %,d interactions to train on, %,d to validate, %,d to test; features: %s%n",
                set.name(),
                training.users(),
                training.items(),
                training.train().size(),
                protocol.valid().size(),
                protocol.test().size(),
                training.features().isEmpty()
                        ? "none"
                        : String.join(", ", training.features().keySet()));
        out.flush();
    }

    /** Something that may fail because of an option. */
    private interface Checked<T> {
        T get() throws IOException;
    }

    /** What the options give; a wrong one, or one that the data set does not go with, is wrong usage. */
    private <T> T valid(Checked<T> supplier) throws IOException {
        try {
            return supplier.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private Settings settings(ModelFactory factory) {
        Settings preset = options.settings(factory.defaultPreset());
        Settings settings = epochs == null ? preset : preset.with(Settings.EPOCHS, Integer.toString(epochs));
        settings.whole(Settings.EPOCHS, 1);
        return settings;
    }

    private void check() throws IOException {
        if (seeds < 1) {
            throw usage("--seeds is " + seeds + "; it must be at least 1");
        }
        Path parent = json == null ? null : json.toAbsolutePath().getParent();
        if (json != null && (parent == null || !Files.isDirectory(parent) || Files.isDirectory(json))) {
            throw usage("--json is " + json + "; it must be a file in a folder that exists");
        }
        if (load != null && (resume != null || save != null)) {
            throw usage("--load trains nothing; leave out " + (resume != null ? "--resume" : "--save"));
        }
        if (load != null && !Files.isDirectory(load)) {
            throw usage("--load is " + load + "; it must be a folder that --save was given");
        }
        folder("--resume", resume);
        folder("--save", save);
        folder("--embeddings", vectors);
    }

    private void folder(String option, Path path) {
        try {
            if (path != null) {
                Files.createDirectories(path);
            }
        } catch (IOException e) {
            throw usage(option + " is " + path + "; it must be a folder, or one that can be made");
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private EvaluationReport.Run run(
            ModelFactory factory,
            Settings settings,
            MmrecDataSet set,
            ProtocolData.Treatment treatment,
            ProtocolData protocol,
            long seed,
            Backend backend,
            Workers workers)
            throws IOException {
        TrainingData training = protocol.training();
        try (Model model = valid(() -> factory.create(training, settings, backend, seed))) {
            String name = factory.name() + "-seed-" + seed;
            String file = name + ".safetensors";
            Map<String, String> about = about(factory, settings, set, treatment, seed);
            Training.Outcome outcome;
            if (load == null) {
                Training run = new Training(model, training.train(), settings, workers, seed);
                Checkpoint checkpoint =
                        resume == null ? null : new Checkpoint(resume.resolve(name + ".checkpoint.safetensors"), about);
                outcome = train(run, protocol, settings, factory.name() + " " + seed, checkpoint);
                if (save != null) {
                    save(model, save.resolve(file), about);
                }
            } else {
                valid(() -> loaded(model, load.resolve(file), about));
                Metrics metrics = FullRanking.evaluate(model.embed(), training.train(), protocol.valid(), workers);
                outcome = new Training.Outcome(0, 0, metrics, 0, false);
            }
            Embeddings embeddings = model.embed();
            if (vectors != null) {
                write(embeddings.users(), embeddings.dimension(), name + "-users.npy");
                write(embeddings.items(), embeddings.dimension(), name + "-items.npy");
            }
            Metrics test = FullRanking.evaluate(embeddings, training.train(), protocol.test(), workers);
            return new EvaluationReport.Run(seed, outcome, test);
        }
    }

    private void write(float[] values, int dimension, String file) throws IOException {
        NpyFile.write(vectors.resolve(file), new FloatMatrix(values.length / dimension, dimension, values));
    }

    /** What a run is of. The epochs are no part of it: a run may go on for more than it was begun with. */
    private static Map<String, String> about(
            ModelFactory factory, Settings settings, MmrecDataSet set, ProtocolData.Treatment treatment, long seed) {
        Map<String, String> about = new TreeMap<>(settings.asMap());
        about.remove(Settings.EPOCHS);
        about.putAll(treatment.asMap());
        about.put("--data", set.name());
        about.put("--model", factory.name());
        about.put("--seed", Long.toString(seed));
        return about;
    }

    private Training.Outcome train(
            Training run, ProtocolData protocol, Settings settings, String name, Checkpoint checkpoint)
            throws IOException {
        if (checkpoint != null) {
            valid(checkpoint::load).ifPresent(run::resume);
        }
        try (ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(name)
                .setStyle(ProgressBarStyle.ASCII)
                .setInitialMax(settings.whole(Settings.EPOCHS, 1))
                .setUpdateIntervalMillis(500)
                // Early stopping decides, and the metrics need the room.
                .hideEta()
                .build()) {
            return run.untilNoBetter(protocol.valid(), NO_LIMIT, epoch -> {
                bar.stepTo(epoch.number());
                if (epoch.valid() != null) {
                    bar.setExtraMessage(String.format(
                            Locale.ROOT,
                            " loss %.3f  R@20 %.4f  best %.4f",
                            epoch.loss(),
                            epoch.valid().get(Training.METRIC),
                            epoch.best()));
                }
                if (checkpoint != null) {
                    try {
                        checkpoint.save(run.state());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static void save(Model model, Path file, Map<String, String> about) throws IOException {
        Map<String, Safetensors.Matrix> values = new LinkedHashMap<>();
        for (Parameter parameter : model.parameters()) {
            values.put(parameter.name(), Safetensors.Matrix.of(parameter.value()));
        }
        new Safetensors(about, values, Map.of(), Map.of()).replace(file);
    }

    private static Model loaded(Model model, Path file, Map<String, String> about) throws IOException {
        if (!Files.exists(file)) {
            throw new IllegalArgumentException(
                    "--load has no " + file.getFileName() + " in " + file.getParent() + "; name what --save was given");
        }
        Safetensors content = Safetensors.read(file);
        Checkpoint.requireSame("--load", file, content.metadata(), about);
        Map<String, Safetensors.Matrix> saved = content.matrices();
        for (Parameter parameter : model.parameters()) {
            Safetensors.Matrix matrix = saved.get(parameter.name());
            if (matrix == null
                    || matrix.rows() != parameter.value().rows()
                    || matrix.columns() != parameter.value().columns()) {
                throw new IllegalArgumentException("--load finds a model of other settings or data in " + file + ": "
                        + parameter.name() + " is "
                        + (matrix == null ? "missing" : matrix.rows() + " x " + matrix.columns()) + ", not "
                        + parameter.value().rows() + " x "
                        + parameter.value().columns());
            }
            parameter.value().set(matrix.values());
        }
        return model;
    }
}

package dev.freshet.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.evaluation.FullRanking;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
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
            names = "--published-graphs",
            description =
                    "Take the item graphs that were published with the data set, where there are any, instead of building"
                            + " them from the features.")
    private boolean publishedGraphs;

    @Mixin
    private ModelOptions options;

    @Option(names = "--epochs", paramLabel = "N", description = "Epochs at most (default: the preset's).")
    private Integer epochs;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the result as JSON.")
    private Path json;

    @Override
    public Integer call() throws IOException {
        ModelFactory factory = valid(options::factory);
        Settings settings = valid(() -> settings(factory));
        int threads = valid(options::threads);
        TorchThreads.set(threads);
        checkJson();
        MmrecDataSet set = MmrecDataSet.open(data);
        ProtocolData protocol = ProtocolData.of(set, publishedGraphs, options.seed(), threads);
        TrainingData training = protocol.training();
        PrintWriter out = spec.commandLine().getOut();
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
        try (Workers workers = new Workers(threads);
                Backend backend = Backend.best(threads);
                Model model = valid(() -> factory.create(training, settings, backend, options.seed()))) {
            Training run = new Training(model, training.train(), settings, workers, options.seed());
            Training.Outcome outcome = train(run, protocol, settings, factory.name());
            Metrics test = FullRanking.evaluate(model.embed(), training.train(), protocol.test(), workers);
            Metrics popularity = FullRanking.popularity(training.train(), protocol.test(), workers);
            print(out, outcome, test, popularity);
            if (json != null) {
                write(set, factory, settings, outcome, test);
            }
            if (outcome.diverged()) {
                spec.commandLine()
                        .getErr()
                        .println("the loss was not finite in epoch " + outcome.epochs()
                                + "; the metrics are those of the best epoch before. Try a smaller learning-rate");
                return 1;
            }
        }
        return 0;
    }

    /** What the options give; a wrong one, or one that the data set does not go with, is wrong usage. */
    private <T> T valid(Supplier<T> supplier) {
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

    private void checkJson() {
        Path folder = json == null ? null : json.toAbsolutePath().getParent();
        if (json != null && (folder == null || !Files.isDirectory(folder) || Files.isDirectory(json))) {
            throw new ParameterException(
                    spec.commandLine(), "--json is " + json + "; it must be a file in a folder that exists");
        }
    }

    private static Training.Outcome train(Training run, ProtocolData protocol, Settings settings, String name) {
        int epochs = settings.whole(Settings.EPOCHS, 1);
        try (ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(name)
                .setStyle(ProgressBarStyle.ASCII)
                .setInitialMax(epochs)
                .setUpdateIntervalMillis(500)
                .build()) {
            return run.untilNoBetter(protocol.valid(), NO_LIMIT, epoch -> {
                bar.stepTo(epoch.number());
                if (epoch.valid() != null) {
                    bar.setExtraMessage(String.format(
                            Locale.ROOT,
                            " loss %.4f  valid R@20 %.4f  best %.4f",
                            epoch.loss(),
                            epoch.valid().get(Training.METRIC),
                            epoch.best()));
                }
            });
        }
    }

    private static void print(PrintWriter out, Training.Outcome outcome, Metrics test, Metrics popularity) {
        out.printf(
                Locale.ROOT,
                "best epoch %d of %d, %.2f s per epoch, %,d test users%n",
                outcome.bestEpoch(),
                outcome.epochs(),
                outcome.secondsPerEpoch(),
                test.users());
        out.printf("%-14s %8s %8s %12s%n", "metric", "valid", "test", "popularity");
        for (String metric : new String[] {"recall", "precision", "ndcg"}) {
            for (int k : Metrics.CUTOFFS) {
                String name = metric + '@' + k;
                out.printf(
                        Locale.ROOT,
                        "%-14s %8.4f %8.4f %12.4f%n",
                        name,
                        outcome.valid().get(name),
                        test.get(name),
                        popularity.get(name));
            }
        }
        out.flush();
    }

    private void write(
            MmrecDataSet set, ModelFactory factory, Settings settings, Training.Outcome outcome, Metrics test)
            throws IOException {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("data", set.name());
        result.put("model", factory.name());
        result.put("preset", options.preset(factory.defaultPreset()));
        result.put("settings", settings.asMap());
        result.put("seed", options.seed());
        result.put("epochs", outcome.epochs());
        result.put("bestEpoch", outcome.bestEpoch());
        result.put("secondsPerEpoch", outcome.secondsPerEpoch());
        result.put("valid", outcome.valid().values());
        result.put("metrics", test.values());
        result.put("users", test.users());
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        Files.write(json, mapper.writeValueAsBytes(result));
    }
}

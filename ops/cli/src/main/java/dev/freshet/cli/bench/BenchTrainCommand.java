package dev.freshet.cli.bench;

import dev.freshet.cli.OutputFiles;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.command.ModelName;
import dev.freshet.dataset.DataSetException;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.process.Signals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet bench train}: how fast the models train. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = {
            "Measures seconds per epoch of each model on a data set, by its default preset and after a warm-up; the sparse"
                    + " product by both implementations; the full ranking of all users; and the memory after the first and the"
                    + " last epoch.",
            "Where a Python with PyTorch is installed (Debian: apt install python3-torch), a plain PyTorch loop of LightGCN in"
                    + " the same run gives the ratio."
        },
        footer = {"", "Exit status: 0 measured, 1 failed, 2 wrong usage or no such data set. See docs/benchmarks.md."})
public final class BenchTrainCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "Folder of the data set, in MMRec's form.")
    private Path data;

    @Option(
            names = "--models",
            paramLabel = "NAME",
            split = ",",
            converter = ModelName.class,
            description = "Models, separated by commas. Default: all")
    private List<String> models = new ArrayList<>();

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "5",
            description = "Epochs of each model that are timed. Default: ${DEFAULT-VALUE}")
    private int epochs;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "2",
            description = "Epochs of each model before the clock starts. Default: ${DEFAULT-VALUE}")
    private int warmUp;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "2",
            description = "Threads, PyTorch's too. Default: ${DEFAULT-VALUE}")
    private int threads;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
    private Path json;

    @Option(
            names = "--profile",
            paramLabel = "FILE",
            description = "Record the trainer with JDK Flight Recorder (.jfr); costs it a few percent.")
    private Path profile;

    @Override
    public Integer call() throws ClusterException, IOException {
        atLeast("--epochs", epochs, 1);
        atLeast("--warm-up", warmUp, 0);
        atLeast("--threads", threads, 1);
        OutputFiles.check(spec, "--json", json);
        OutputFiles.check(spec, "--profile", profile);
        try {
            MmrecDataSet.open(data);
        } catch (DataSetException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        // An interrupted thread leaves through every finally: processes end and the folder goes.
        Thread main = Thread.currentThread();
        Signals.onStop(main::interrupt);
        TrainBenchResult result;
        try (TrainBench bench = new TrainBench()) {
            result = bench.run(new TrainBench.Options(data, models, warmUp, epochs, threads, profile));
        } catch (InterruptedException e) {
            spec.commandLine().getErr().println("freshet bench train: interrupted; nothing was left behind");
            return INTERRUPTED;
        }
        result.print(spec.commandLine().getOut());
        if (json != null) {
            Files.writeString(json, result.toJson().toPrettyString() + System.lineSeparator());
        }
        return 0;
    }

    private void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new ParameterException(
                    spec.commandLine(), option + " is " + value + "; it must be at least " + least);
        }
    }
}

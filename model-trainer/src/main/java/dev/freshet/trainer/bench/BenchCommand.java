package dev.freshet.trainer.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.dataset.MmrecDataSet;
import dev.freshet.trainer.ProtocolData;
import dev.freshet.trainer.TorchThreads;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Workers;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures how fast models train. Prints lines of JSON: {@code {"done": epochs, "of": all}} on the way, then one with the results. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description =
                "Measures training on a data set, and prints the results as JSON; freshet bench train shows them.")
public final class BenchCommand implements Callable<Integer> {

    private static final ObjectMapper JSON = new ObjectMapper();

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
            description = "Models, separated by commas (default: all).")
    private List<String> models = new ArrayList<>(Models.names());

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "2",
            description = "Epochs of each model before the clock starts (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "5",
            description = "Epochs of each model that are timed (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "2",
            description = "Threads, torch's too (default: ${DEFAULT-VALUE}).")
    private int threads;

    private int done;

    @Override
    public Integer call() throws IOException {
        check();
        TorchThreads.set(threads);
        MmrecDataSet set = MmrecDataSet.open(data);
        TrainingData training = ProtocolData.of(set, 1, threads).training();
        ObjectNode result = JSON.createObjectNode();
        result.put("data", set.name()).put("threads", threads).put("epochs", epochs);
        PropagationTiming propagation = PropagationTiming.of(training.train(), threads);
        result.putObject("propagation")
                .put("simd_seconds", propagation.simdSeconds())
                .put("torch_seconds", propagation.torchSeconds())
                .put("difference", propagation.difference());
        ObjectNode timings = JSON.createObjectNode();
        try (Workers workers = new Workers(threads);
                Backend backend = Backend.best(threads)) {
            result.put("device", backend.device().toString());
            result.put(
                    "full_ranking_seconds",
                    RankingTiming.of(training.train(), workers).seconds());
            for (String model : models) {
                timings.set(
                        model, json(ModelTiming.of(model, training, backend, workers, warmUp, epochs, this::progress)));
            }
        }
        result.set("models", timings);
        print(result);
        return 0;
    }

    private void check() {
        atLeast("--warm-up", warmUp, 0);
        atLeast("--epochs", epochs, 1);
        atLeast("--threads", threads, 1);
        try {
            models.forEach(Models::of);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new ParameterException(
                    spec.commandLine(), option + " is " + value + "; it must be at least " + least);
        }
    }

    private void progress() {
        print(JSON.createObjectNode().put("done", ++done).put("of", models.size() * (warmUp + epochs)));
    }

    private void print(ObjectNode line) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(line);
        out.flush();
    }

    private static ObjectNode json(ModelTiming timing) {
        ObjectNode json = JSON.createObjectNode()
                .put("seconds_per_epoch", ModelTiming.median(timing.seconds()))
                .put("cpu_seconds_per_epoch", ModelTiming.median(timing.cpuSeconds()))
                .put("runs", timing.seconds().length);
        for (double seconds : timing.seconds()) {
            json.withArray("seconds").add(seconds);
        }
        return json.put("preset", timing.preset())
                .put("batch", timing.batch())
                .put("resident_bytes_first", timing.first().resident())
                .put("resident_bytes_last", timing.last().resident())
                .put("native_bytes_first", timing.first().outsideHeap())
                .put("native_bytes_last", timing.last().outsideHeap());
    }
}

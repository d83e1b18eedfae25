package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.Part;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the trainer's measurement, then PyTorch's, with their logs in a folder that goes at the end. */
final class TrainBench implements AutoCloseable {

    private static final String YARDSTICKS = "bench";
    private static final String PYTORCH = "dev.freshet.bench.PyTorchLightGcnMain";

    private final Path folder;

    TrainBench() throws IOException {
        folder = Files.createTempDirectory("freshet-bench-");
    }

    /**
     * What to run.
     *
     * @param data data set in MMRec's form
     * @param models names; empty for all
     * @param warmUp epochs before the clock starts
     * @param epochs epochs timed
     * @param threads of the trainer, and of PyTorch
     * @param profile file for a flight recording of the trainer, or null
     */
    record Options(Path data, List<String> models, int warmUp, int epochs, int threads, Path profile) {
        private List<String> arguments() {
            return List.of(
                    "--data",
                    data.toString(),
                    "--warm-up",
                    Integer.toString(warmUp),
                    "--epochs",
                    Integer.toString(epochs),
                    "--threads",
                    Integer.toString(threads));
        }
    }

    TrainBenchResult run(Options options) throws IOException, ClusterException, InterruptedException {
        List<String> flags = options.profile == null
                ? List.of()
                : List.of("-XX:StartFlightRecording=settings=profile,filename=" + options.profile.toAbsolutePath());
        List<String> arguments = new ArrayList<>(List.of("bench"));
        arguments.addAll(options.arguments());
        if (!options.models.isEmpty()) {
            arguments.addAll(List.of("--models", String.join(",", options.models)));
        }
        int each = options.warmUp + options.epochs;
        JsonNode trainer = new MeasuringProcess(
                        "Models",
                        Part.TRAINER.folder(),
                        Part.TRAINER.mainClass(),
                        flags,
                        arguments,
                        folder.resolve("trainer.log"))
                .run(-1, "epochs", "done");
        JsonNode pytorch = new MeasuringProcess(
                        "PyTorch", YARDSTICKS, PYTORCH, List.of(), options.arguments(), folder.resolve("pytorch.log"))
                .run(each, "epochs", "done");
        return new TrainBenchResult(HostMachine.now(), trainer, pytorch);
    }

    /** Deletes the folder. */
    @Override
    public void close() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}

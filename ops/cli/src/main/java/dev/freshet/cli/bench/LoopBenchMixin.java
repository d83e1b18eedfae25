package dev.freshet.cli.bench;

import dev.freshet.cli.Durations;
import dev.freshet.cli.OutputFiles;
import dev.freshet.cli.command.ModelName;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSetException;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of the measurements that need a whole loop with a model in force. */
final class LoopBenchMixin {

    private static final int MAX_RATE = 1_000_000;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Data set: a folder or a CSV file.")
    private Path data;

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description =
                    "Keep the prepared loop in this folder, and start from it the next time. Default: a folder that goes"
                            + " at the end")
    private Path state;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = "spumr",
            converter = ModelName.class,
            description = "Model that is trained before. Default: ${DEFAULT-VALUE}")
    private String model;

    @Option(
            names = "--training-time",
            paramLabel = "TIME",
            defaultValue = "60s",
            converter = Durations.class,
            description = "Time after which that training begins no new epoch. Default: ${DEFAULT-VALUE}")
    private Duration trainingTime;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "30",
            description = "Seconds at each rate. Default: ${DEFAULT-VALUE}")
    private int seconds;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "10",
            description = "Seconds at the first rate that are not counted. Default: ${DEFAULT-VALUE}")
    private int warmUp;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
    private Path json;

    /** The preparation, checked; rates are checked with it. */
    PreparedLoop.Options options(Duration checkpointInterval, List<Integer> rates) throws IOException {
        for (int rate : rates) {
            require(
                    rate >= 1 && rate <= MAX_RATE,
                    "--rates has " + rate + "; a rate is 1 to " + MAX_RATE + " a second");
        }
        require(seconds >= 1, "--seconds is " + seconds + "; it must be at least 1");
        require(warmUp >= 1, "--warm-up is " + warmUp + "; it must be at least 1");
        require(!trainingTime.isZero(), "--training-time is no time; at least 1ms");
        OutputFiles.check(spec, "--json", json);
        Feed feed;
        try {
            feed = DataSets.open(data, BadRows.skipped());
        } catch (DataSetException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return new PreparedLoop.Options(feed, state, model, trainingTime, checkpointInterval);
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    int seconds() {
        return seconds;
    }

    int warmUp() {
        return warmUp;
    }

    /** File for the results, or null. */
    Path json() {
        return json;
    }
}

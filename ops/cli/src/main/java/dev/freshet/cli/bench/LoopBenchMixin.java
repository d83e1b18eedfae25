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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every measurement that needs a whole loop with a model in force. */
final class LoopBenchMixin {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Data set: a folder or a CSV file.")
    private Path data;

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

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
    private Path json;

    /**
     * The preparation, checked.
     *
     * @param state folder that keeps the state for the next time; null for one that goes at the end
     * @param held events at the end of the data set that are left for the measurement to send
     */
    PreparedLoop.Options options(Path state, Duration checkpointInterval, long held) throws IOException {
        require(!trainingTime.isZero(), "--training-time is no time; at least 1ms");
        OutputFiles.check(spec, "--json", json);
        Feed feed;
        try {
            feed = DataSets.open(data, BadRows.skipped());
        } catch (DataSetException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return new PreparedLoop.Options(feed, state, model, trainingTime, checkpointInterval, held);
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    /** File for the results, or null. */
    Path json() {
        return json;
    }
}

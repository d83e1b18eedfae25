package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.cli.Durations;
import dev.freshet.cli.OutputFiles;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.send.SendException;
import dev.freshet.cli.verify.GraphOptions;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSetException;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import dev.freshet.process.Signals;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.apache.kafka.common.errors.InterruptException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet bench graph}: the graph job between the naive job and the in-memory limit. */
@Command(
        name = "graph",
        mixinStandardHelpOptions = true,
        description = {
            "Measures the graph job on a data set, from the topic to the committed snapshot: exactly once, RocksDB, the broker"
                    + " on the same machine. Beside it, on the same topic, the naive job (a MapState cell per pair) and the"
                    + " in-memory loop on one thread, which is the limit.",
            "It brings its own broker on free ports, and leaves nothing behind."
        },
        footer = {"", "Exit status: 0 measured, 1 failed, 2 wrong usage or no such data set. See docs/benchmarks.md."})
public final class BenchGraphCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Input input;

    /** What is measured. */
    private static final class Input {
        @Option(names = "--data", paramLabel = "DIR", description = "Data set: a folder or a CSV file.")
        private Path data;

        @Option(
                names = "--hot-keys",
                paramLabel = "N",
                description = "N simulated events instead: one item in half of them, one user with two fifths.")
        private Long hotKeys;
    }

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
    private Path json;

    @Option(
            names = "--naive-events",
            paramLabel = "N",
            description = "Events for the naive job, about. Default: as many as take it about a minute")
    private Long naiveEvents;

    @Option(
            names = "--parallelism",
            paramLabel = "N",
            defaultValue = "1",
            description = "Parallelism of both jobs. Default: ${DEFAULT-VALUE}")
    private int parallelism;

    @Option(
            names = "--checkpoint-interval",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = Durations.class,
            description = "Time between two checkpoints, and so snapshots, of the graph job. Default: ${DEFAULT-VALUE}")
    private Duration checkpointInterval;

    @Mixin
    private GraphOptions graphs;

    @Option(
            names = "--profile",
            paramLabel = "FILE",
            description = "Record the graph job with JDK Flight Recorder (.jfr); costs it a few percent.")
    private Path profile;

    @Override
    public Integer call() throws CliException, ClusterException, IOException {
        check();
        Feed feed;
        BadRows badRows = BadRows.skipped();
        try {
            feed = input.hotKeys == null ? DataSets.open(input.data, badRows) : new HotKeyFeed(input.hotKeys);
        } catch (DataSetException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        // An interrupted thread leaves through every finally: processes end and the folder goes.
        Thread main = Thread.currentThread();
        Signals.onStop(main::interrupt);
        GraphBenchResult result;
        try (GraphBench bench = GraphBench.start(feed)) {
            result = bench.run(new GraphBench.Options(naiveEvents, parallelism, checkpointInterval, profile, graphs));
        } catch (SendException e) {
            throw new CliException(e.getMessage(), e);
        } catch (InterruptedException | InterruptException e) {
            spec.commandLine().getErr().println("freshet bench graph: interrupted; nothing was left behind");
            return INTERRUPTED;
        }
        PrintWriter out = spec.commandLine().getOut();
        result.print(out);
        if (badRows.count() > 0) {
            out.printf("%,d bad rows of the data set were skipped%n", badRows.count());
        }
        if (json != null) {
            Files.writeString(json, result.toJson().toPrettyString() + System.lineSeparator());
        }
        return 0;
    }

    private void check() {
        graphs.check();
        if (naiveEvents != null && naiveEvents < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--naive-events is " + naiveEvents + "; it must be at least 1");
        }
        if (input.hotKeys != null && input.hotKeys < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--hot-keys is " + input.hotKeys + "; it must be at least 1");
        }
        if (parallelism < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--parallelism is " + parallelism + "; it must be at least 1");
        }
        if (checkpointInterval.isZero()) {
            throw new ParameterException(spec.commandLine(), "--checkpoint-interval is no time; at least 1ms");
        }
        OutputFiles.check(spec, "--json", json);
        OutputFiles.check(spec, "--profile", profile);
    }
}

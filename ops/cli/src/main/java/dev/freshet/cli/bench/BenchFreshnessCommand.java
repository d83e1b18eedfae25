package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.cli.Durations;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.send.SendException;
import dev.freshet.process.Signals;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.kafka.common.errors.InterruptException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet bench freshness}: how soon an interaction shows. */
@Command(
        name = "freshness",
        mixinStandardHelpOptions = true,
        description = {
            "Measures the time from the send of an interaction until its user's new recommendations are read from the topic, and"
                    + " until the changed neighbor lists are; read_committed, broker, graph job and serving on the same machine,"
                    + " a model in force, no training beside.",
            "Interactions are sent at their times whether earlier ones are answered or not, and the clock starts at the time"
                    + " that one was due. The cluster is its own, on free ports."
        },
        footer = {"", "Exit status: 0 measured, 1 failed, 2 wrong usage or no such data set. See docs/benchmarks.md."})
public final class BenchFreshnessCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--rates",
            paramLabel = "N",
            split = ",",
            defaultValue = "200,1000,2000",
            description = "Interactions a second, separated by commas. Default: ${DEFAULT-VALUE}")
    private List<Integer> rates;

    @Option(
            names = "--checkpoint-interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = Durations.class,
            description =
                    "Time between two checkpoints of the graph job, which bounds how fresh neighbor lists are. Default:"
                            + " ${DEFAULT-VALUE}")
    private Duration checkpointInterval;

    @Mixin
    private LoopBenchMixin loop;

    @Mixin
    private LoadMixin load;

    @Override
    public Integer call() throws CliException, ClusterException, IOException {
        if (checkpointInterval.isZero()) {
            throw new ParameterException(spec.commandLine(), "--checkpoint-interval is no time; at least 1ms");
        }
        load.check(rates);
        PreparedLoop.Options options = loop.options(load.state(), checkpointInterval, 0);
        // An interrupted thread leaves through every finally: processes end and the folder goes.
        Thread main = Thread.currentThread();
        Signals.onStop(main::interrupt);
        FreshnessResult result;
        try (PreparedLoop prepared = PreparedLoop.start(options);
                FreshnessBench bench = new FreshnessBench(prepared)) {
            List<FreshnessResult.Run> runs = bench.run(rates, load.seconds(), load.warmUp());
            result = new FreshnessResult(
                    options.feed().name(),
                    HostMachine.now(),
                    prepared.model(),
                    prepared.users().size(),
                    prepared.items().size(),
                    checkpointInterval,
                    runs);
        } catch (SendException e) {
            throw new CliException(e.getMessage(), e);
        } catch (InterruptedException | InterruptException e) {
            spec.commandLine().getErr().println("freshet bench freshness: interrupted; its processes have ended");
            return INTERRUPTED;
        }
        result.print(spec.commandLine().getOut());
        if (loop.json() != null) {
            Files.writeString(loop.json(), result.toJson().toPrettyString() + System.lineSeparator());
        }
        return 0;
    }
}

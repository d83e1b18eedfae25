package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.send.SendException;
import dev.freshet.process.Signals;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.apache.kafka.common.errors.InterruptException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet bench retrain}: how long it takes until everyone has lists of a model that knows what happened last. */
@Command(
        name = "retrain",
        mixinStandardHelpOptions = true,
        description = {
            "Measures a retraining from the command to the last list: a snapshot of everything, a training that starts from the"
                    + " release in force, the gate, the release, and all users scored anew.",
            "Before, a model is trained from the beginning on all but the last interactions of the data set, and released; then"
                    + " these are sent. The cluster is its own, on free ports."
        },
        footer = {"", "Exit status: 0 measured, 1 failed, 2 wrong usage or no such data set. See docs/benchmarks.md."})
public final class BenchRetrainCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;
    private static final Duration CHECKPOINT_INTERVAL = Duration.ofSeconds(5);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--new",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Events at the end of the data set that only the retraining knows. Default: ${DEFAULT-VALUE}")
    private long fresh;

    @Mixin
    private LoopBenchMixin loop;

    @Override
    public Integer call() throws CliException, ClusterException, IOException {
        if (fresh < 1) {
            throw new ParameterException(spec.commandLine(), "--new is " + fresh + "; it must be at least 1");
        }
        PreparedLoop.Options options = loop.options(null, CHECKPOINT_INTERVAL, fresh);
        // An interrupted thread leaves through every finally: processes end and the folder goes.
        Thread main = Thread.currentThread();
        Signals.onStop(main::interrupt);
        RetrainResult result;
        try (PreparedLoop prepared = PreparedLoop.start(options)) {
            result = new RetrainBench(prepared).run(options.feed().name());
        } catch (SendException e) {
            throw new CliException(e.getMessage(), e);
        } catch (InterruptedException | InterruptException e) {
            spec.commandLine().getErr().println("freshet bench retrain: interrupted; its processes have ended");
            return INTERRUPTED;
        }
        result.print(spec.commandLine().getOut());
        if (loop.json() != null) {
            Files.writeString(loop.json(), result.toJson().toPrettyString() + System.lineSeparator());
        }
        return 0;
    }
}

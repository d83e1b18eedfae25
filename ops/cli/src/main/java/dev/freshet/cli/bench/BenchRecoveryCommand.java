package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.send.SendException;
import dev.freshet.codec.BadRecordException;
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

/** {@code freshet bench recovery}: how soon the loop goes on after a crash, and whether it goes on rightly. */
@Command(
        name = "recovery",
        mixinStandardHelpOptions = true,
        description = {
            "Kills (SIGKILL) serving, the graph job, the broker, and the trainer in each phase of a training, under traffic, and"
                    + " measures the time until fresh lists flow again.",
            "In the end it checks all that was published: every acknowledged interaction has exactly one list, and the last one of"
                    + " a user none that is older after it; no list mixes two models; nobody is recommended what they have;"
                    + " no release is there in part. The last line is SOUND, or UNSOUND with what is wrong.",
            "The traffic is the last events of the data set. The cluster is its own, on free ports."
        },
        footer = {
            "",
            "Exit status: 0 measured and sound, 1 failed or unsound, 2 wrong usage or no such data set. See docs/benchmarks.md."
        })
public final class BenchRecoveryCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;
    private static final Duration CHECKPOINT_INTERVAL = Duration.ofSeconds(1);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--times",
            paramLabel = "N",
            defaultValue = "3",
            description = "Kills of each part, and of the trainer in each phase. Default: ${DEFAULT-VALUE}")
    private int times;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "50",
            description = "Interactions a second. Default: ${DEFAULT-VALUE}")
    private int rate;

    @Option(
            names = "--held",
            paramLabel = "N",
            defaultValue = "40000",
            description =
                    "Events at the end of the data set that are the traffic, over and over. Default: ${DEFAULT-VALUE}")
    private long held;

    @Mixin
    private LoopBenchMixin loop;

    @Override
    public Integer call() throws CliException, ClusterException, IOException {
        require(times >= 1, "--times is " + times + "; it must be at least 1");
        require(rate >= 1 && rate <= Traffic.MAX_RATE, "--rate is " + rate + "; it may be 1 to " + Traffic.MAX_RATE);
        require(held >= 1, "--held is " + held + "; it must be at least 1");
        PreparedLoop.Options options = loop.options(null, CHECKPOINT_INTERVAL, held);
        // An interrupted thread leaves through every finally: processes end and the folder goes.
        Thread main = Thread.currentThread();
        Signals.onStop(main::interrupt);
        RecoveryResult result;
        try (PreparedLoop prepared = PreparedLoop.start(options);
                RecoveryBench bench = new RecoveryBench(prepared, times, rate)) {
            result = bench.run(options.feed().name());
        } catch (SendException | BadRecordException e) {
            throw new CliException(e.getMessage(), e);
        } catch (InterruptedException | InterruptException e) {
            spec.commandLine().getErr().println("freshet bench recovery: interrupted; its processes have ended");
            return INTERRUPTED;
        }
        result.print(spec.commandLine().getOut());
        if (loop.json() != null) {
            Files.writeString(loop.json(), result.toJson().toPrettyString() + System.lineSeparator());
        }
        return result.sound() ? 0 : 1;
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }
}

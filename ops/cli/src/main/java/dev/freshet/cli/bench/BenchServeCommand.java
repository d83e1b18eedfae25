package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.send.SendException;
import dev.freshet.process.Signals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.InterruptException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code freshet bench serve}: how fast serving answers over HTTP. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = {
            "Measures GET /v1/recommendations/USER, for users drawn from all, from a process of its own over connections that stay"
                    + " open; then the highest rate that is sustained.",
            "Requests are made at their times whether earlier ones are answered or not, and the clock starts at the time that"
                    + " one was due. The cluster is its own, on free ports."
        },
        footer = {"", "Exit status: 0 measured, 1 failed, 2 wrong usage or no such data set. See docs/benchmarks.md."})
public final class BenchServeCommand implements Callable<Integer> {

    private static final int INTERRUPTED = 130;
    private static final Duration CHECKPOINT_INTERVAL = Duration.ofSeconds(5);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--rates",
            paramLabel = "N",
            split = ",",
            defaultValue = "1000",
            description = "Requests a second, separated by commas. Default: ${DEFAULT-VALUE}")
    private List<Integer> rates;

    @Mixin
    private LoopBenchMixin loop;

    @Mixin
    private LoadMixin load;

    @Override
    public Integer call() throws CliException, ClusterException, IOException {
        load.check(rates);
        PreparedLoop.Options options = loop.options(load.state(), CHECKPOINT_INTERVAL, 0);
        // An interrupted thread leaves through every finally: processes end and the folder goes.
        Thread main = Thread.currentThread();
        Signals.onStop(main::interrupt);
        ServeResult result;
        try (PreparedLoop prepared = PreparedLoop.start(options)) {
            result = new ServeResult(
                    options.feed().name(),
                    prepared.model(),
                    prepared.users().size(),
                    measure(prepared),
                    HostMachine.now());
        } catch (SendException e) {
            throw new CliException(e.getMessage(), e);
        } catch (InterruptedException | InterruptException e) {
            spec.commandLine().getErr().println("freshet bench serve: interrupted; its processes have ended");
            return INTERRUPTED;
        }
        result.print(spec.commandLine().getOut());
        if (loop.json() != null) {
            Files.writeString(loop.json(), result.toJson().toPrettyString() + System.lineSeparator());
        }
        return 0;
    }

    private JsonNode measure(PreparedLoop prepared) throws IOException, ClusterException, InterruptedException {
        Path users = Files.createTempFile("freshet-bench-", ".users");
        Path log = prepared.cluster().options().state().resolve("logs").resolve("http-load.log");
        try {
            Files.write(users, prepared.users());
            return new MeasuringProcess(
                            "Load",
                            "bench",
                            "dev.freshet.bench.HttpLoadMain",
                            List.of(),
                            List.of(
                                    "--serving",
                                    prepared.cluster().servingUri().toString(),
                                    "--users",
                                    users.toString(),
                                    "--rates",
                                    rates.stream().map(String::valueOf).collect(Collectors.joining(",")),
                                    "--seconds",
                                    Integer.toString(load.seconds()),
                                    "--warm-up",
                                    Integer.toString(load.warmUp())),
                            log)
                    .run(-1, "requests", "requests");
        } finally {
            Files.delete(users);
        }
    }
}

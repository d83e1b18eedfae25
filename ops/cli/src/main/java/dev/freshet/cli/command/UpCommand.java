package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.cli.Freshet;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.cli.cluster.RunFile;
import dev.freshet.process.Installation;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code freshet up}: the loop in the background. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Starts the loop in the background, and returns when every part is ready.")
public final class UpCommand implements Callable<Integer> {

    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClusterMixin cluster;

    @Override
    public Integer call() throws Exception {
        ClusterOptions options = cluster.options();
        Path log = options.state().resolve("logs").resolve("supervisor.log");
        LocalCluster.requireFree(options.state());
        Process supervisor;
        long logStart;
        try {
            Files.createDirectories(log.getParent());
            logStart = Files.exists(log) ? Files.size(log) : 0;
            supervisor = start(log);
        } catch (IOException e) {
            throw new CliException("cannot write to the state folder " + options.state() + " (" + e
                    + "); choose another with --state");
        }
        // Until it is up, whoever interrupts this command means the cluster.
        Thread interrupted = new Thread(supervisor::destroy);
        Runtime.getRuntime().addShutdownHook(interrupted);
        await(supervisor, options, log, logStart);
        Runtime.getRuntime().removeShutdownHook(interrupted);
        PrintWriter out = spec.commandLine().getOut();
        out.println("the loop runs (pid " + supervisor.pid() + "), its state in " + options.state());
        out.println("  page   " + options.servingUri());
        out.println("  Kafka  " + options.bootstrapServers());
        out.println("  Flink  " + options.flinkUri());
        return 0;
    }

    private Process start(Path log) throws IOException {
        Path jars = Installation.find().jars("cli");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + jars.resolve("jvm.options"));
        command.add(
                "-D" + Installation.HOME_PROPERTY + "=" + Installation.find().home());
        command.add("-D" + SuperviseCommand.DETACHED + "=true");
        command.add("-cp");
        command.add(jars + File.separator + "*");
        command.add(Freshet.class.getName());
        command.add("supervise");
        command.addAll(spec.commandLine().getParseResult().originalArgs().stream()
                .skip(1)
                .toList());
        return new ProcessBuilder(command)
                .redirectInput(new File(System.getProperty("os.name").startsWith("Windows") ? "NUL" : "/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private void await(Process supervisor, ClusterOptions options, Path log, long logStart)
            throws CliException, IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        Instant deadline = Instant.now().plus(TIMEOUT);
        Map<String, PartStatus.State> seen = new TreeMap<>();
        while (true) {
            if (supervisor.waitFor(100, TimeUnit.MILLISECONDS)) {
                throw new CliException(reason(log, logStart));
            }
            Optional<RunFile.Content> running =
                    RunFile.running(options.state()).filter(content -> content.pid() == supervisor.pid());
            if (running.isPresent()) {
                Map<String, PartStatus> parts = running.get().parts();
                parts.forEach((part, status) -> {
                    if (status.state() == PartStatus.State.READY && seen.put(part, status.state()) == null) {
                        out.println(part + " ready after " + status.startMillis() + " ms");
                        out.flush();
                    }
                });
                if (!parts.isEmpty() && seen.size() == parts.size()) {
                    return;
                }
            }
            if (Instant.now().isAfter(deadline)) {
                supervisor.destroy();
                supervisor.waitFor();
                throw new CliException("the loop is not ready after " + TIMEOUT.toSeconds()
                        + " s and was stopped; see the logs in " + log.getParent());
            }
        }
    }

    /** What the supervisor said last of its own accord. */
    private static String reason(Path log, long start) throws IOException {
        String prefix = "freshet supervise: ";
        List<String> lines;
        try (InputStream in = Files.newInputStream(log)) {
            in.skipNBytes(start);
            lines = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        for (int i = lines.size() - 1; i >= 0; i--) {
            if (lines.get(i).startsWith(prefix)) {
                return String.join("\n", lines.subList(i, lines.size())).substring(prefix.length());
            }
        }
        return "the supervisor ended; its log is " + log;
    }
}

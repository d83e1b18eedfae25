package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.RunFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code freshet down}. */
@Command(
        name = "down",
        mixinStandardHelpOptions = true,
        description = "Stops the loop in order; the graph job takes a savepoint. The state stays.")
public final class DownCommand implements Callable<Integer> {

    private static final Duration TIMEOUT = Duration.ofSeconds(90);

    @Spec
    private CommandSpec spec;

    @Mixin
    private StateOption state;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Path folder = state.path();
        Optional<RunFile.Content> running = running(folder);
        if (running.isEmpty()) {
            out.println("nothing runs on " + folder);
            return 0;
        }
        Set<ProcessHandle> asked = new HashSet<>();
        Instant deadline = Instant.now().plus(TIMEOUT);
        while (running.isPresent() || asked.stream().anyMatch(DownCommand::lives)) {
            // Asking twice would mean at once.
            running.flatMap(RunFile.Content::owner).filter(asked::add).ifPresent(ProcessHandle::destroy);
            if (Instant.now().isAfter(deadline)) {
                throw new CliException("the cluster on " + folder + " has not stopped after " + TIMEOUT.toSeconds()
                        + " s; see its logs in " + folder.resolve("logs"));
            }
            Thread.sleep(100);
            running = running(folder);
        }
        out.println("stopped; the state stays in " + folder);
        return 0;
    }

    /** A process that has ended has no command line, even if nobody has asked for its exit code. */
    private static boolean lives(ProcessHandle process) {
        return process.isAlive() && process.info().commandLine().isPresent();
    }

    private static Optional<RunFile.Content> running(Path folder) throws CliException {
        try {
            return RunFile.running(folder);
        } catch (IOException e) {
            throw new CliException("cannot read the state folder " + folder + ": " + e);
        }
    }
}

package dev.freshet.cli.command;

import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.process.Signals;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The process that {@code freshet up} leaves behind: runs the cluster in the foreground until it is asked to stop. */
@Command(
        name = "supervise",
        mixinStandardHelpOptions = true,
        description = "Runs the loop in the foreground until it is stopped: 'freshet up' without the background.")
public final class SuperviseCommand implements Callable<Integer> {

    /** System property of a supervisor that outlives the terminal of the command that started it. */
    static final String DETACHED = "freshet.detached";

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClusterMixin cluster;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        CountDownLatch stop = new CountDownLatch(1);
        Signals.onStop(stop::countDown);
        if (Boolean.getBoolean(DETACHED)) {
            Signals.ignoreTerminal();
        }
        try (LocalCluster running = LocalCluster.start(
                cluster.options(), EnumSet.allOf(Part.class), (part, status) -> print(out, part, status))) {
            while (!stop.await(500, TimeUnit.MILLISECONDS)) {
                Optional<ClusterException> failure = running.failure();
                if (failure.isPresent()) {
                    throw failure.get();
                }
            }
        }
        return 0;
    }

    private static synchronized void print(PrintWriter out, Part part, PartStatus status) {
        out.println(Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + describe(part, status));
        out.flush();
    }

    /** A change of a part in one line. */
    public static String describe(Part part, PartStatus status) {
        return switch (status.state()) {
            case WAITING -> part.folder() + " waits";
            case STARTING -> part.folder() + " starts (pid " + status.pid() + ")";
            case READY -> part.folder() + " is ready after " + status.startMillis() + " ms";
            case RESTARTING -> part.folder() + " " + status.reason() + "; it is started again";
            case GAVE_UP -> part.folder() + " " + status.reason() + "; given up";
            case STOPPED -> part.folder() + " has stopped";
        };
    }
}

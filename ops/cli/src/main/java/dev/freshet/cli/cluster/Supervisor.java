package dev.freshet.cli.cluster;

import dev.freshet.cli.cluster.PartStatus.State;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps one part running, on a thread of its own. */
final class Supervisor {

    private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);

    private static final Duration STABLE = Duration.ofSeconds(60);
    /** By then it has loaded what the first events want, and the others are ready. */
    private static final Duration UNTIL_ARCHIVED = Duration.ofSeconds(60);

    private static final int LEAST_PRIORITY = 19;
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final int MAX_FAILURES = 5;
    private static final int USAGE = 2;
    private static final int TAIL_LINES = 12;
    private static final long POLL_MILLIS = 100;

    private final Part part;
    private final ClusterOptions options;
    private final Installation installation;
    private final Readiness readiness;
    private final BooleanSupplier stopping;
    private final LocalCluster.Listener listener;
    private final Thread thread;
    private final Object lock = new Object();

    private volatile PartStatus status = PartStatus.WAITING;
    private volatile ClusterException failure;
    private volatile JavaProcess process;
    private volatile boolean killed;

    /**
     * @param stopping whether the cluster stops, so that an end is no failure
     * @param listener told of every change of the part's status, from the thread that made it
     */
    Supervisor(
            Part part,
            ClusterOptions options,
            Installation installation,
            Readiness readiness,
            BooleanSupplier stopping,
            LocalCluster.Listener listener) {
        this.part = part;
        this.options = options;
        this.installation = installation;
        this.readiness = readiness;
        this.stopping = stopping;
        this.listener = listener;
        this.thread = new Thread(this::run, "supervise-" + part.folder());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    PartStatus status() {
        return status;
    }

    /** Why it gave the part up. */
    Optional<ClusterException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        int failures = 0;
        int starts = 0;
        try {
            while (!stopping.getAsBoolean()) {
                Instant begin = Instant.now();
                JavaProcess child = launch(starts++);
                if (child == null) {
                    return;
                }
                awaitReadyOrEnd(child, begin);
                if (!child.waitFor(UNTIL_ARCHIVED)) {
                    child.archiveClasses(LEAST_PRIORITY).exceptionally(e -> {
                        if (!stopping.getAsBoolean()) {
                            LOG.warn("{} goes on starting slowly", part.folder(), e);
                        }
                        return null;
                    });
                }
                int exitCode = child.waitFor();
                if (stopping.getAsBoolean()) {
                    return;
                }
                boolean stable = status.state() == State.READY
                        && Duration.between(begin, Instant.now()).compareTo(STABLE) > 0;
                failures = stable || killed ? 1 : failures + 1;
                killed = false;
                String reason = describe(exitCode, child);
                if (exitCode == USAGE || failures >= MAX_FAILURES) {
                    giveUp(reason + (exitCode == USAGE ? "" : ", " + failures + " times in a row"), child);
                    return;
                }
                set(new PartStatus(State.RESTARTING, 0, starts, 0, reason));
                Thread.sleep(pause(failures).toMillis());
            }
        } catch (IOException e) {
            giveUp("cannot be started: " + e.getMessage(), null);
        } catch (InterruptedException e) {
            // The cluster stops.
        }
    }

    /** None after a first failure, which may well be the only one. */
    private static Duration pause(int failures) {
        if (failures == 1) {
            return Duration.ZERO;
        }
        Duration pause = FIRST_PAUSE.multipliedBy(1L << (failures - 2));
        return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
    }

    /** Null if the cluster stops. */
    private JavaProcess launch(int restarts) throws IOException {
        synchronized (lock) {
            if (stopping.getAsBoolean()) {
                return null;
            }
            process = JavaProcess.start(
                    installation.jars(part.folder()),
                    List.of(),
                    part.mainClass(),
                    part.arguments(options),
                    options.log(part),
                    part.niceness());
        }
        set(new PartStatus(State.STARTING, process.pid(), restarts, 0, null));
        return process;
    }

    private void awaitReadyOrEnd(JavaProcess child, Instant begin) throws InterruptedException {
        while (child.isAlive() && !stopping.getAsBoolean()) {
            if (readiness.isReady(part, child)) {
                if (part.niceness() > 0) {
                    // Not before: at a start it would wait for all others to have started.
                    child.standBack();
                }
                long millis = Duration.between(begin, Instant.now()).toMillis();
                set(new PartStatus(State.READY, child.pid(), status.restarts(), millis, null));
                return;
            }
            child.waitFor(Duration.ofMillis(POLL_MILLIS));
        }
    }

    /** How it ended, and the last it said; lines of a stack trace say little. */
    private static String describe(int exitCode, JavaProcess child) {
        String how = exitCode > 128 ? "was ended by signal " + (exitCode - 128) : "exited with code " + exitCode;
        String last = null;
        for (String line : child.tail(TAIL_LINES)) {
            last = line.isBlank() || Character.isWhitespace(line.charAt(0)) ? last : line;
        }
        return last == null ? how : how + " (" + last + ")";
    }

    private void giveUp(String reason, JavaProcess child) {
        List<String> tail = child == null ? List.of() : child.tail(TAIL_LINES);
        failure =
                new ClusterException("the " + part.folder() + " " + reason + "; its log is " + options.log(part), tail);
        set(new PartStatus(State.GAVE_UP, 0, status.restarts(), 0, reason));
    }

    private void set(PartStatus next) {
        synchronized (lock) {
            status = next;
        }
        listener.changed(part, next);
    }

    void awaitReady(Instant deadline) throws ClusterException, InterruptedException {
        while (status.state() != State.READY) {
            if (failure != null) {
                throw failure;
            }
            if (Instant.now().isAfter(deadline)) {
                JavaProcess child = process;
                throw new ClusterException(
                        "the " + part.folder() + " is not ready in time; its log is " + options.log(part),
                        child == null ? List.of() : child.tail(TAIL_LINES));
            }
            Thread.sleep(POLL_MILLIS / 4);
        }
    }

    /** Kills the process. It is started again as after a first failure, however often that was so before. */
    void kill() {
        synchronized (lock) {
            if (process != null && process.isAlive()) {
                killed = true;
                process.kill();
            }
        }
    }

    void requestStop() {
        thread.interrupt();
        synchronized (lock) {
            if (process != null) {
                process.terminate();
            }
        }
    }

    void awaitStop() {
        JavaProcess child = process;
        boolean interrupted = false;
        try {
            if (child != null && !child.stop(part.stopTime())) {
                LOG.warn(
                        "{} did not stop within {} s and was killed",
                        part.folder(),
                        part.stopTime().toSeconds());
            }
        } catch (InterruptedException e) {
            child.kill();
            interrupted = true;
        }
        try {
            thread.join(Duration.ofSeconds(2).toMillis());
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (status.state() != State.GAVE_UP) {
            set(new PartStatus(State.STOPPED, 0, status.restarts(), 0, null));
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

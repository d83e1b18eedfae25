package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.cli.bench.TrainerPhases.Phase;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.cli.demo.RecommendationCheck;
import dev.freshet.cli.send.Bars;
import dev.freshet.codec.BadRecordException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import me.tongfei.progressbar.ProgressBar;

/**
 * Kills one part of a prepared loop after the other (SIGKILL) under traffic, the trainer in each phase of a training, and waits each time
 * until everything is as before. In the end it stops the traffic, and checks all that was published.
 */
final class RecoveryBench implements AutoCloseable {

    private static final List<Part> PARTS = List.of(Part.SERVING, Part.GRAPH_JOB, Part.BROKER);
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    private static final Duration DRAIN = Duration.ofMinutes(2);
    private static final Duration SETTLE = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(10);
    /** After so long without a list, none comes any more. */
    private static final Duration QUIET = Duration.ofSeconds(3);
    /** From one kill to the next, for what starts anew to do its work. */
    private static final Duration PAUSE = Duration.ofSeconds(1);
    /** A list that comes later than this after its event is late. */
    private static final long LATE = TimeUnit.SECONDS.toNanos(1);
    /** Users whose lists are all proven, at most. */
    private static final int PROVEN_USERS = 1000;

    private final PreparedLoop loop;
    private final int times;
    private final int rate;
    private final int users;
    private final SentEvents sent = new SentEvents();
    private final ListReader lists;
    private final GraphReader graphs;
    private final ListAudit audit;
    private final TrainerPhases trainer;
    private final Traffic traffic;

    /**
     * A kill.
     *
     * @param ready seconds from the kill until the part did its work again
     * @param fresh seconds until something was read that rests on an event that came after the kill: for the graph job a neighbor list, for
     *     the trainer the decision on the training that it was killed in, else a user's list
     * @param caughtUp seconds until no list was late by more than a second any more; 0 where none was
     * @param inPhase whether the trainer was in the phase
     */
    record Kill(double ready, double fresh, double caughtUp, boolean inPhase) {}

    /**
     * Starts the trainer, the readers and the traffic.
     *
     * @param times kills of each part, and of the trainer in each phase
     * @param rate interactions a second
     */
    RecoveryBench(PreparedLoop loop, int times, int rate)
            throws ClusterException, InterruptedException, BadRecordException {
        this.loop = loop;
        this.times = times;
        this.rate = rate;
        this.users = loop.users().size();
        loop.startTrainer();
        String bootstrap = loop.cluster().bootstrapServers();
        this.lists = new ListReader(bootstrap);
        this.graphs = new GraphReader(bootstrap);
        this.audit = new ListAudit(bootstrap, Math.max(1, users / PROVEN_USERS));
        this.trainer =
                new TrainerPhases(bootstrap, loop.cluster().options().state().resolve("models"), this::check);
        lists.follow(sent);
        graphs.follow(sent);
        this.traffic = new Traffic(loop, rate, sent);
    }

    /** @param data name of the data set */
    RecoveryResult run(String data) throws CliException, ClusterException, InterruptedException, BadRecordException {
        List<RecoveryResult.Row> rows = new ArrayList<>();
        try (ProgressBar bar = Bars.open("Killing", (long) times * (PARTS.size() + Phase.values().length), "kills")) {
            awaitFlow();
            for (Part part : PARTS) {
                List<Kill> kills = new ArrayList<>();
                for (int n = 0; n < times; n++) {
                    Thread.sleep(PAUSE.toMillis());
                    kills.add(kill(part));
                    bar.step();
                }
                rows.add(new RecoveryResult.Row(part.folder(), kills));
            }
            for (Phase phase : Phase.values()) {
                List<Kill> kills = new ArrayList<>();
                for (int n = 0; n < times; n++) {
                    if (trainer.train(phase)) {
                        kills.add(kill(phase));
                    }
                    bar.step();
                }
                rows.add(new RecoveryResult.Row("trainer, " + phase.description(), kills));
            }
        }
        RecoveryResult.Soundness soundness = soundness();
        return new RecoveryResult(data, HostMachine.now(), loop.model(), users, rate, rows, soundness);
    }

    /** Waits until the first events have come to lists and graphs. */
    private void awaitFlow() throws CliException, ClusterException, InterruptedException {
        long start = System.nanoTime();
        await(start, () -> "no list of an event", () -> sent.newestAnswered() > start && sent.newestListed() > start);
    }

    private Kill kill(Part part) throws CliException, ClusterException, InterruptedException {
        int restarts = loop.cluster().status(part).restarts();
        long killed = killNow(part);
        LongSupplier newest = part == Part.GRAPH_JOB ? sent::newestListed : sent::newestAnswered;
        Recovery recovery =
                await(part, restarts, killed, "nothing of an event after the kill", () -> newest.getAsLong() > killed);
        return new Kill(recovery.ready(), recovery.fresh(), recovery.caughtUp(), true);
    }

    private Kill kill(Phase phase) throws CliException, ClusterException, InterruptedException {
        int restarts = loop.cluster().status(Part.TRAINER).restarts();
        long killed = killNow(Part.TRAINER);
        boolean inPhase = trainer.wasIn(phase);
        Recovery recovery =
                await(Part.TRAINER, restarts, killed, "no end of the training that was asked for", trainer::done);
        return new Kill(recovery.ready(), recovery.fresh(), recovery.caughtUp(), inPhase);
    }

    /** Waits until all is as before; whatever comes about first is noted first. */
    private Recovery await(Part part, int restarts, long killed, String stale, Condition fresh)
            throws CliException, ClusterException, InterruptedException {
        Recovery recovery = new Recovery();
        await(
                killed,
                () -> !recovery.isReady()
                        ? "no " + part.folder() + " that is ready"
                        : !recovery.isFresh() ? stale : "lists late by more than a second",
                () -> {
                    PartStatus status = loop.cluster().status(part);
                    return recovery.note(
                            seconds(killed),
                            status.restarts() > restarts && status.state() == PartStatus.State.READY,
                            fresh.holds(),
                            sent.oldestUnanswered() > System.nanoTime() - LATE);
                });
        return recovery;
    }

    /** Kills a part; when it was dead. */
    private long killNow(Part part) {
        ProcessHandle process = loop.cluster().process(part).orElseThrow();
        loop.cluster().kill(part);
        process.onExit().join();
        return System.nanoTime();
    }

    /** A condition of the loop. */
    @FunctionalInterface
    private interface Condition {
        boolean holds() throws CliException, ClusterException, InterruptedException;
    }

    /** Waits until it holds. */
    private void await(long start, Supplier<String> otherwise, Condition condition)
            throws CliException, ClusterException, InterruptedException {
        while (!condition.holds()) {
            check();
            if (System.nanoTime() - start > TIMEOUT.toNanos()) {
                throw new ClusterException(
                        otherwise.get() + " for " + TIMEOUT.toMinutes() + " minutes; the logs are in "
                                + loop.cluster().options().state().resolve("logs"));
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private void check() throws CliException, ClusterException {
        loop.checkCluster();
        traffic.check();
        lists.check();
        graphs.check();
        audit.check();
    }

    /** Ends the traffic, waits for its last list, and checks what was published. */
    private RecoveryResult.Soundness soundness()
            throws CliException, ClusterException, InterruptedException, BadRecordException {
        traffic.stop();
        long start = System.nanoTime();
        // What is missing after that is a violation.
        while (audit.answers() < sent.size() && System.nanoTime() - start < DRAIN.toNanos()) {
            check();
            Thread.sleep(POLL.toMillis());
        }
        awaitLastList();
        RecommendationCheck.Result check =
                new RecommendationCheck(loop.cluster().bootstrapServers()).await(SETTLE);
        audit.finish(traffic.acknowledged());
        List<String> violations = new ArrayList<>(audit.violations());
        violations.addAll(check.examples());
        if (check.servedUsers() < check.liveUsers()) {
            violations.add(check.liveUsers() - check.servedUsers() + " users have no list");
        }
        if (audit.answers() != traffic.acknowledgements()) {
            violations.add(traffic.acknowledgements() + " interactions were acknowledged, and " + audit.answers()
                    + " lists say that one of them caused them");
        }
        return new RecoveryResult.Soundness(
                traffic.acknowledgements(), audit.lists(), audit.proven(), audit.releases(), violations);
    }

    /** After a release, everyone is scored anew. */
    private void awaitLastList() throws CliException, ClusterException, InterruptedException {
        for (long before = -1; audit.lists() != before; ) {
            before = audit.lists();
            check();
            Thread.sleep(QUIET.toMillis());
        }
    }

    @Override
    public void close() {
        traffic.close();
        lists.close();
        graphs.close();
        audit.close();
        trainer.close();
    }
}

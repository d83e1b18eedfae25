package dev.freshet.cli.replay;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.Metrics;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.command.LoopControl;
import dev.freshet.cli.command.ServingClient;
import dev.freshet.cli.send.Bars;
import dev.freshet.cli.send.Pace;
import dev.freshet.cli.send.Replay;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.Interaction;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import me.tongfei.progressbar.ProgressBar;

/**
 * One prequential evaluation on a loop of its own: a first part of the events in bulk, the first training, then event by event, with a
 * training every so many events.
 */
final class ReplayRun {

    /** Parts that start when there is something to train on, and a release to serve. */
    static final List<Part> LATER = List.of(Part.TRAINER, Part.SERVING);

    private static final int WINDOWS = 20;
    private static final int UNANSWERED = 50;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration POLL = Duration.ofMillis(100);

    /**
     * What to do.
     *
     * @param events interactions to use
     * @param warmUp interactions of those that are sent in bulk
     * @param retrainEvery events from one training to the next; 0 for none
     * @param speed times as fast as the events happened; null in step
     */
    record Plan(long events, long warmUp, long retrainEvery, Double speed) {}

    private final LocalCluster cluster;
    private final Feed feed;
    private final Plan plan;
    private final BooleanSupplier stopped;
    private final LivePairs pairs = new LivePairs();
    private final List<ReplayResult.Release> releases = new ArrayList<>();
    private int refused;

    /**
     * @param cluster runs, but for the parts that start later
     * @param stopped asked now and then whether to give up
     */
    ReplayRun(LocalCluster cluster, Feed feed, Plan plan, BooleanSupplier stopped) {
        this.cluster = cluster;
        this.feed = feed;
        this.plan = plan;
        this.stopped = stopped;
    }

    /** Runs it. */
    ReplayResult run() throws IOException, InterruptedException, CliException, ClusterException {
        String bootstrap = cluster.bootstrapServers();
        long position = warmUp(bootstrap);
        try (LoopControl control = new LoopControl(bootstrap, this::check);
                ListWatch watch = new ListWatch(bootstrap)) {
            firstModel(control);
            cluster.start(Part.SERVING);
            awaitLists(watch);
            return evaluate(bootstrap, position, control, watch);
        }
    }

    /** Sends the first part; the position in the feed after it. */
    private long warmUp(String bootstrap) throws IOException, InterruptedException, CliException, ClusterException {
        long position;
        try (Feed.Cursor cursor = feed.open(0)) {
            for (long learnt = 0; learnt < plan.warmUp(); ) {
                if (cursor.next() instanceof FeedEvent.OfInteraction event) {
                    pairs.learn(event.interaction());
                    learnt++;
                }
            }
            position = cursor.position();
        }
        try (Replay replay = new Replay(feed, bootstrap);
                ProgressBar bar = Bars.open("Warm-up", position, "events")) {
            replay.run(0, position, Pace.FASTEST, at -> {
                bar.stepTo(at);
                if (stopped.getAsBoolean()) {
                    replay.stop();
                }
            });
        }
        check();
        return position;
    }

    private void firstModel(LoopControl control)
            throws IOException, InterruptedException, CliException, ClusterException {
        try (ProgressBar bar = Bars.open("First model", 1, "epochs")) {
            control.snapshot((records, all) -> {});
            // It trains on the newest snapshot by itself as long as there is no release.
            cluster.start(Part.TRAINER);
            Evaluation decision = control.decision(epoch -> show(bar, epoch));
            // Refused, the loop goes on without a model, as in life.
            refused += Boolean.TRUE.equals(decision.getAccepted()) ? 0 : 1;
        }
    }

    private static void show(ProgressBar bar, Evaluation epoch) {
        bar.maxHint(Math.max(1, epoch.getEpochs()));
        bar.stepTo(epoch.getEpoch());
        bar.setExtraMessage("  " + Metrics.line(epoch.getMetrics()));
    }

    private void awaitLists(ListWatch watch) throws IOException, CliException, ClusterException {
        try (ProgressBar bar = Bars.open("First lists", plan.warmUp(), "events")) {
            long progressed = System.nanoTime();
            for (long answers = 0; answers < plan.warmUp(); ) {
                check();
                watch.poll(POLL, (contender, user) -> {});
                if (watch.answers() > answers) {
                    answers = watch.answers();
                    progressed = System.nanoTime();
                    bar.stepTo(answers);
                }
                requireProgress(progressed, "a list");
            }
        }
    }

    private void requireProgress(long since, String what) throws CliException {
        if (System.nanoTime() - since > PATIENCE.toNanos()) {
            throw new CliException("no further " + what + " within " + PATIENCE.toSeconds() + " s; see "
                    + cluster.options().log(Part.SERVING));
        }
    }

    private ReplayResult evaluate(String bootstrap, long position, LoopControl control, ListWatch watch)
            throws IOException, InterruptedException, CliException, ClusterException {
        long events = plan.events() - plan.warmUp();
        Scoreboard board = new Scoreboard(pairs, Math.max(1, (events + WINDOWS - 1) / WINDOWS));
        ServingClient serving = new ServingClient(cluster.servingUri());
        Evaluator.Waiting waiting = new Evaluator.Waiting(plan.speed() == null, UNANSWERED, PATIENCE);
        long start = System.nanoTime();
        try (Feed.Cursor cursor = feed.open(position);
                Evaluator evaluator = new Evaluator(
                        bootstrap, watch, pairs, () -> popular(serving), waiting, board::score, this::check);
                EvaluationLog log = new EvaluationLog(bootstrap);
                ProgressBar bar = Bars.open("Replaying", events, "events")) {
            Pace.Schedule schedule = (plan.speed() == null ? Pace.FASTEST : Pace.speed(plan.speed())).start();
            noteRelease(watch, board);
            for (long taken = 0; taken < events; ) {
                FeedEvent next = cursor.next();
                if (next instanceof FeedEvent.OfItem item) {
                    evaluator.take(item.item());
                    continue;
                }
                Interaction event = ((FeedEvent.OfInteraction) next).interaction();
                Long due = plan.speed() == null ? null : start + schedule.due(event.getEventTime());
                awaitDue(evaluator, due);
                check();
                evaluator.take(event, due);
                taken++;
                Scoreboard.Window window = board.passed(event.getEventTime(), evaluator.latencies());
                if (window != null) {
                    log.publish(window, watch.newestVersion());
                }
                noteRelease(watch, board);
                bar.stepTo(taken);
                bar.setExtraMessage("  " + progress(board));
                if (plan.speed() == null
                        && plan.retrainEvery() > 0
                        && taken % plan.retrainEvery() == 0
                        && taken < events) {
                    retrain(evaluator, control, watch, bar);
                    noteRelease(watch, board);
                }
            }
            evaluator.drain();
            Scoreboard.Window rest = board.close(evaluator.latencies());
            if (rest != null) {
                log.publish(rest, watch.newestVersion());
            }
            log.publish(board, watch.newestVersion());
            return new ReplayResult(
                    feed.name(),
                    plan,
                    board,
                    evaluator.repeats(),
                    evaluator.removals(),
                    evaluator.ofStrangers(),
                    evaluator.latencies(),
                    List.copyOf(releases),
                    refused,
                    cluster.status(Part.SERVING).restarts(),
                    (System.nanoTime() - start) / 1e9);
        }
    }

    private void awaitDue(Evaluator evaluator, Long due) throws IOException, CliException, ClusterException {
        for (long left; due != null && (left = due - System.nanoTime()) > 0; ) {
            check();
            evaluator.poll(Duration.ofNanos(Math.min(left, POLL.toNanos())));
        }
    }

    private static String progress(Scoreboard board) {
        return String.format(
                Locale.ROOT,
                "ndcg@%d %.4f, popularity %.4f",
                Metric.AT,
                board.total(Contender.LIVE).mean(Metric.NDCG),
                board.total(Contender.POPULARITY).mean(Metric.NDCG));
    }

    /** What a stranger is offered. */
    static List<String> popular(ServingClient serving) throws CliException {
        List<String> items = new ArrayList<>();
        for (JsonNode item : serving.get("/v1/popular?limit=" + Metric.AT).get("items")) {
            items.add(item.get("item").asText());
        }
        return items;
    }

    /** Trains on everything so far, and waits until a release is in force for everyone. */
    private void retrain(Evaluator evaluator, LoopControl control, ListWatch watch, ProgressBar bar)
            throws IOException, InterruptedException, CliException, ClusterException {
        evaluator.drain();
        Evaluation decision = control.train(epoch ->
                bar.setExtraMessage("  training: epoch " + epoch.getEpoch() + ", " + Metrics.line(epoch.getMetrics())));
        if (!Boolean.TRUE.equals(decision.getAccepted())) {
            refused++;
            return;
        }
        long progressed = System.nanoTime();
        long most = 0;
        while (true) {
            check();
            evaluator.poll(POLL);
            long users = watch.users(decision.getVersion());
            if (users == watch.users()) {
                return;
            }
            if (users > most) {
                most = users;
                progressed = System.nanoTime();
            }
            requireProgress(progressed, "list of " + decision.getVersion());
        }
    }

    /** Notes a release when its first list is seen. */
    private void noteRelease(ListWatch watch, Scoreboard board) {
        String version = watch.newestVersion();
        if (version != null
                && (releases.isEmpty()
                        || !releases.get(releases.size() - 1).version().equals(version))) {
            releases.add(new ReplayResult.Release(board.events(), version));
        }
    }

    private void check() throws CliException, ClusterException {
        if (stopped.getAsBoolean()) {
            throw new CliException("stopped");
        }
        if (cluster.failure().isPresent()) {
            throw cluster.failure().get();
        }
    }
}

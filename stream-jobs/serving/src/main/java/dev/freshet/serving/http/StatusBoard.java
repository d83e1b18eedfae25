package dev.freshet.serving.http;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.serving.release.EvaluationLog;
import dev.freshet.serving.release.LoopWatcher;
import dev.freshet.serving.release.ReleaseReader;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.serving.stream.ServingMetrics;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.ValueAtPercentile;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Puts the state of the loop, as this instance knows it, into one answer. */
public final class StatusBoard {

    /** A run without a word for this long has died. */
    private static final Duration TRAINING_SILENCE = Duration.ofMinutes(5);

    private static final int RELEASES_SHOWN = 10;

    private final String version;
    private final Instant startedAt = Instant.now();
    private final ServingContext serving;
    private final LoopWatcher watcher;
    private final ReleaseReader releases;
    private final Supplier<String> state;
    private final LongSupplier lag;
    private final boolean writes;

    /**
     * @param version version of the code
     * @param lag interactions that wait to be scored
     * @param writes whether this instance takes writes over HTTP
     * @param state state of the stream: STARTING, then as Kafka Streams names them
     */
    public StatusBoard(
            String version,
            ServingContext serving,
            LoopWatcher watcher,
            ReleaseReader releases,
            Supplier<String> state,
            LongSupplier lag,
            boolean writes) {
        this.version = version;
        this.serving = serving;
        this.watcher = watcher;
        this.releases = releases;
        this.state = state;
        this.lag = lag;
        this.writes = writes;
    }

    String state() {
        return state.get();
    }

    boolean ready() {
        return state.get().equals("RUNNING");
    }

    Answers.StatusView status() {
        Instant now = Instant.now();
        ServingMetrics metrics = serving.metrics();
        ServingContext.Progress progress = serving.progress();
        Map<String, Answers.GraphView> graphs = new TreeMap<>();
        serving.catalogue()
                .graphs()
                .forEach((name, size) -> graphs.put(name, new Answers.GraphView(size.nodes(), size.edges())));
        Map<String, Long> letters = watcher.deadLetterCounts();
        Model model = serving.model();
        Map<Integer, Long> ends = watcher.interactionsEnd();
        EvaluationLog evaluations = watcher.evaluations();
        Answers.StatusView status = new Answers.StatusView(
                version,
                state(),
                ready(),
                startedAt,
                now,
                writes,
                new Answers.Rate(metrics.eventsIn().total(), metrics.eventsIn().perSecond(now.toEpochMilli())),
                lag.getAsLong(),
                new Answers.Rate(
                        metrics.recommendationsOut().total(),
                        metrics.recommendationsOut().perSecond(now.toEpochMilli())),
                freshness(metrics.freshness()),
                metrics.violations(),
                skipped(metrics),
                serving.users().size(),
                serving.catalogue().itemCount(),
                graphs,
                watcher.newestSnapshot()
                        .map(manifest -> snapshot(manifest, behind(manifest.getOffsets(), ends)))
                        .orElse(null),
                evaluations.training().map(run -> training(run, now)).orElse(null),
                model == null ? null : model(model.release(), true, null),
                model == null ? -1 : behind(model.release().getOffsets(), ends),
                evaluations
                        .decided()
                        .map(run -> ModelRoutes.decision(run.decision()))
                        .orElse(null),
                evaluations.count(),
                releases.loading()
                        .map(loading -> new Answers.LoadingView(loading.version(), loading.read(), loading.total()))
                        .orElse(null),
                rescoring(progress),
                arms(),
                models(Long.MAX_VALUE, RELEASES_SHOWN).releases(),
                new Answers.DeadLettersView(
                        letters.values().stream().mapToLong(Long::longValue).sum(), letters),
                null);
        return status.with(Alerts.of(
                status,
                refused(),
                evaluations.refusals(),
                watcher.newestDeadLetter().orElse(null)));
    }

    /** Interactions that came after these positions; -1 where it is not known. */
    private static long behind(List<TopicOffset> positions, Map<Integer, Long> ends) {
        if (ends.isEmpty()) {
            return -1;
        }
        Map<Integer, Long> read = new HashMap<>();
        for (TopicOffset position : positions) {
            if (position.getTopic().equals(Topic.INTERACTIONS.name())) {
                read.put(position.getPartition(), position.getOffset());
            }
        }
        long behind = 0;
        for (Map.Entry<Integer, Long> end : ends.entrySet()) {
            behind += Math.max(0, end.getValue() - read.getOrDefault(end.getKey(), 0L));
        }
        return behind;
    }

    /**
     * The newest releases and rollbacks, at most {@code limit}.
     *
     * @param before offset on the topic models before which they lie
     */
    Answers.ModelsView models(long before, int limit) {
        Model inForce = serving.model();
        // One more than wanted: whether there are more.
        List<ReleaseReader.Entry> found = releases.newest(before, limit + 1);
        List<ReleaseReader.Entry> shown = found.subList(0, Math.min(limit, found.size()));
        List<Answers.ModelView> newestFirst = shown.stream()
                .map(entry -> model(entry.release(), serving.isInForce(entry.release()), entry.refused()))
                .toList();
        return new Answers.ModelsView(
                inForce == null ? null : inForce.version(),
                serving.split().toString(),
                arms(),
                newestFirst,
                found.size() > limit ? new Cursor(shown.get(limit - 1).offset(), "").text() : null);
    }

    private List<Answers.ArmView> arms() {
        Map<Integer, Long> ends = watcher.interactionsEnd();
        List<Split.Arm> arms = serving.split().arms();
        return IntStream.range(0, arms.size())
                .mapToObj(arm -> {
                    Model inForce = serving.inForce(arm);
                    return new Answers.ArmView(
                            arms.get(arm).name(),
                            arms.get(arm).share(),
                            inForce == null ? null : inForce.version(),
                            inForce == null ? null : inForce.release().getReleasedAt(),
                            inForce == null ? -1 : behind(inForce.release().getOffsets(), ends),
                            releases.held(arm),
                            rescoring(serving.progress(arm)));
                })
                .toList();
    }

    /** Why the newest release of an arm cannot be put in force, by the arm's name. */
    private Map<String, String> refused() {
        List<Split.Arm> arms = serving.split().arms();
        Map<String, String> refused = new TreeMap<>();
        for (int arm = 0; arm < arms.size(); arm++) {
            String name = arms.get(arm).name();
            releases.newest(arm).map(ReleaseReader.Entry::refused).ifPresent(reason -> refused.put(name, reason));
        }
        return refused;
    }

    /** A release that is kept, by its version. */
    Optional<Answers.ModelView> release(String of) {
        return releases.newest(Long.MAX_VALUE, Integer.MAX_VALUE).stream()
                .filter(entry -> entry.release().getAction() == ReleaseAction.RELEASE
                        && entry.release().getVersion().equals(of))
                .findFirst()
                .map(entry -> model(entry.release(), serving.isInForce(entry.release()), entry.refused()));
    }

    /** Which models serve whom. */
    Split split() {
        return serving.split();
    }

    private static Answers.RescoringView rescoring(ServingContext.Progress progress) {
        return new Answers.RescoringView(progress.version(), progress.done(), progress.total());
    }

    private static Answers.ModelView model(ModelRelease release, boolean inForce, String refused) {
        return new Answers.ModelView(
                release.getVersion(),
                release.getModel(),
                release.getAction().name(),
                release.getReleasedAt(),
                release.getSnapshotId(),
                release.getSnapshotAt(),
                release.getOffsets().stream()
                        .map(at -> new Answers.OffsetView(at.getTopic(), at.getPartition(), at.getOffset()))
                        .toList(),
                new TreeMap<>(release.getMetrics()),
                release.getUsers(),
                release.getItems(),
                release.getDimension(),
                release.getCodeVersion(),
                release.getSeed(),
                new TreeMap<>(release.getConfiguration()),
                inForce,
                refused);
    }

    private static Answers.SnapshotView snapshot(SnapshotManifest manifest, long behind) {
        return new Answers.SnapshotView(
                manifest.getSnapshotId(),
                manifest.getCheckpointId(),
                manifest.getCreatedAt(),
                behind,
                new TreeMap<>(manifest.getCounts()));
    }

    private static Answers.TrainingView training(EvaluationLog.Run run, Instant now) {
        Evaluation newest = run.epochs().get(run.epochs().size() - 1);
        boolean recent = newest.getAt().plus(TRAINING_SILENCE).isAfter(now);
        return new Answers.TrainingView(
                newest.getRunId(),
                newest.getModel(),
                newest.getSnapshotId(),
                newest.getEpoch(),
                newest.getEpochs(),
                new TreeMap<>(newest.getMetrics()),
                newest.getAt(),
                !run.finished() && recent,
                !run.finished() && !recent);
    }

    static Answers.Freshness freshness(Timer timer) {
        Map<Double, Double> millis = new TreeMap<>();
        for (ValueAtPercentile value : timer.takeSnapshot().percentileValues()) {
            millis.put(value.percentile(), value.value(TimeUnit.MILLISECONDS));
        }
        return new Answers.Freshness(
                millis.getOrDefault(0.5, 0.0), millis.getOrDefault(0.95, 0.0), millis.getOrDefault(0.99, 0.0));
    }

    private static Map<String, Long> skipped(ServingMetrics metrics) {
        Map<String, Long> skipped = new TreeMap<>();
        for (Topic<?> topic : ServingMetrics.READ) {
            long count = metrics.skippedOf(topic.name());
            if (count > 0) {
                skipped.put(topic.name(), count);
            }
        }
        return skipped;
    }
}

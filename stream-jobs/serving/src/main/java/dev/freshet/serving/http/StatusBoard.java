package dev.freshet.serving.http;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.serving.release.LoopWatcher;
import dev.freshet.serving.release.ReleaseReader;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.serving.stream.ServingMetrics;
import dev.freshet.topic.Topic;
import io.micrometer.core.instrument.distribution.ValueAtPercentile;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

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

    /**
     * @param version version of the code
     * @param state state of the stream: STARTING, then as Kafka Streams names them
     */
    public StatusBoard(
            String version,
            ServingContext serving,
            LoopWatcher watcher,
            ReleaseReader releases,
            Supplier<String> state) {
        this.version = version;
        this.serving = serving;
        this.watcher = watcher;
        this.releases = releases;
        this.state = state;
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
        return new Answers.StatusView(
                version,
                state(),
                ready(),
                startedAt,
                now,
                new Answers.Rate(metrics.eventsIn().total(), metrics.eventsIn().perSecond(now.toEpochMilli())),
                new Answers.Rate(
                        metrics.recommendationsOut().total(),
                        metrics.recommendationsOut().perSecond(now.toEpochMilli())),
                freshness(metrics),
                skipped(metrics),
                serving.users().size(),
                serving.catalogue().itemCount(),
                graphs,
                watcher.newestSnapshot().map(StatusBoard::snapshot).orElse(null),
                watcher.training().map(run -> training(run, now)).orElse(null),
                model == null ? null : model(model.release(), true, null),
                releases.loading()
                        .map(loading -> new Answers.LoadingView(loading.version(), loading.read(), loading.total()))
                        .orElse(null),
                new Answers.RescoringView(progress.version(), progress.done(), progress.total()),
                models(RELEASES_SHOWN).releases(),
                new Answers.DeadLettersView(
                        letters.values().stream().mapToLong(Long::longValue).sum(), letters));
    }

    /** The newest releases and rollbacks, at most {@code limit}. */
    Answers.ModelsView models(int limit) {
        Model inForce = serving.model();
        List<Answers.ModelView> newestFirst = releases.newest(limit).stream()
                .map(entry -> model(
                        entry.release(), inForce != null && inForce.release().equals(entry.release()), entry.refused()))
                .toList();
        return new Answers.ModelsView(inForce == null ? null : inForce.version(), newestFirst);
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

    private static Answers.SnapshotView snapshot(SnapshotManifest manifest) {
        return new Answers.SnapshotView(
                manifest.getSnapshotId(),
                manifest.getCheckpointId(),
                manifest.getCreatedAt(),
                new TreeMap<>(manifest.getCounts()));
    }

    private static Answers.TrainingView training(LoopWatcher.Training run, Instant now) {
        Evaluation newest = run.newest();
        boolean running =
                !run.finished() && newest.getAt().plus(TRAINING_SILENCE).isAfter(now);
        return new Answers.TrainingView(
                newest.getRunId(),
                newest.getModel(),
                newest.getSnapshotId(),
                newest.getEpoch(),
                newest.getEpochs(),
                new TreeMap<>(newest.getMetrics()),
                newest.getAt(),
                running);
    }

    private static Answers.Freshness freshness(ServingMetrics metrics) {
        Map<Double, Double> millis = new TreeMap<>();
        for (ValueAtPercentile value : metrics.freshness().takeSnapshot().percentileValues()) {
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

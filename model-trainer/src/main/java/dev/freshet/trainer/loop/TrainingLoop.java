package dev.freshet.trainer.loop;

import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotReader;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.BuildVersion;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Split;
import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.model.Inductive;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Workers;
import dev.freshet.trainer.train.Training;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trainer's loop: waits for a snapshot that is worth a training, trains, and releases. What it knows is on the topics and in the
 * saved models; a restart goes on from there.
 */
public final class TrainingLoop {

    private static final Logger LOG = LoggerFactory.getLogger(TrainingLoop.class);
    private static final DateTimeFormatter VERSION =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final String GIVEN_UP = "given up: a rollback was asked for";
    private static final long LOOK_NANOS = Duration.ofMillis(500).toNanos();

    private final Options options;
    private final TrainerMetrics metrics;
    private final Consumer<byte[], byte[]> consumer;
    private volatile boolean stopped;
    private final RetrainingPolicy policy;
    /** The models, the one that was trained last at the end: none keeps the others waiting. */
    private final List<ModelFactory> turns;

    /**
     * Options.
     *
     * @param bootstrap Kafka's bootstrap servers
     * @param store where models are saved
     * @param models models to train, with the settings of each; the first is trained where a command names none
     * @param split which models serve whom
     * @param minNewInteractions events since the last training from which a snapshot is worth another
     * @param minInterval shortest time from the end of a training to the next
     * @param maxAge time from the end of a training after which any new record is worth another
     * @param budget time that the training until early stopping may take from the beginning; from a saved model, half of it
     * @param seed seed of everything random
     * @param threads threads
     */
    record Options(
            String bootstrap,
            ModelStore store,
            Map<ModelFactory, Settings> models,
            Split split,
            long minNewInteractions,
            Duration minInterval,
            Duration maxAge,
            Duration budget,
            long seed,
            int threads) {

        String names() {
            return models.keySet().stream().map(ModelFactory::name).collect(Collectors.joining(", "));
        }
    }

    TrainingLoop(Options options, TrainerMetrics metrics) {
        this.options = options;
        this.metrics = metrics;
        this.policy = new RetrainingPolicy(
                options.minNewInteractions, options.minInterval, options.maxAge, InstantSource.system());
        this.turns = new ArrayList<>(options.models.keySet());
        this.consumer = Inbox.consumer(options.bootstrap);
    }

    /** Ends the loop soon; a training under way is given up. */
    void stop() {
        stopped = true;
        consumer.wakeup();
    }

    /**
     * Runs until {@link #stop}.
     *
     * @throws KafkaException if the broker cannot be worked with, or another trainer has taken over: only a new start helps
     */
    void run() throws InterruptedException {
        try (Workers workers = new Workers(options.threads);
                Backend backend = Backend.best(options.threads)) {
            LOG.info("training {} on {}", options.names(), backend.device());
            if (!Inbox.awaitTopics(consumer, () -> stopped)) {
                consumer.close();
                return;
            }
            SchemaTopic.follow(options.bootstrap);
            try (Publisher publisher = new Publisher(options.bootstrap);
                    Inbox inbox = Inbox.open(consumer, publisher, options.split)) {
                LOG.info("waiting for snapshots");
                while (!stopped) {
                    inbox.poll();
                    metrics.heard(inbox);
                    serve(inbox, publisher, backend, workers);
                }
            }
        } catch (WakeupException | CancellationException e) {
            if (!stopped) {
                throw e;
            }
        }
    }

    private void serve(Inbox inbox, Publisher publisher, Backend backend, Workers workers) {
        Inbox.Snapshot snapshot = inbox.newest();
        Inbox.Command command = inbox.nextCommand();
        if (command != null && command.rollback()) {
            rollBack(command, inbox, publisher);
        } else if (command != null && inbox.rollbackWaits()) {
            publisher.evaluation(decision(command, command.argument(), GIVEN_UP));
            inbox.done(command.source());
        } else if (snapshot == null) {
            return;
        } else if (command != null) {
            obey(command, snapshot, inbox, publisher, backend, workers);
        } else {
            Optional<ModelFactory> due = turns.stream()
                    .filter(model -> policy.isDue(model.name(), snapshot.manifest(), inbox.releases()))
                    .findFirst();
            if (due.isPresent()) {
                train(due.get(), snapshot, inbox, publisher, backend, workers);
                turns.remove(due.get());
                turns.add(due.get());
            }
        }
    }

    /**
     * Puts an earlier release in force. What is trained next starts from it and must stand up to it; until somebody asks for that,
     * nothing is released, or the model that was rolled back would soon be there again, as the same data give the same.
     */
    private void rollBack(Inbox.Command command, Inbox inbox, Publisher publisher) {
        inbox.catchUpReleases();
        String version = command.argument();
        ModelRelease wanted = inbox.releases().ofVersion(version);
        if (wanted != null && inbox.releases().isInForce(wanted)) {
            publisher.evaluation(accepted(command, wanted, version + " is in force already"));
            inbox.done(command.source());
            return;
        }
        Rollback rollback = new Rollback(options.bootstrap, options.store, inbox.releases());
        Optional<String> refusal = rollback.refusal(version);
        if (refusal.isPresent()) {
            LOG.warn("no rollback: {}", refusal.get());
            publisher.evaluation(decision(command, null, refusal.get()));
            inbox.refuse(command.source(), "Control: " + refusal.get());
            return;
        }
        ModelRelease announcement = rollback.announcement(version);
        ModelRelease inForce = inbox.releases().inForce(announcement.getModel());
        try {
            publisher.rollback(
                    announcement, accepted(command, announcement, "in force instead of " + inForce.getVersion()));
        } catch (IOException e) {
            // The command stays, and is tried again.
            LOG.warn("no rollback to {} yet: {}", version, describe(e));
            return;
        }
        inbox.done(command.source());
        metrics.rolledBack();
        LOG.info("rolled back from {} to {}", inForce.getVersion(), version);
        // The next command must find it in force, and the topic may show it a moment later.
        inbox.releases().announced(announcement);
    }

    private static Evaluation accepted(Inbox.Command command, ModelRelease release, String reason) {
        return Evaluation.newBuilder(decision(command, release.getModel(), reason))
                .setVersion(release.getVersion())
                .setAccepted(true)
                .build();
    }

    /** A refusal of a command that no training stands for. */
    private static Evaluation decision(Inbox.Command command, String model, String reason) {
        return Evaluation.newBuilder()
                .setRunId(command.run())
                .setKind(EvaluationKind.GATE)
                .setModel(model == null ? "" : model)
                .setAt(Instant.now())
                .setAccepted(false)
                .setReason(reason)
                .build();
    }

    /** A command stays until a snapshot could be read for it. */
    private void obey(
            Inbox.Command command,
            Inbox.Snapshot snapshot,
            Inbox inbox,
            Publisher publisher,
            Backend backend,
            Workers workers) {
        ModelFactory factory;
        try {
            factory = command.argument() == null
                    ? options.models.keySet().iterator().next()
                    : Models.of(command.argument());
        } catch (IllegalArgumentException e) {
            publisher.evaluation(decision(command, command.argument(), e.getMessage()));
            inbox.refuse(command.source(), "Control: " + e.getMessage());
            return;
        }
        if (train(factory, snapshot, inbox, publisher, backend, workers)) {
            inbox.done(command.source());
        }
    }

    /** Trains, unless the snapshot cannot be read: then it answers false. */
    private boolean train(
            ModelFactory factory,
            Inbox.Snapshot snapshot,
            Inbox inbox,
            Publisher publisher,
            Backend backend,
            Workers workers) {
        SnapshotManifest manifest = snapshot.manifest();
        GraphSnapshot read;
        try {
            read = SnapshotReader.read(manifest);
        } catch (IOException | RuntimeException e) {
            // The graph job deletes files that newer snapshots have made superfluous.
            inbox.poll();
            if (inbox.newest() == snapshot) {
                LOG.warn(
                        "snapshot {} cannot be read ({}); waiting for the next", manifest.getSnapshotId(), describe(e));
                inbox.refuse(
                        snapshot.source(),
                        "snapshot " + manifest.getSnapshotId() + " cannot be read (" + describe(e)
                                + "); take a new snapshot");
                inbox.drop(snapshot);
            }
            return false;
        }
        inbox.done(snapshot.source());
        Instant started = Instant.now();
        Run run = new Run(factory, manifest, version(factory, started, inbox), started);
        metrics.started();
        try {
            train(run, read, inbox, publisher, backend, workers);
        } catch (GivenUpException e) {
            LOG.info("{}: {}", run.version, e.getMessage());
            refuse(run, e.getMessage(), publisher);
            policy.trained(factory.name(), manifest, Instant.now());
        } catch (CancellationException | KafkaException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // What the data or the settings lack, another snapshot or command may have: the loop goes on.
            LOG.error("{}: not released: {}", run.version, describe(e), e instanceof IOException ? null : e);
            refuse(run, describe(e), publisher);
            policy.trained(factory.name(), manifest, Instant.now());
        } finally {
            metrics.ended();
        }
        return true;
    }

    private void train(Run run, GraphSnapshot read, Inbox inbox, Publisher publisher, Backend backend, Workers workers)
            throws IOException {
        SnapshotManifest manifest = run.manifest;
        Start start = start(run.factory, inbox);
        SnapshotData data = SnapshotData.of(read, start);
        if (data.slice().train().size() == 0 || data.all().size() < 2) {
            String reason = "snapshot " + manifest.getSnapshotId() + " has "
                    + data.all().size() + " interactions, too few to train on";
            LOG.info(reason);
            refuse(run, reason, publisher);
            policy.trained(run.factory.name(), manifest, Instant.MIN);
            return;
        }
        LOG.info(
                "{}: snapshot {}, {} users, {} items, {} interactions, features {}",
                run.version,
                manifest.getSnapshotId(),
                data.users().size(),
                data.items().size(),
                data.all().size(),
                data.features().keySet());
        run(run, start, data, inbox, publisher, backend, workers);
    }

    private void refuse(Run run, String reason, Publisher publisher) {
        metrics.abandoned();
        publisher.evaluation(run.evaluation(EvaluationKind.GATE)
                .setAccepted(false)
                .setReason(reason)
                .build());
    }

    /**
     * What a training starts from, and what it must stand up to. Neither may have seen what is held out.
     *
     * @param saved the saved model of the model's newest release, or null for a start from the beginning
     * @param incumbent the release in force
     */
    private record Start(ModelStore.Saved saved, Incumbent incumbent) implements TemporalSlice.Seen {
        @Override
        public boolean contains(String user, String item) {
            return (saved != null && saved.contains(user, item))
                    || (incumbent.saved() != null && incumbent.saved().contains(user, item));
        }
    }

    /** A training that nobody wants any more. */
    private static final class GivenUpException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        GivenUpException() {
            super(GIVEN_UP);
        }
    }

    /** Looks now and then, in the middle of a training, for a command that makes it needless. */
    private static final class Lookout {
        private final Inbox inbox;
        private long looked = System.nanoTime();

        Lookout(Inbox inbox) {
            this.inbox = inbox;
        }

        void step() {
            if (System.nanoTime() - looked > LOOK_NANOS) {
                looked = System.nanoTime();
                check();
            }
        }

        void check() {
            inbox.look();
            if (inbox.rollbackWaits()) {
                throw new GivenUpException();
            }
        }
    }

    /** One training. */
    private record Run(ModelFactory factory, SnapshotManifest manifest, String version, Instant started) {
        Evaluation.Builder evaluation(EvaluationKind kind) {
            return Evaluation.newBuilder()
                    .setRunId(version)
                    .setKind(kind)
                    .setModel(factory.name())
                    .setVersion(version)
                    .setSnapshotId(manifest.getSnapshotId())
                    .setAt(Instant.now());
        }
    }

    private void run(
            Run run, Start start, SnapshotData data, Inbox inbox, Publisher publisher, Backend backend, Workers workers)
            throws IOException {
        Settings settings = options.models.containsKey(run.factory)
                ? options.models.get(run.factory)
                : Models.preset(run.factory, run.factory.livePreset());
        ModelStore.Saved saved = start.saved;
        publisher.evaluation(run.evaluation(EvaluationKind.EPOCH).build());
        Retraining retraining = new Retraining(run.factory, settings, backend, workers, options.seed);
        Duration budget = saved == null ? options.budget : options.budget.dividedBy(2);
        Lookout lookout = new Lookout(inbox);
        Retraining.Candidate candidate =
                retraining.run(data, saved, start.incumbent, budget, new Retraining.Listener() {
                    @Override
                    public void step(int epoch, int step, int steps) {
                        if (stopped) {
                            throw new CancellationException("stopped");
                        }
                        lookout.step();
                    }

                    @Override
                    public void epoch(Training.Epoch epoch) {
                        TrainingLoop.this.metrics.epoch();
                        publisher.evaluation(progress(run, epoch));
                    }

                    @Override
                    public void measured(Training.Outcome outcome, Metrics test, Metrics popularity, Metrics inForce) {
                        publisher.evaluation(offline(run, outcome, test, popularity, inForce));
                    }
                });
        lookout.check();
        String reason = candidate.reason();
        Map<String, Double> judged = new TreeMap<>(candidate.test().values());
        if (candidate.difference() != null) {
            judged.putAll(candidate.difference().metrics());
        }
        Evaluation decision = run.evaluation(EvaluationKind.GATE)
                .setMetrics(judged)
                .setUsers(candidate.test().users())
                .setAccepted(candidate.accepted())
                .setReason(reason)
                .build();
        if (candidate.accepted()) {
            release(run, saved, data, settings, candidate, decision, inbox, publisher);
        } else {
            publisher.evaluation(decision);
            LOG.warn("{}: not released: {}", run.version, reason);
        }
        this.metrics.decided(candidate, Duration.between(run.started, Instant.now()));
        // As long as there is no model at all, the next snapshot may try at once.
        boolean without = !candidate.accepted() && inbox.releases().of(run.factory.name()) == null;
        policy.trained(run.factory.name(), run.manifest, without ? Instant.MIN : Instant.now());
    }

    private static Evaluation progress(Run run, Training.Epoch epoch) {
        Map<String, Double> metrics = new TreeMap<>();
        metrics.put("loss", epoch.loss());
        if (epoch.valid() != null) {
            metrics.putAll(epoch.valid().values());
        }
        return run.evaluation(EvaluationKind.EPOCH)
                .setEpoch(epoch.number())
                .setEpochs(epoch.of())
                .setMetrics(metrics)
                .setUsers(epoch.valid() == null ? 0 : epoch.valid().users())
                .build();
    }

    private static Evaluation offline(
            Run run, Training.Outcome outcome, Metrics test, Metrics popularity, Metrics inForce) {
        Map<String, Double> metrics = new TreeMap<>(test.values());
        popularity.values().forEach((name, value) -> metrics.put("popularity." + name, value));
        if (inForce != null) {
            inForce.values().forEach((name, value) -> metrics.put("in-force." + name, value));
        }
        return run.evaluation(EvaluationKind.OFFLINE)
                .setEpoch(outcome.bestEpoch())
                .setEpochs(outcome.epochs())
                .setMetrics(metrics)
                .setUsers(test.users())
                .build();
    }

    private void release(
            Run run,
            ModelStore.Saved saved,
            SnapshotData data,
            Settings settings,
            Retraining.Candidate candidate,
            Evaluation decision,
            Inbox inbox,
            Publisher publisher)
            throws IOException {
        Retraining.Refit refit = candidate.refit();
        Map<String, String> configuration = new TreeMap<>(settings.asMap());
        configuration.put("start", candidate.warm() ? "warm" : "cold");
        Interactions seen = data.slice().train();
        if (candidate.warm()) {
            configuration.put("started-from", saved.version());
            seen = WarmStart.seen(saved, seen, data.users(), data.items());
        }
        Map<String, String> about = new TreeMap<>(configuration);
        about.put("model", run.factory.name());
        about.put("version", run.version);
        ModelStore.Artifact artifact = options.store.save(
                new ModelStore.Saved(run.version, data.users(), data.items(), candidate.evaluated(), seen),
                about,
                refit.parameters());
        ModelRelease.Builder release = ModelRelease.newBuilder()
                .setModel(run.factory.name())
                .setVersion(run.version)
                .setAction(ReleaseAction.RELEASE)
                .setReleasedAt(Instant.now())
                .setSnapshotId(run.manifest.getSnapshotId())
                .setSnapshotAt(run.manifest.getCreatedAt())
                .setOffsets(run.manifest.getOffsets())
                .setMetrics(candidate.test().values())
                .setConfiguration(configuration)
                .setCodeVersion(BuildVersion.current())
                .setSeed(options.seed)
                .setDimension(refit.embeddings().dimension())
                .setUsers(data.users().size())
                .setItems(data.items().size())
                .setArtifactUri(artifact.path().toUri().toString())
                .setArtifactSha256(artifact.sha256())
                .setExperts(refit.inductive().map(Inductive::experts).orElse(List.of()));
        try {
            publisher.release(
                    () -> EmbeddingRecords.of(run.version, data, refit.embeddings(), refit.inductive()),
                    release,
                    decision);
        } catch (IOException e) {
            tidy(() -> options.store.discard(run.version));
            throw e;
        }
        LOG.info(
                "{}: released after {} s: {} epochs, {}",
                run.version,
                Duration.between(run.started, Instant.now()).toSeconds(),
                candidate.outcome().epochs(),
                decision.getReason());
        Set<String> needed = new HashSet<>(inbox.releases().versions());
        needed.add(run.version);
        tidy(() -> {
            // What the disk has lost, serving may still have to read.
            needed.addAll(options.store.clean(needed));
            List<ModelRelease> kept = new ArrayList<>(inbox.releases().of(needed));
            kept.add(release.build());
            EmbeddingRetention.deleteBefore(options.bootstrap, kept);
            EmbeddingRetention.held(kept)
                    .forEach((model, records) -> LOG.warn(
                            "model-embeddings keeps {} records for the old releases of {}; they go when it has released"
                                    + " again, see 'freshet train --model {}'",
                            records,
                            model,
                            model));
        });
    }

    private interface Tidying {
        void run() throws IOException;
    }

    /** Deletes what is of no more use; where that fails, the release is none the worse. */
    private static void tidy(Tidying tidying) {
        try {
            tidying.run();
        } catch (IOException e) {
            LOG.warn("a saved model cannot be deleted: {}", describe(e));
        }
    }

    private Start start(ModelFactory factory, Inbox inbox) {
        ModelRelease before = inbox.releases().of(factory.name());
        ModelStore.Saved saved = null;
        String lost = null;
        if (before != null) {
            try {
                saved = options.store.load(before.getVersion(), before.getArtifactSha256());
            } catch (IOException | RuntimeException e) {
                lost = cannotBeLoaded(e);
                LOG.warn("{} {}; training from the beginning", before.getVersion(), lost);
            }
        }
        ModelRelease inForce = inbox.releases().inForce(factory.name());
        if (inForce == null || inForce == before) {
            return new Start(saved, new Incumbent(inForce, saved, lost));
        }
        try {
            ModelStore.Saved other = options.store.load(inForce.getVersion(), inForce.getArtifactSha256());
            return new Start(saved, new Incumbent(inForce, other, null));
        } catch (IOException | RuntimeException e) {
            return new Start(saved, new Incumbent(inForce, null, cannotBeLoaded(e)));
        }
    }

    private static String cannotBeLoaded(Exception e) {
        return "it cannot be loaded (" + describe(e) + ")";
    }

    /** The version of a run: later than that of any release before it. */
    private static String version(ModelFactory factory, Instant started, Inbox inbox) {
        // After a rollback, that in force is not the newest.
        String last = inbox.releases().newestFirst().stream().findFirst().orElse("");
        Instant at = started;
        String version = VERSION.format(at) + '-' + factory.name();
        while (version.compareTo(last) <= 0 && at.isBefore(started.plusSeconds(60))) {
            at = at.plusSeconds(1);
            version = VERSION.format(at) + '-' + factory.name();
        }
        return version;
    }

    private static String describe(Exception e) {
        return e instanceof NoSuchFileException
                ? "no file " + e.getMessage()
                : String.valueOf(e.getMessage() == null ? e : e.getMessage());
    }
}

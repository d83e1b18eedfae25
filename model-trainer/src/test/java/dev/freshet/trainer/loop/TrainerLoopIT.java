package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.inductive.NodeEncoder;
import dev.freshet.schema.Command;
import dev.freshet.schema.Control;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.ReleaseFixture;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.BuildVersion;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicCatalogue;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.model.Model;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.model.Settings;
import dev.freshet.trainer.tensor.Parameter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerLoopIT {

    private static final Duration SOON = Duration.ofSeconds(120);

    private final TestKafka kafka = TestKafka.shared();
    private TrainingLoop loop;
    private Thread running;
    private MeterRegistry registry;

    @TempDir
    private Path folder;

    @BeforeEach
    void topics() {
        kafka.freshTopics(2);
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (loop != null) {
            loop.stop();
            running.join(30_000);
            assertThat(running.isAlive()).isFalse();
        }
    }

    private void start(String model) throws Exception {
        start(Models.of(model));
    }

    private void start(ModelFactory factory) throws Exception {
        String model = factory.name();
        Settings settings = few(factory);
        if (model.equals("spumr")) {
            // With its gate, so that there are variances and weights to release.
            settings = settings.with("fusion", "gate", "sampling", "true", "mean-head", "residual");
        }
        loop(factory, settings, Duration.ofSeconds(60));
    }

    /** The settings of the loop with few epochs. */
    private static Settings few(ModelFactory factory) {
        return Models.preset(factory, factory.livePreset()).with(Settings.EPOCHS, "8", Settings.PATIENCE, "3");
    }

    private void loop(ModelFactory factory, Settings settings, Duration budget) throws Exception {
        loop(Map.of(factory, settings), Split.NONE, budget);
    }

    private void loop(Map<ModelFactory, Settings> models, Split split, Duration budget) throws Exception {
        registry = new SimpleMeterRegistry();
        loop = new TrainingLoop(
                new TrainingLoop.Options(
                        kafka.bootstrapServers(),
                        new ModelStore(folder.resolve("models"), 2),
                        models,
                        split,
                        1,
                        Duration.ZERO,
                        Duration.ofDays(1),
                        budget,
                        1,
                        2),
                new TrainerMetrics(registry));
        running = new Thread(() -> {
            try {
                loop.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        running.start();
    }

    private double counted(String meter, String... tags) {
        return registry.get(meter).tags(tags).counter().count();
    }

    private double gauged(String meter, String... tags) {
        return registry.get(meter).tags(tags).gauge().value();
    }

    private void send(SnapshotManifest manifest) {
        kafka.send(Topic.GRAPH_SNAPSHOTS, manifest.getSnapshotId(), manifest);
    }

    private ModelRelease release(int count) {
        return kafka.awaitRecords(Topic.MODELS, any -> true, count, SOON)
                .get(count - 1)
                .value();
    }

    /** The embeddings of a release, each checked to lie in its ranges, by kind and id. */
    private Map<NodeKind, Map<String, ModelEmbedding>> embeddings(ModelRelease release) {
        Map<NodeKind, Map<String, ModelEmbedding>> found =
                new HashMap<>(Map.of(NodeKind.USER, new HashMap<>(), NodeKind.ITEM, new HashMap<>()));
        Map<Integer, OffsetRange> ranges =
                release.getEmbeddings().stream().collect(Collectors.toMap(OffsetRange::getPartition, range -> range));
        Map<String, Map<Integer, float[]>> parameters = new HashMap<>();
        for (Received<ModelEmbedding> record : kafka.drain(Topic.MODEL_EMBEDDINGS)) {
            ModelEmbedding embedding = record.value();
            if (embedding.getVersion().equals(release.getVersion())) {
                assertThat(record.offset())
                        .isBetween(
                                ranges.get(record.partition()).getStart(),
                                ranges.get(record.partition()).getEnd() - 1);
                if (embedding.getParameter() != null) {
                    parameters
                            .computeIfAbsent(embedding.getParameter(), name -> new TreeMap<>())
                            .put(Integer.parseInt(embedding.getId()), Vectors.toArray(embedding.getVector()));
                    continue;
                }
                assertThat(embedding.getVector()).hasSize(release.getDimension());
                found.get(embedding.getKind()).put(embedding.getId(), embedding);
            }
        }
        assertThat(found.get(NodeKind.USER)).hasSize((int) release.getUsers());
        assertThat(found.get(NodeKind.ITEM)).hasSize((int) release.getItems());
        if (!release.getExperts().isEmpty()) {
            // All that it takes to embed other nodes is there.
            Map<String, float[][]> rows = new HashMap<>();
            parameters.forEach((name, of) -> rows.put(name, of.values().toArray(float[][]::new)));
            NodeEncoder encoder = new NodeEncoder(release.getExperts(), release.getConfiguration(), rows);
            assertThat(encoder.dimension()).isEqualTo(release.getDimension());
            found.values().forEach(nodes -> assertThat(nodes.values()).allSatisfy(node -> {
                assertThat(node.getState()).hasSize(encoder.width());
                assertThat(node.getModalityWeights()).containsOnlyKeys(release.getExperts());
            }));
        }
        return found;
    }

    @Test
    void releasesThenReleasesWarm() throws Exception {
        List<LiveInteraction> interactions = Snapshots.interactions(300, 100, 8);
        send(Snapshots.write(folder, 1, interactions, Snapshots.items(100)));
        start("spumr");

        ModelRelease first = release(1);
        assertThat(first.getVersion()).matches("\\d{8}T\\d{6}Z-spumr");
        assertThat(first.getAction()).isEqualTo(ReleaseAction.RELEASE);
        assertThat(first.getSnapshotId()).isEqualTo("snapshot-000000000001");
        assertThat(first.getCodeVersion()).isEqualTo(BuildVersion.current());
        assertThat(first.getConfiguration()).containsEntry("start", "cold");
        Map<NodeKind, Map<String, ModelEmbedding>> embeddings = embeddings(first);
        assertThat(embeddings.get(NodeKind.USER)).containsKey(Snapshots.user(0));
        ModelEmbedding item = embeddings.get(NodeKind.ITEM).get(Snapshots.item(0));
        assertThat(item.getModalityWeights()).containsOnlyKeys("image", "text", "id");
        assertThat(item.getModalityWeights().values().stream()
                        .mapToDouble(w -> w)
                        .sum())
                .isBetween(.999, 1.001);
        assertThat(item.getVariance()).hasSize(first.getDimension());
        assertThat(first.getMetrics().get("recall@20")).isPositive();
        Path artifact = Path.of(URI.create(first.getArtifactUri()));
        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(artifact))))
                .isEqualTo(first.getArtifactSha256());

        List<Evaluation> evaluations = kafka.drain(Topic.EVALUATIONS).stream()
                .map(Received::value)
                .filter(evaluation -> evaluation.getRunId().equals(first.getVersion()))
                .toList();
        assertThat(evaluations).extracting(Evaluation::getKind).contains(EvaluationKind.EPOCH, EvaluationKind.OFFLINE);
        Evaluation gate = evaluations.get(evaluations.size() - 1);
        assertThat(gate.getKind()).isEqualTo(EvaluationKind.GATE);
        assertThat(gate.getAccepted()).isTrue();

        send(Snapshots.write(folder, 2, Snapshots.interactions(320, 104, 8), Snapshots.items(104)));
        ModelRelease second = release(2);
        assertThat(second.getVersion()).isGreaterThan(first.getVersion());
        assertThat(second.getConfiguration())
                .containsEntry("start", "warm")
                .containsEntry("started-from", first.getVersion());
        assertThat(kafka.drain(Topic.EVALUATIONS).stream()
                        .map(Received::value)
                        .filter(evaluation -> evaluation.getRunId().equals(second.getVersion())
                                && evaluation.getKind() == EvaluationKind.OFFLINE))
                .singleElement()
                .satisfies(offline -> assertThat(offline.getMetrics()).containsKeys("recall@20", "in-force.recall@20"));
        assertThat(embeddings(second).get(NodeKind.USER)).containsKey(Snapshots.user(319));
    }

    @Test
    void goesOnAfterASnapshotThatCannotBeRead() throws Exception {
        SnapshotManifest corrupt = Snapshots.write(folder, 1, Snapshots.interactions(60, 40, 6), Snapshots.items(40));
        Path file = Path.of(URI.create(corrupt.getLocation())).resolve("interactions.avro");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        byte[] garbage = {1, 2, 3};
        kafka.sendBytes(Topic.GRAPH_SNAPSHOTS.name(), "snapshot-0".getBytes(StandardCharsets.UTF_8), garbage);
        send(corrupt);
        start("lightgcn");

        List<Received<DeadLetter>> letters = kafka.awaitRecords(Topic.DEAD_LETTERS, any -> true, 2, SOON);
        assertThat(letters.get(0).value().getValue()).isEqualTo(ByteBuffer.wrap(garbage));
        assertThat(letters.get(0).value().getReason()).contains("not Avro single-object encoding");
        assertThat(letters.get(1).value().getValue())
                .isEqualTo(ByteBuffer.wrap(Topic.GRAPH_SNAPSHOTS.codec().encode(corrupt)));
        assertThat(letters.get(1).value().getReason()).contains("snapshot-000000000001", "take a new snapshot");

        SnapshotManifest missing = Snapshots.write(folder, 2, Snapshots.interactions(60, 40, 6), Snapshots.items(40));
        Files.delete(Path.of(URI.create(missing.getLocation())).resolve("item-jaccard.avro"));
        send(missing);
        kafka.awaitRecord(
                Topic.DEAD_LETTERS, letter -> letter.value().getReason().contains("no file"), SOON);

        send(Snapshots.write(folder, 3, Snapshots.interactions(60, 40, 6), Snapshots.items(40)));
        assertThat(release(1).getSnapshotId()).isEqualTo("snapshot-000000000003");
    }

    @Test
    void aCommandOutlivesASnapshotThatCannotBeReadAndARestart() throws Exception {
        SnapshotManifest first = Snapshots.write(folder, 1, Snapshots.interactions(60, 40, 6), Snapshots.items(40));
        send(first);
        start("lightgcn");
        release(1);
        Files.delete(Path.of(URI.create(first.getLocation())).resolve("interactions.avro"));
        // A model without a preset for the loop.
        command(Map.of("model", "mf-bpr"));
        kafka.sendBytes(Topic.CONTROL.name(), "TRAIN".getBytes(StandardCharsets.UTF_8), new byte[] {1, 2, 3});
        kafka.awaitRecord(
                Topic.DEAD_LETTERS, letter -> letter.value().getReason().contains("not Avro"), SOON);
        // When the next one is refused, the command has been tried.
        kafka.send(Topic.CONTROL, "ROLLBACK", new Control(Command.ROLLBACK, Map.of(), Instant.now()));
        kafka.awaitRecord(
                Topic.DEAD_LETTERS,
                letter -> letter.value().getReason().equals("Control: ROLLBACK has no argument version"),
                SOON);
        stop();

        start("lightgcn");
        send(Snapshots.write(folder, 2, Snapshots.interactions(60, 40, 6), Snapshots.items(40)));
        ModelRelease second = release(2);
        assertThat(second.getModel()).isEqualTo("mf-bpr");
        assertThat(second.getSnapshotId()).isEqualTo("snapshot-000000000002");
    }

    @Test
    void recordsWhyAModelCouldNotBeTrainedAndGoesOn() throws Exception {
        List<Item> bare = Snapshots.items(40).stream()
                .peek(item -> item.setFeatures(Map.of()))
                .toList();
        send(Snapshots.write(folder, 1, Snapshots.interactions(60, 40, 6), bare));
        start("lightgcn");
        ModelRelease first = release(1);
        command(Map.of("model", "mf-bpr"));
        ModelRelease ofAnother = release(2);
        command(Map.of("model", "vbpr"));
        Evaluation refusal = kafka.awaitRecord(
                        Topic.EVALUATIONS,
                        record -> record.value().getKind() == EvaluationKind.GATE
                                && record.value().getModel().equals("vbpr"),
                        SOON)
                .value();
        assertThat(refusal.getAccepted()).isFalse();
        assertThat(refusal.getReason()).contains("vbpr needs");
        // The saved model is gone: the loop says so, and what it releases then starts anew.
        Path models = folder.resolve("models");
        try (Stream<Path> files = Files.walk(models)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        command(Map.of());
        ModelRelease third = release(3);
        assertThat(third.getConfiguration()).containsEntry("start", "cold").doesNotContainKey("started-from");
        assertThat(kafka.drain(Topic.EVALUATIONS))
                .extracting(record -> String.valueOf(record.value().getReason()))
                .anyMatch(reason -> reason.contains("cannot be loaded (no file"));
        // The embeddings stay, of the other model's release too: serving may go back to it.
        command(Map.of());
        release(4);
        embeddings(ofAnother);
        // Those that no announcement needs go: when they have, the retention has run.
        await("the first embeddings are gone", () -> kafka.drain(Topic.MODEL_EMBEDDINGS).stream()
                .noneMatch(record -> record.value().getVersion().equals(first.getVersion())));
        embeddings(ofAnother);
    }

    private static void await(String what, java.util.function.BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Thread.sleep(100);
        }
    }

    @Test
    void trainsWithoutFeaturesAndOnCommand() throws Exception {
        List<Item> bare = Snapshots.items(60).stream()
                .peek(item -> item.setFeatures(Map.of()))
                .toList();
        send(Snapshots.write(folder, 1, Snapshots.interactions(120, 60, 6), bare));
        start("spumr");
        ModelRelease first = release(1);
        assertThat(embeddings(first).get(NodeKind.ITEM).get(Snapshots.item(1)).getModalityWeights())
                .containsOnlyKeys("id");

        command(Map.of("model", "nonsense"));
        DeadLetter letter = kafka.awaitRecord(
                        Topic.DEAD_LETTERS, record -> record.value().getTopic().equals("control"), SOON)
                .value();
        assertThat(letter.getReason()).startsWith("Control: no model nonsense; the models are bm3, da-mrs,");
        Evaluation answer = kafka.awaitRecord(
                        Topic.EVALUATIONS, record -> record.value().getModel().equals("nonsense"), SOON)
                .value();
        assertThat(answer.getKind()).isEqualTo(EvaluationKind.GATE);
        assertThat(answer.getAccepted()).isFalse();
        assertThat(letter.getReason()).isEqualTo("Control: " + answer.getReason());
        command(Map.of("model", "lightgcn"));
        assertThat(release(2).getModel()).isEqualTo("lightgcn");
        command(Map.of());
        ModelRelease third = release(3);
        assertThat(third.getModel()).isEqualTo("spumr");
        assertThat(third.getSnapshotId()).isEqualTo(first.getSnapshotId());
    }

    /** Serving puts the newest release in force, whatever its model. */
    @Test
    void aModelIsMeasuredAgainstTheReleaseInForceOfAnother() throws Exception {
        send(Snapshots.write(folder, 1, Snapshots.interactions(300, 100, 8), Snapshots.items(100)));
        start("lightgcn");
        ModelRelease first = release(1);
        command(Map.of("model", "mf-bpr"));
        Map<String, Double> metrics = offline("mf-bpr").getMetrics();
        assertThat(metrics.get("in-force.recall@20"))
                .isCloseTo(first.getMetrics().get("recall@20"), within(1e-9));
        ModelRelease inForce = gate("mf-bpr").getAccepted() ? release(2) : first;
        Path artifact = Path.of(java.net.URI.create(inForce.getArtifactUri()));
        byte[] bytes = Files.readAllBytes(artifact);
        bytes[bytes.length / 2] ^= 1;
        Files.write(artifact, bytes);
        command(Map.of("model", "vbpr"));
        assertThat(offline("vbpr").getMetrics()).doesNotContainKey("in-force.recall@20");
        assertThat(gate("vbpr").getReason())
                .contains("; not measured against release " + inForce.getVersion() + ": it cannot be loaded ("
                        + artifact + ": damaged;");
    }

    @Test
    void modelsOfASplitAreTrainedInTurnsAndEachAgainstItsOwnReleases() throws Exception {
        Map<ModelFactory, Settings> models = new LinkedHashMap<>();
        for (String model : List.of("lightgcn", "mf-bpr")) {
            models.put(Models.of(model), few(Models.of(model)));
        }
        send(Snapshots.write(folder, 1, Snapshots.interactions(300, 100, 8), Snapshots.items(100)));
        loop(models, Split.of("lightgcn=2,mf-bpr=1", Split.SALT), Duration.ofSeconds(60));
        ModelRelease first = release(1);
        assertThat(first.getModel()).isEqualTo("lightgcn");
        assertThat(offline("mf-bpr").getMetrics()).doesNotContainKey("in-force.recall@20");

        send(Snapshots.write(folder, 2, Snapshots.interactions(320, 100, 8), Snapshots.items(100)));
        Evaluation second = offlineOn(2);
        assertThat(second.getModel()).isEqualTo("lightgcn");
        assertThat(second.getMetrics().get("in-force.recall@20")).isNotNull();
        ModelRelease replaced = kafka.awaitRecord(
                        Topic.MODELS, record -> record.value().getVersion().equals(second.getVersion()), SOON)
                .value();
        rollback(first.getVersion());
        assertThat(answer(0).getReason()).isEqualTo("in force instead of " + replaced.getVersion());

        send(Snapshots.write(folder, 3, Snapshots.interactions(340, 100, 8), Snapshots.items(100)));
        // The turn is lightgcn's, which is held.
        assertThat(offlineOn(3).getModel()).isEqualTo("mf-bpr");
        String without = first.getVersion().replace("lightgcn", "vbpr");
        kafka.send(
                Topic.MODELS,
                "vbpr",
                ModelRelease.newBuilder(first)
                        .setModel("vbpr")
                        .setVersion(without)
                        .build());
        refused(1, without, "release " + without + " is of vbpr, which has no arm in lightgcn=2,mf-bpr=1; there are ");
        assertThat(gauged("freshet.release.held")).isEqualTo(1);
    }

    /** The first result on a snapshot. */
    private Evaluation offlineOn(int snapshot) {
        return kafka.awaitRecord(
                        Topic.EVALUATIONS,
                        record -> record.value().getKind() == EvaluationKind.OFFLINE
                                && ("snapshot-00000000000" + snapshot)
                                        .equals(record.value().getSnapshotId()),
                        SOON)
                .value();
    }

    @Test
    void aRollbackPutsAnEarlierReleaseInForceAndIsHeldUntilATrainingIsAskedFor() throws Exception {
        send(Snapshots.write(folder, 1, Snapshots.interactions(300, 100, 8), Snapshots.items(100)));
        start("lightgcn");
        ModelRelease first = release(1);
        send(Snapshots.write(folder, 2, Snapshots.interactions(320, 100, 8), Snapshots.items(100)));
        ModelRelease second = release(2);

        rollback(first.getVersion());
        ModelRelease announced = release(3);
        assertThat(ModelRelease.newBuilder(announced)
                        .setAction(ReleaseAction.RELEASE)
                        .setReleasedAt(first.getReleasedAt())
                        .build())
                .isEqualTo(first);
        assertThat(announced.getAction()).isEqualTo(ReleaseAction.ROLLBACK);
        assertThat(announced.getReleasedAt()).isAfter(second.getReleasedAt());
        Evaluation answer = answer(0);
        assertThat(answer.getAccepted()).isTrue();
        assertThat(answer.getVersion()).isEqualTo(first.getVersion());
        assertThat(answer.getReason()).isEqualTo("in force instead of " + second.getVersion());

        // A snapshot that is worth a training, and a restart: nothing is trained.
        send(Snapshots.write(folder, 3, Snapshots.interactions(340, 100, 8), Snapshots.items(100)));
        refused(
                1,
                "20200101T000000Z-lightgcn",
                "no release 20200101T000000Z-lightgcn is known; there are " + second.getVersion());
        stop();
        assertThat(counted("freshet.gate.decisions", "decision", "accepted")).isEqualTo(2);
        assertThat(counted("freshet.gate.decisions", "decision", "refused")).isZero();
        assertThat(counted("freshet.rollbacks")).isEqualTo(1);
        assertThat(gauged("freshet.release.held")).isEqualTo(1);
        assertThat(gauged("freshet.training.running")).isZero();
        assertThat(gauged("freshet.gate.recall", "of", "candidate"))
                .isEqualTo(second.getMetrics().get("recall@20"));
        assertThat(gauged("freshet.gate.recall", "of", "in-force")).isNotNaN();
        start("lightgcn");
        rollback(first.getVersion());
        assertThat(answer(2).getReason()).isEqualTo(first.getVersion() + " is in force already");
        Files.delete(Path.of(URI.create(second.getArtifactUri())));
        refused(3, second.getVersion(), "release " + second.getVersion() + " is not whole: no file ");
        assertThat(answer(3).getReason()).endsWith("; there is none to return to");
        assertThat(kafka.drain(Topic.MODELS)).hasSize(3);

        command(Map.of());
        ModelRelease next = release(4);
        assertThat(next.getAction()).isEqualTo(ReleaseAction.RELEASE);
        assertThat(next.getVersion()).isGreaterThan(second.getVersion());
        assertThat(next.getSnapshotId()).isEqualTo("snapshot-000000000003");
        assertThat(next.getConfiguration()).containsEntry("started-from", first.getVersion());
        assertThat(kafka.drain(Topic.EVALUATIONS).stream()
                        .filter(record -> record.value().getKind() == EvaluationKind.EPOCH)
                        .map(record -> record.value().getRunId())
                        .distinct())
                .containsExactly(first.getVersion(), second.getVersion(), next.getVersion());
        // Now it trains by itself again.
        send(Snapshots.write(folder, 4, Snapshots.interactions(360, 100, 8), Snapshots.items(100)));
        assertThat(release(5).getSnapshotId()).isEqualTo("snapshot-000000000004");
    }

    @Test
    void aReleaseWhoseEmbeddingsAreGoneCannotBeReturnedTo() throws Exception {
        send(Snapshots.write(folder, 1, Snapshots.interactions(60, 40, 6), Snapshots.items(40)));
        start("lightgcn");
        ModelRelease first = release(1);
        command(Map.of());
        ModelRelease second = release(2);
        EmbeddingRetention.deleteBefore(kafka.bootstrapServers(), List.of(second));

        rollback(first.getVersion());
        String reason = answer(1).getReason();
        assertThat(reason)
                .startsWith("release " + first.getVersion() + " is not whole: offsets ")
                .contains(" are gone: the topic begins at ");
        assertThat(kafka.drain(Topic.MODELS)).hasSize(2);
    }

    /** It is given up, and so is what was asked for before. */
    @Test
    void aRollbackDoesNotWaitForATraining() throws Exception {
        send(Snapshots.write(folder, 1, Snapshots.interactions(300, 100, 8), Snapshots.items(100)));
        start("lightgcn");
        ModelRelease first = release(1);
        command(Map.of());
        ModelRelease second = release(2);
        stop();
        ModelFactory factory = Models.of("lightgcn");
        loop(
                factory,
                Models.preset(factory, ModelFactory.LIVE)
                        .with(Settings.EPOCHS, "1000000", Settings.PATIENCE, "1000000"),
                Duration.ofHours(1));
        command(Map.of());
        kafka.awaitRecord(
                Topic.EVALUATIONS,
                record -> record.value().getKind() == EvaluationKind.EPOCH
                        && record.value().getEpoch() > 1
                        && record.value().getRunId().compareTo(second.getVersion()) > 0,
                SOON);
        command(Map.of());
        rollback(first.getVersion());

        assertThat(release(3).getAction()).isEqualTo(ReleaseAction.ROLLBACK);
        assertThat(kafka.drain(Topic.EVALUATIONS).stream()
                        .map(Received::value)
                        .filter(evaluation -> Boolean.FALSE.equals(evaluation.getAccepted()))
                        .map(Evaluation::getReason))
                .containsExactly("given up: a rollback was asked for", "given up: a rollback was asked for");
    }

    @Test
    void aSabotagedModelIsRefused() throws Exception {
        send(Snapshots.write(folder, 1, Snapshots.interactions(300, 100, 8), Snapshots.items(100)));
        start("lightgcn");
        ModelRelease sound = release(1);
        stop();
        ModelFactory real = Models.of("lightgcn");
        start(new ModelFactory(
                real.name(),
                real.presets(),
                real.defaultPreset(),
                (data, settings, backend, seed) -> new Sabotaged(real.create(data, settings, backend, seed))));
        send(Snapshots.write(folder, 2, Snapshots.interactions(320, 100, 8), Snapshots.items(100)));

        Evaluation gate = kafka.awaitRecord(
                        Topic.EVALUATIONS,
                        record -> record.value().getKind() == EvaluationKind.GATE
                                && !record.value().getRunId().equals(sound.getVersion()),
                        SOON)
                .value();
        assertThat(gate.getAccepted()).isFalse();
        assertThat(gate.getReason()).contains(" of the release in force", "95 % interval -", " to -");
        Map<String, Double> metrics = gate.getMetrics();
        assertThat(metrics.get("difference.recall@20.low")).isLessThan(metrics.get("difference.recall@20"));
        assertThat(metrics.get("difference.recall@20")).isLessThan(metrics.get("difference.recall@20.high"));
        assertThat(metrics.get("difference.recall@20.high")).isNegative();
        assertThat(metrics.get("difference.users")).isEqualTo((double) gate.getUsers());
        assertThat(kafka.drain(Topic.MODELS)).hasSize(1);
    }

    /** A model that takes every other user for the one before. */
    private record Sabotaged(Model model) implements Model {

        @Override
        public List<Parameter> parameters() {
            return model.parameters();
        }

        @Override
        public void startEpoch(SplittableRandom random) {
            model.startEpoch(random);
        }

        @Override
        public double step(Batch batch) {
            return model.step(batch);
        }

        @Override
        public Embeddings embed() {
            Embeddings whole = model.embed();
            int d = whole.dimension();
            float[] users = whole.users().clone();
            for (int user = 1; user * d < users.length; user += 2) {
                System.arraycopy(users, (user - 1) * d, users, user * d, d);
            }
            return Embeddings.of(d, users, whole.items());
        }

        @Override
        public void close() {
            model.close();
        }
    }

    private void rollback(String version) {
        kafka.send(Topic.CONTROL, "ROLLBACK", new Control(Command.ROLLBACK, Map.of("version", version), Instant.now()));
    }

    /** The trainer's answer to the n-th command. */
    private Evaluation answer(int command) {
        return kafka.awaitRecord(
                        Topic.EVALUATIONS, record -> record.value().getRunId().equals("control-" + command), SOON)
                .value();
    }

    private void refused(int command, String version, String why) {
        rollback(version);
        Evaluation answer = answer(command);
        assertThat(answer.getAccepted()).isFalse();
        assertThat(answer.getReason()).startsWith(why);
        assertThat(kafka.awaitRecord(
                                Topic.DEAD_LETTERS, letter -> letter.value().getOffset() == command, SOON)
                        .value()
                        .getReason())
                .isEqualTo("Control: " + answer.getReason());
    }

    private Evaluation offline(String model) {
        return evaluation(model, EvaluationKind.OFFLINE);
    }

    private Evaluation gate(String model) {
        return evaluation(model, EvaluationKind.GATE);
    }

    private Evaluation evaluation(String model, EvaluationKind kind) {
        return kafka.awaitRecord(
                        Topic.EVALUATIONS,
                        record -> record.value().getModel().equals(model)
                                && record.value().getKind() == kind,
                        SOON)
                .value();
    }

    private void command(Map<String, String> arguments) {
        kafka.send(Topic.CONTROL, "TRAIN", new Control(Command.TRAIN, arguments, Instant.now()));
    }

    @Test
    void bringsTheLargestBadRecordToTheDeadLetters() throws Exception {
        byte[] bad = new byte[TopicCatalogue.MAX_RECORD_BYTES - (64 << 10)];
        new Random(1).nextBytes(bad);
        kafka.sendBytes(Topic.CONTROL.name(), "TRAIN".getBytes(StandardCharsets.UTF_8), bad);
        start("lightgcn");

        DeadLetter letter =
                kafka.awaitRecord(Topic.DEAD_LETTERS, any -> true, SOON).value();
        assertThat(letter.getTopic()).isEqualTo(Topic.CONTROL.name());
        assertThat(letter.getValue()).isEqualTo(ByteBuffer.wrap(bad));
    }

    @Test
    void anAbortedReleaseLeavesNothing() throws Exception {
        try (Publisher publisher = new Publisher(kafka.bootstrapServers())) {
            ModelEmbedding embedding = embedding("v");
            Iterable<ModelEmbedding> broken = () -> new Iterator<>() {
                private int left = 10;

                @Override
                public boolean hasNext() {
                    return true;
                }

                @Override
                public ModelEmbedding next() {
                    if (left-- == 0) {
                        throw new IllegalStateException("broken");
                    }
                    return embedding;
                }
            };
            assertThatThrownBy(() -> publisher.release(broken, ModelRelease.newBuilder(), null))
                    .isInstanceOf(IOException.class)
                    .hasMessage("broken");
            assertThat(kafka.drainBytes(Topic.MODEL_EMBEDDINGS.name())).isEmpty();
            assertThat(kafka.drainBytes(Topic.MODELS.name())).isEmpty();

            publisher.release(List.of(embedding("whole")), release("whole"), decision("whole"));
            assertThat(kafka.drain(Topic.MODEL_EMBEDDINGS))
                    .extracting(Received::value)
                    .containsExactly(embedding("whole"));
            assertThat(kafka.drain(Topic.MODELS)).singleElement().satisfies(record -> {
                assertThat(record.value().getVersion()).isEqualTo("whole");
                assertThat(record.value().getEmbeddings()).singleElement().satisfies(range -> assertThat(
                                range.getEnd() - range.getStart())
                        .isEqualTo(1));
            });
            assertThat(kafka.drain(Topic.EVALUATIONS)).hasSize(1);
        }
    }

    @Test
    void embeddingsThatNoKeptReleaseNeedsAreDeleted() throws Exception {
        try (Publisher publisher = new Publisher(kafka.bootstrapServers())) {
            for (String version : List.of("a", "b", "c")) {
                publisher.release(List.of(embedding(version)), release(version), decision(version));
            }
        }
        List<ModelRelease> kept = kafka.drain(Topic.MODELS).stream()
                .map(Received::value)
                .filter(release -> !release.getVersion().equals("a"))
                .toList();

        EmbeddingRetention.deleteBefore(kafka.bootstrapServers(), kept);

        assertThat(kafka.drain(Topic.MODEL_EMBEDDINGS))
                .extracting(record -> record.value().getVersion())
                .contains("b", "c")
                .doesNotContain("a");
    }

    @Test
    void aTrainerWhoseProducerIsOfNoMoreUseEnds() {
        try (Publisher first = new Publisher(kafka.bootstrapServers());
                Publisher second = new Publisher(kafka.bootstrapServers())) {
            // No IOException, after which the loop would go on.
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> first.release(List.of(embedding("old")), release("old"), decision("old")))
                        .isInstanceOf(KafkaException.class);
            }
            assertThat(kafka.drainBytes(Topic.MODELS.name())).isEmpty();
        }
    }

    private static ModelEmbedding embedding(String version) {
        return new ModelEmbedding(version, NodeKind.USER, "u", List.of(1f), null, Map.of(), null, null);
    }

    private static ModelRelease.Builder release(String version) {
        return ReleaseFixture.release("m", version).setItems(0);
    }

    private static Evaluation decision(String version) {
        return Evaluation.newBuilder()
                .setRunId(version)
                .setKind(EvaluationKind.GATE)
                .setModel("m")
                .setAt(Instant.EPOCH)
                .build();
    }
}

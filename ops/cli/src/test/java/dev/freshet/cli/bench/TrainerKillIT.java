package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.cli.bench.TrainerPhases.Phase;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.TopicOffset;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer is killed (SIGKILL) amid a release: nothing of it is there, the one before is in force, and the next training goes through. */
class TrainerKillIT {

    /** So few that the gate refuses nothing: it judges by 20 measured users. */
    private static final int USERS = 18;

    /** So many that publishing takes a while. */
    private static final int ITEMS = 3_000;

    private static final int EVENTS_OF_A_USER = 250;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** The kill may come too late for its phase. */
    private static final int ATTEMPTS = 5;

    @TempDir
    private Path folder;

    @Test
    void aReleaseThatDiesLeavesNothingAndTheNextGoesThrough() throws Exception {
        ClusterOptions options = ClusterOptions.in(folder)
                .withFreePorts()
                .withPartitions(2)
                .with(Part.GRAPH_JOB, "--checkpoint-interval", "1s")
                .with(Part.TRAINER, "--model", "mf-bpr", "--training-time", "1s")
                .with(Part.TRAINER, "--min-new-interactions", "1000000", "--keep", "100");
        EnumSet<Part> parts = EnumSet.of(Part.BROKER, Part.GRAPH_JOB, Part.TRAINER);
        try (LocalCluster cluster = LocalCluster.start(options, parts, (part, status) -> {});
                TestKafka kafka = TestKafka.connect(cluster.bootstrapServers());
                TrainerPhases phases =
                        new TrainerPhases(cluster.bootstrapServers(), folder.resolve("models"), () -> {})) {
            kafka.sendAll(Topic.INTERACTIONS, interactions());
            kafka.awaitRecord(
                    Topic.GRAPH_SNAPSHOTS,
                    record -> record.value().getOffsets().stream()
                                    .filter(offset -> offset.getTopic().equals(Topic.INTERACTIONS.name()))
                                    .mapToLong(TopicOffset::getOffset)
                                    .sum()
                            == (long) USERS * EVENTS_OF_A_USER,
                    PATIENCE);
            kafka.awaitRecord(Topic.MODELS, any -> true, PATIENCE);
            for (Phase phase : List.of(Phase.JUDGING, Phase.PUBLISHING)) {
                boolean met = false;
                for (int attempt = 0; attempt < ATTEMPTS && !met; attempt++) {
                    met = kill(cluster, kafka, phases, phase);
                }
                assertThat(met).as(phase.description()).isTrue();
            }
        }
    }

    /** Whether the kill met the phase; whenever it came, nothing is half there. */
    private static boolean kill(LocalCluster cluster, TestKafka kafka, TrainerPhases phases, Phase phase)
            throws Exception {
        List<ModelRelease> before = releases(kafka);
        int restarts = cluster.status(Part.TRAINER).restarts();
        assertThat(phases.train(phase)).isTrue();
        ProcessHandle trainer = cluster.process(Part.TRAINER).orElseThrow();
        cluster.kill(Part.TRAINER);
        trainer.onExit().join();
        boolean met = phases.wasIn(phase);
        if (met) {
            assertThat(releases(kafka)).isEqualTo(before);
        }
        assertNothingIsHalfPublished(kafka);

        // The command outlives the trainer that died of it.
        await("the training is done", phases::done);
        await("the trainer is there", () -> cluster.status(Part.TRAINER).state() == PartStatus.State.READY);
        assertThat(cluster.status(Part.TRAINER).restarts()).isEqualTo(restarts + 1);
        List<ModelRelease> after = releases(kafka);
        assertThat(after).hasSizeGreaterThan(before.size()).startsWith(before.toArray(ModelRelease[]::new));
        assertNothingIsHalfPublished(kafka);
        return met;
    }

    private static List<ModelRelease> releases(TestKafka kafka) {
        return kafka.drain(Topic.MODELS).stream().map(Received::value).toList();
    }

    /** Every release has all of its embeddings and its saved model, and no embedding is of anything else. */
    private static void assertNothingIsHalfPublished(TestKafka kafka) {
        List<ModelRelease> releases = releases(kafka);
        Map<String, Long> embeddings = kafka.drain(Topic.MODEL_EMBEDDINGS).stream()
                .collect(Collectors.groupingBy(record -> record.value().getVersion(), Collectors.counting()));
        Set<String> versions = releases.stream().map(ModelRelease::getVersion).collect(Collectors.toSet());
        assertThat(embeddings).containsOnlyKeys(versions);
        for (ModelRelease release : releases) {
            assertThat(embeddings.get(release.getVersion())).isEqualTo(release.getUsers() + release.getItems());
            assertThat(Files.exists(Path.of(URI.create(release.getArtifactUri()))))
                    .isTrue();
        }
    }

    private static List<Map.Entry<String, Interaction>> interactions() {
        Random random = new Random(4);
        Instant start = Instant.now().truncatedTo(ChronoUnit.SECONDS).minusSeconds((long) USERS * EVENTS_OF_A_USER);
        List<Map.Entry<String, Interaction>> events = new ArrayList<>();
        for (int event = 0; event < USERS * EVENTS_OF_A_USER; event++) {
            String user = "u" + event % USERS;
            events.add(Map.entry(
                    user,
                    Interaction.newBuilder()
                            .setUser(user)
                            .setItem("i" + random.nextInt(ITEMS))
                            .setAction("click")
                            .setEventTime(start.plusSeconds(event))
                            .build()));
        }
        return events;
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.call()) {
            assertThat(Instant.now()).as(what).isBefore(deadline);
            Thread.sleep(100);
        }
    }
}

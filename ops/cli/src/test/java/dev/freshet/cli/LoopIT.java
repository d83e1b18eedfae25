package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.cli.demo.RecommendationCheck;
import dev.freshet.cli.send.Pace;
import dev.freshet.cli.send.Replay;
import dev.freshet.dataset.storefront.Storefront;
import dev.freshet.dataset.storefront.StorefrontOptions;
import dev.freshet.docs.MetricsPage;
import dev.freshet.docs.Scrape;
import dev.freshet.process.Installation;
import dev.freshet.process.Ports;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole loop, each part its own process: events in, graphs, a snapshot, a training, a release, recommendations out. */
class LoopIT {

    private static final int HISTORY = 12_000;
    private static final double LIVE_RATE = 30;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    private Path folder;

    @Test
    void eventsBecomeRecommendationsOfATrainedModel() throws Exception {
        for (Path archive : archives(Part.TRAINER)) {
            Files.delete(archive);
        }
        int[] metrics = Ports.free(2);
        ClusterOptions options = ClusterOptions.in(folder)
                .withFreePorts()
                .withPartitions(2)
                .with(Part.GRAPH_JOB, "--checkpoint-interval", "1s", "--metrics-port", "" + metrics[0])
                .with(Part.TRAINER, "--training-time", "10s", "--min-interval", "1s")
                .with(Part.TRAINER, "--metrics", "127.0.0.1:" + metrics[1]);
        try (LocalCluster cluster = LocalCluster.start(options, EnumSet.allOf(Part.class), (part, status) -> {});
                TestKafka kafka = TestKafka.connect(cluster.bootstrapServers())) {
            byte[] broken = sendBroken(kafka);
            Replay storefront = new Replay(storefront(), cluster.bootstrapServers());
            CompletableFuture<Void> feeding = CompletableFuture.runAsync(() -> feed(storefront));

            // The first may be of items alone.
            kafka.awaitRecord(
                    Topic.GRAPH_SNAPSHOTS, record -> record.value().getCounts().get("interactions") > 0, PATIENCE);
            // On a slow machine the first snapshot, and so the first release, is of very little.
            ModelRelease release = kafka.awaitRecord(
                            Topic.MODELS, record -> record.value().getMetrics().get("recall@20") > 0, PATIENCE)
                    .value();
            assertThat(release.getModel()).isEqualTo("spumr");
            assertThat(release.getUsers()).isPositive();
            storefront.stop();
            feeding.join();
            storefront.close();

            everyoneIsServedByTheModel(kafka);
            theBrokenRecordIsKept(kafka, broken);
            takesASnapshotOnCommand(cluster.bootstrapServers());
            thePageOfMetricsSaysWhatPartsShow(
                    streamsScrape(cluster),
                    Scrape.of(URI.create("http://127.0.0.1:" + metrics[1] + "/metrics")),
                    Scrape.of(URI.create("http://127.0.0.1:" + metrics[0] + "/metrics")));
            goesOnAfterKills(cluster, kafka);

            RecommendationCheck.Result check =
                    new RecommendationCheck(cluster.bootstrapServers()).await(Duration.ofSeconds(30));
            assertThat(check.examples()).isEmpty();
            assertThat(check.holds()).as(check.toString()).isTrue();
            assertThat(check.liveUsers()).isGreaterThan(100);
            await("an archive of the trainer's classes", () -> !archives(Part.TRAINER)
                    .isEmpty());
            assertThat(cluster.failure()).isEmpty();
        }
    }

    /** A truncated record. */
    private static byte[] sendBroken(TestKafka kafka) {
        byte[] whole = Topic.INTERACTIONS.codec().encode(interaction("u-broken", "i1", Instant.now()));
        byte[] broken = Arrays.copyOf(whole, whole.length - 4);
        kafka.sendBytes(Topic.INTERACTIONS.name(), "u-broken".getBytes(StandardCharsets.UTF_8), broken);
        return broken;
    }

    private static Storefront storefront() {
        Instant start = Instant.now().truncatedTo(ChronoUnit.SECONDS).minusSeconds(2 * HISTORY);
        return new Storefront(StorefrontOptions.DEFAULT.withSize(300, 240).withTimes(start, Duration.ofSeconds(1)));
    }

    /** The history at once, then live events: a model that the gate refuses is trained again on the next snapshot. */
    private static void feed(Replay storefront) {
        try {
            storefront.run(0, HISTORY, Pace.FASTEST, position -> {});
            storefront.run(HISTORY, HISTORY, Pace.rate(LIVE_RATE), position -> {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void everyoneIsServedByTheModel(TestKafka kafka) throws InterruptedException {
        await("recommendations of a model for everyone", () -> {
            List<Recommendations> served =
                    List.copyOf(kafka.table(Topic.RECOMMENDATIONS).values());
            return served.size() > 100 && served.stream().allMatch(each -> each.getModelVersion() != null);
        });
    }

    private static void theBrokenRecordIsKept(TestKafka kafka, byte[] broken) {
        List<Received<DeadLetter>> letters = kafka.drain(Topic.DEAD_LETTERS);
        assertThat(letters).hasSize(1);
        DeadLetter letter = letters.get(0).value();
        assertThat(letter.getTopic()).isEqualTo(Topic.INTERACTIONS.name());
        assertThat(letter.getValue()).isEqualTo(ByteBuffer.wrap(broken));
        assertThat(letter.getReason()).contains("truncated");
    }

    /** Micrometer looks for new metrics of the stream once a minute. */
    private static Scrape streamsScrape(LocalCluster cluster) throws Exception {
        URI address = cluster.servingUri().resolve("/metrics");
        Instant deadline = Instant.now().plus(PATIENCE);
        Scrape scrape = Scrape.of(address);
        while (!scrape.families().containsKey("kafka_stream_state_total_sst_files_size")
                && Instant.now().isBefore(deadline)) {
            Thread.sleep(1000);
            scrape = Scrape.of(address);
        }
        return scrape;
    }

    /** To write the page anew: {@code -Dfreshet.docs.write=true}. */
    private static void thePageOfMetricsSaysWhatPartsShow(Scrape serving, Scrape trainer, Scrape graphJob)
            throws Exception {
        String expected = MetricsPage.of(serving, trainer, graphJob);
        Path page = Path.of("..", "..", "docs", "metrics.md");
        if (Boolean.getBoolean("freshet.docs.write")) {
            Files.writeString(page, expected);
        }
        assertThat(Files.readString(page)).isEqualTo(expected);
    }

    private static List<Path> archives(Part part) {
        try (Stream<Path> files = Files.list(Installation.find().jars(part.folder()))) {
            return files.filter(file -> file.toString().endsWith(".jsa")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new event still reaches its user's recommendations and the graphs, after the processes between were killed. */
    private static void goesOnAfterKills(LocalCluster cluster, TestKafka kafka) throws Exception {
        long checkpoint = newestCheckpoint(kafka);
        for (Part part : List.of(Part.GRAPH_JOB, Part.SERVING)) {
            cluster.kill(part);
        }
        Recommendations before =
                kafka.table(Topic.RECOMMENDATIONS).values().iterator().next();
        RecommendedItem first = before.getItems().get(0);
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        kafka.send(Topic.INTERACTIONS, before.getUser(), interaction(before.getUser(), first.getItem(), now));

        Recommendations after = kafka.awaitRecord(
                        Topic.RECOMMENDATIONS,
                        record -> record.value() != null
                                && record.key().equals(before.getUser())
                                && now.equals(record.value().getCausedBy()),
                        PATIENCE)
                .value();
        assertThat(after.getItems())
                .isNotEmpty()
                .extracting(RecommendedItem::getItem)
                .doesNotContain(first.getItem());
        await("a newer snapshot", () -> newestCheckpoint(kafka) > checkpoint);
        for (Part part : List.of(Part.GRAPH_JOB, Part.SERVING)) {
            await(part + " again", () -> cluster.status(part).state() == PartStatus.State.READY);
            assertThat(cluster.status(part).restarts()).isEqualTo(1);
        }
        theApiAnswersAsTheTopic(cluster, after);
    }

    private static void takesASnapshotOnCommand(String bootstrap) throws IOException {
        JsonNode taken = new ObjectMapper().readTree(command("snapshot", "--json", "--bootstrap", bootstrap));
        String id = taken.path("snapshotId").asText();

        assertThat(command("snapshot", "show", id, "--bootstrap", bootstrap))
                .startsWith(id)
                .contains("item-jaccard.edges", "interactions");
        String item = command("snapshot", "show", "--node", "item-1", "--bootstrap", bootstrap);
        assertThat(item).contains("item-jaccard");
    }

    private static String command(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Freshet.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        assertThat(code).as(err.toString()).isZero();
        return out.toString();
    }

    private static long newestCheckpoint(TestKafka kafka) {
        return kafka.drain(Topic.GRAPH_SNAPSHOTS).stream()
                .mapToLong(record -> record.value().getCheckpointId())
                .max()
                .orElse(0);
    }

    private static void theApiAnswersAsTheTopic(LocalCluster cluster, Recommendations expected) throws Exception {
        HttpResponse<String> response = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(
                                        cluster.servingUri().resolve("/v1/recommendations/" + expected.getUser()))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        JsonNode answer = new ObjectMapper().readTree(response.body());
        assertThat(answer.path("user").asText()).isEqualTo(expected.getUser());
        assertThat(answer.path("modelVersion").asText()).isNotEmpty();
        assertThat(answer.path("items")).isNotEmpty();
    }

    private static Interaction interaction(String user, String item, Instant time) {
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction("purchase")
                .setEventTime(time.truncatedTo(ChronoUnit.MILLIS))
                .build();
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).as(what).isBefore(deadline);
            Thread.sleep(250);
        }
    }
}

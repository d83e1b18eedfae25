package dev.freshet.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import java.io.PrintWriter;
import java.io.StringWriter;
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
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Models are released, listed, rolled back and explained, with every part a process of its own. */
class RollbackIT {

    /** So few that the gate refuses nothing: it judges by 20 measured users. */
    private static final int USERS = 18;

    private static final int ITEMS = 40;
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    private Path folder;

    private LocalCluster cluster;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void returnsToAReleaseAndTellsWhatIsInForce() throws Exception {
        ClusterOptions options = ClusterOptions.in(folder)
                .withFreePorts()
                .withPartitions(2)
                .with(Part.GRAPH_JOB, "--checkpoint-interval", "1s")
                .with(Part.TRAINER, "--min-new-interactions", "1000000", "--training-time", "5s");
        try (LocalCluster started = LocalCluster.start(options, EnumSet.allOf(Part.class), (part, status) -> {});
                TestKafka kafka = TestKafka.connect(started.bootstrapServers())) {
            cluster = started;
            kafka.sendAll(Topic.ITEMS, items());
            kafka.sendAll(Topic.INTERACTIONS, interactions());
            kafka.awaitRecord(Topic.MODELS, any -> true, PATIENCE);
            // From here on, nothing changes but the model.
            succeeds(new SnapshotCommand(), "--bootstrap", started.bootstrapServers());
            // The one whose vectors follow the neighbors of today.
            String first = train("spumr").path("version").asText();
            Map<String, List<RecommendedItem>> lists = listsOf(kafka, first);
            Map<String, List<Float>> vectors = vectorsOf(kafka, first);
            String second = train("lightgcn").path("version").asText();
            assertThat(listsOf(kafka, second)).isNotEqualTo(lists);

            assertThat(rollback("20200101T000000Z-spumr")).isEqualTo(2);
            assertThat(err.toString().lines()).hasSize(1);
            assertThat(err.toString())
                    .contains("no release 20200101T000000Z-spumr is known; there are " + first)
                    .doesNotContain(second);
            assertThat(rollback(second)).isZero();
            assertThat(out.toString()).contains(second + " is in force already");

            assertThat(rollback(first)).as(err.toString()).isZero();
            assertThat(out.toString()).contains(first + " is in force");
            assertThat(listsOf(kafka, first)).isEqualTo(lists);
            assertThat(vectorsOf(kafka, first)).isEqualTo(vectors);
            theListOfModelsSaysSo(first, second);
            theLineageOfARecommendationIsTold(first, lists);

            Files.delete(folder.resolve("models").resolve(second).resolve("model.safetensors"));
            assertThat(rollback(second)).isEqualTo(2);
            assertThat(err.toString().lines().filter(line -> line.startsWith("freshet rollback: ")))
                    .singleElement()
                    .asString()
                    .contains("release " + second + " is not whole: no file ", "; there are ");
        }
    }

    private static List<Map.Entry<String, Interaction>> interactions() {
        Random random = new Random(4);
        Instant start = Instant.now().truncatedTo(ChronoUnit.SECONDS).minusSeconds(10_000);
        List<Map.Entry<String, Interaction>> events = new ArrayList<>();
        for (int event = 0; event < 12 * USERS; event++) {
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

    private static List<Map.Entry<String, Item>> items() {
        Random random = new Random(9);
        List<Map.Entry<String, Item>> items = new ArrayList<>();
        for (int number = 0; number < ITEMS; number++) {
            List<Float> image = random.doubles(6).mapToObj(each -> (float) each).toList();
            items.add(Map.entry(
                    "i" + number,
                    Item.newBuilder()
                            .setItem("i" + number)
                            .setFeatures(Map.of("image", image))
                            .build()));
        }
        return items;
    }

    private JsonNode train(String model) throws Exception {
        succeeds(new TrainCommand(), "--model", model, "--json", "--bootstrap", cluster.bootstrapServers());
        return new ObjectMapper().readTree(out.toString());
    }

    private int rollback(String version) {
        return run(
                new RollbackCommand(),
                version,
                "--bootstrap",
                cluster.bootstrapServers(),
                "--serving",
                cluster.servingUri().toString());
    }

    /** Everyone's list, once all are of a version. */
    private static Map<String, List<RecommendedItem>> listsOf(TestKafka kafka, String version) throws Exception {
        Map<String, List<RecommendedItem>> lists = new TreeMap<>();
        await(version + " for everyone", () -> {
            Map<String, Recommendations> table = kafka.table(Topic.RECOMMENDATIONS);
            lists.clear();
            table.values().stream()
                    .filter(list -> version.equals(list.getModelVersion()))
                    .forEach(list -> lists.put(list.getUser(), list.getItems()));
            return lists.size() == USERS;
        });
        return lists;
    }

    /** The published vectors of all users and items, once all are of a version. */
    private static Map<String, List<Float>> vectorsOf(TestKafka kafka, String version) throws Exception {
        Map<String, List<Float>> vectors = new TreeMap<>();
        await("vectors of " + version, () -> {
            vectors.clear();
            kafka.table(Topic.EMBEDDINGS).forEach((node, embedding) -> {
                if (version.equals(embedding.getModelVersion())) {
                    vectors.put(node, embedding.getVector());
                }
            });
            return vectors.size() == USERS + ITEMS;
        });
        return vectors;
    }

    private void theListOfModelsSaysSo(String first, String second) throws Exception {
        String serving = cluster.servingUri().toString();
        succeeds(new ModelsCommand(), "--bootstrap", cluster.bootstrapServers(), "--serving", serving);
        assertThat(out.toString())
                .contains("Recall@20", "back to " + first, second, "nothing is released until 'freshet train'");
        succeeds(new ModelsCommand(), "--json", "--bootstrap", cluster.bootstrapServers(), "--serving", serving);
        JsonNode models = new ObjectMapper().readTree(out.toString());
        assertThat(models.path("inForce").asText()).isEqualTo(first);
        assertThat(models.path("held").asBoolean()).isTrue();
        assertThat(models.path("releases").path(0).path("action").asText()).isEqualTo("ROLLBACK");
        assertThat(models.path("releases").path(1).path("version").asText()).isEqualTo(second);
        assertThat(models.path("refused")).isEmpty();
    }

    private void theLineageOfARecommendationIsTold(String version, Map<String, List<RecommendedItem>> lists)
            throws Exception {
        RecommendedItem third = lists.get("u3").get(2);
        JsonNode there = explain("u3", third.getItem());
        assertThat(there.path("recommended").asBoolean()).isTrue();
        assertThat(there.path("rank").asInt()).isEqualTo(3);
        assertThat(there.path("score").asDouble()).isEqualTo(third.getScore());
        JsonNode release = there.path("release");
        assertThat(release.path("version").asText()).isEqualTo(version);
        assertThat(release.path("configuration").path("start").asText()).isEqualTo("warm");
        assertThat(release.path("snapshotId").asText()).isNotEmpty();
        long events = 0;
        for (JsonNode offset : release.path("offsets")) {
            events += offset.path("topic").asText().equals("interactions")
                    ? offset.path("offset").asLong()
                    : 0;
        }
        assertThat(events).isEqualTo(12 * USERS);

        assertThat(explain("u3", "nothing").path("why").asText()).isEqualTo("unknown");
        String own = new ServingClient(cluster.servingUri())
                .get("/v1/users/u3")
                .path("history")
                .path(0)
                .path("item")
                .asText();
        assertThat(explain("u3", own).path("why").asText()).isEqualTo("consumed");
        run(
                new ExplainCommand(),
                "u3",
                third.getItem(),
                "--serving",
                cluster.servingUri().toString());
        assertThat(out.toString()).contains("rank       3 of", "snapshot", "before offset", version);
        assertThat(run(
                        new ExplainCommand(),
                        "nobody",
                        "i1",
                        "--serving",
                        cluster.servingUri().toString()))
                .isNotZero();
    }

    private JsonNode explain(String user, String item) throws Exception {
        succeeds(
                new ExplainCommand(),
                user,
                item,
                "--json",
                "--serving",
                cluster.servingUri().toString());
        return new ObjectMapper().readTree(out.toString());
    }

    private void succeeds(Object command, String... arguments) {
        assertThat(run(command, arguments)).as(() -> err.toString()).isZero();
    }

    private int run(Object command, String... arguments) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return new CommandLine(command)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setParameterExceptionHandler((e, given) -> {
                    e.getCommandLine().getErr().println(e.getMessage());
                    return CommandLine.ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    line.getErr().println(e.getMessage());
                    return CommandLine.ExitCode.SOFTWARE;
                })
                .execute(arguments);
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.call()) {
            assertThat(Instant.now()).as(what).isBefore(deadline);
            Thread.sleep(250);
        }
    }
}

package dev.freshet.serving;

import static dev.freshet.serving.LoopFixture.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.graph.GraphNames;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.Item;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.score.ModelFixture;
import dev.freshet.serving.score.Scoring;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/api.md, line by line, against a running serving, and both against the OpenAPI document. */
class ApiPageIT {

    private static final Path CURL = Path.of("/usr/bin/curl");
    private static final Path PAGE = Path.of(System.getProperty("freshet.home", "."), "docs", "api.md");
    private static final String SERVER = "http://127.0.0.1:18080";
    private static final Pattern LINE = Pattern.compile("^ {4}(curl .*'" + SERVER + "(/[^'?]*)[^']*')$");
    private static final String RUN = "20261121T101500Z-spumr";
    private static final int TIMED_OUT = 28;

    private final TestKafka kafka = TestKafka.shared();
    private final LoopFixture loop = new LoopFixture(kafka);

    @TempDir
    private Path folder;

    @Test
    void everyCurlOfThePageWorksAndAnswersAsTheDocumentSays() throws Exception {
        assumeTrue(Files.isExecutable(CURL), () -> "there is no " + CURL);
        loop.reset(2);
        Path photos = Files.createDirectory(folder.resolve("photos"));
        Files.write(photos.resolve("7.jpg"), new byte[] {(byte) 0xff, (byte) 0xd8});
        // A server that asks for none does not mind one.
        Files.writeString(folder.resolve("token"), "0123456789abcdef");
        feed();
        try (Serving serving = new Serving(new Serving.Settings(
                kafka.bootstrapServers(),
                WireFormat.SINGLE_OBJECT,
                folder.resolve("state"),
                HttpApi.Settings.onLoopback(0, photos),
                20,
                Scoring.DEFAULT,
                2000,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                Set.of()))) {
            Http http = new Http(serving.port());
            await("ready", serving::ready);
            await("scored", () -> http.get("/v1/recommendations/42").statusCode() == 200);
            await(
                    "read",
                    () -> http.json("/v1/status").get("evaluations").asInt() == 3
                            && http.json("/v1/models").get("releases").size() == 2);
            ApiDocument document = new ApiDocument(http.get("/openapi.json").body());
            Set<String> shown = new TreeSet<>();
            for (String line : Files.readAllLines(PAGE)) {
                Matcher curl = LINE.matcher(line);
                if (curl.matches()) {
                    String method = line.contains(" POST ") ? "POST" : "GET";
                    String operation = document.operation(method, curl.group(2));
                    shown.add(operation);
                    run(curl.group(1).replace(SERVER, "http://127.0.0.1:" + serving.port()), operation, document);
                } else {
                    assertThat(line).as("a curl that is not tried").doesNotContain("    curl", SERVER + "/");
                }
            }
            assertThat(shown).isEqualTo(document.operations());
        }
    }

    /** Runs a line as a reader would; whatever it says about the answer goes into files. */
    private void run(String line, String operation, ApiDocument document) throws IOException, InterruptedException {
        boolean endless = operation.endsWith("/v1/events");
        Path headers = folder.resolve("headers");
        Path body = folder.resolve(line.contains(" -o ") ? "7.jpg" : "body");
        Files.deleteIfExists(body);
        Process curl = new ProcessBuilder("bash", "-c", line + " -s -D headers --max-time " + (endless ? 2 : 20))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("body").toFile())
                .start();
        assertThat(curl.waitFor(30, TimeUnit.SECONDS)).as(line).isTrue();
        String answer = Files.readString(headers) + "\n" + (line.contains(" -o ") ? "" : Files.readString(body));
        assertThat(curl.exitValue()).as("%s: %s", line, answer).isEqualTo(endless ? TIMED_OUT : 0);
        int status = Integer.parseInt(answer.split(" ", 3)[1]);
        assertThat(status).as("%s: %s", line, answer).isBetween(200, 299);
        Matcher type = Pattern.compile("(?im)^content-type: (.*)$").matcher(answer);
        assertThat(type.find()).as(answer).isTrue();
        document.check(
                operation,
                status,
                type.group(1).strip(),
                answer.substring(answer.indexOf("\n\n") + 2).strip());
        if (endless) {
            assertThat(answer).contains("event: status\ndata: {");
        }
    }

    private void feed() {
        for (int n = 5; n < 12; n++) {
            kafka.send(
                    Topic.ITEMS,
                    Integer.toString(n),
                    Item.newBuilder()
                            .setItem(Integer.toString(n))
                            .setTitle("Lamp " + n)
                            .setImageUrl("/photos/" + n + ".jpg")
                            .setAttributes(Map.of("category", "shoes", "colour", n % 2 == 0 ? "red" : "blue"))
                            .build());
            loop.interact("u" + n, Integer.toString(n), "click", n);
        }
        loop.interact("42", "7", "click", 20);
        neighbors(GraphNames.ITEM_JACCARD, "7", "8", "9");
        neighbors(GraphNames.itemContent("image"), "7", "8", "10", "11");
        neighbors(GraphNames.itemDenoised("image"), "7", "8");
        neighbors(GraphNames.USER_JACCARD, "42", "u7");
        kafka.send(
                Topic.DEAD_LETTERS,
                Topic.INTERACTIONS.name(),
                DeadLetter.newBuilder()
                        .setTopic(Topic.INTERACTIONS.name())
                        .setPartition(0)
                        .setOffset(1)
                        .setKey(ByteBuffer.wrap(LoopFixture.bytes("late")))
                        .setValue(ByteBuffer.wrap(
                                Topic.INTERACTIONS.codec().encode(LoopFixture.interaction("late", "7", "click", 30))))
                        .setTimestamp(Instant.now())
                        .setReason("unknown schema")
                        .setJob("graph-job test")
                        .setRefusedAt(Instant.now())
                        .build());
        evaluation(EvaluationKind.EPOCH, Map.of("loss", 0.5));
        evaluation(EvaluationKind.OFFLINE, Map.of("recall@20", 0.1));
        evaluation(EvaluationKind.GATE, Map.of("recall@20", 0.1));
        Random random = new Random(7);
        for (String version : List.of(RUN, "20261122T101500Z-spumr")) {
            loop.release(
                    version,
                    Map.of("42", new float[] {1, 0}),
                    ModelFixture.vectors("", 12, 2, random),
                    release -> release.setModel("spumr"));
        }
    }

    private void neighbors(String graph, String node, String... ids) {
        kafka.send(
                Topic.NEIGHBORS,
                Keys.neighbors(graph, node),
                new NeighborList(
                        graph,
                        node,
                        Arrays.stream(ids).map(id -> new Neighbor(id, 0.5)).toList(),
                        3,
                        2L));
    }

    private void evaluation(EvaluationKind kind, Map<String, Double> metrics) {
        kafka.send(
                Topic.EVALUATIONS,
                RUN,
                Evaluation.newBuilder()
                        .setRunId(RUN)
                        .setKind(kind)
                        .setModel("spumr")
                        .setVersion(kind == EvaluationKind.EPOCH ? null : RUN)
                        .setEpoch(kind == EvaluationKind.EPOCH ? 1 : 0)
                        .setEpochs(1)
                        .setMetrics(metrics)
                        .setUsers(3)
                        .setAccepted(kind == EvaluationKind.GATE ? Boolean.TRUE : null)
                        .setReason(kind == EvaluationKind.GATE ? "the first" : null)
                        .setAt(Instant.now())
                        .build());
    }
}

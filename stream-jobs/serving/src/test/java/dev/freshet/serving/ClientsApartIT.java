package dev.freshet.serving;

import static dev.freshet.serving.LoopFixture.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.score.Scoring;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.lang.management.ManagementFactory;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients of a serving that has data: what is said of one user shows nothing of another, and whoever is slow holds up nobody. */
class ClientsApartIT {

    /** More than a profile has at hand. */
    private static final int BOOKS = 230;

    private static final int LAMPS = 5;

    private final TestKafka kafka = TestKafka.shared();
    private final LoopFixture loop = new LoopFixture(kafka);

    @TempDir
    private Path state;

    /** Ann has books. Anna, whose id begins with Ann's, has lamps, and was active before. */
    @BeforeEach
    void feed() throws InterruptedException {
        loop.reset(2);
        List<Map.Entry<String, Interaction>> events = new ArrayList<>();
        for (int lamp = 0; lamp < LAMPS; lamp++) {
            events.add(Map.entry("anna", LoopFixture.interaction("anna", "lamp-" + lamp, "click", lamp)));
        }
        for (int book = 0; book < BOOKS; book++) {
            // Two at a time: the order of those is that of the log.
            events.add(Map.entry("ann", LoopFixture.interaction("ann", "book-" + book, "click", 100 + book / 2)));
        }
        kafka.sendAll(Topic.INTERACTIONS, events);
        neighbors("ann", "anna");
        neighbors("anna", "ann");
    }

    private void neighbors(String user, String... others) {
        kafka.send(
                Topic.NEIGHBORS,
                Keys.neighbors(GraphNames.USER_JACCARD, user),
                new NeighborList(
                        GraphNames.USER_JACCARD,
                        user,
                        Stream.of(others).map(other -> new Neighbor(other, 0.5)).toList(),
                        3,
                        2L));
    }

    private Serving serve(Path folder) throws Exception {
        Serving serving = new Serving(new Serving.Settings(
                kafka.bootstrapServers(),
                WireFormat.SINGLE_OBJECT,
                folder,
                HttpApi.Settings.onLoopback(0, null),
                20,
                Scoring.DEFAULT,
                2000,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                Set.of()));
        await("ready", serving::ready);
        return serving;
    }

    /** Waits until an instance answers for both users, whichever has them. */
    private static void awaitBoth(Http http) throws Exception {
        await(
                "all is there",
                () -> http.json("/v1/users/ann").path("live").asInt() == BOOKS
                        && http.json("/v1/users/anna").path("live").asInt() == LAMPS
                        && http.get("/v1/recommendations/ann").statusCode() == 200
                        && http.get("/v1/recommendations/anna").statusCode() == 200);
    }

    private static List<String> newestFirst(String kind, int n) {
        return IntStream.range(0, n).mapToObj(item -> kind + (n - 1 - item)).toList();
    }

    private static String tag(HttpResponse<String> answer) {
        return answer.headers().firstValue("ETag").orElseThrow();
    }

    @Test
    void whatIsSaidOfAUserShowsNothingOfAnother(@TempDir Path otherState) throws Exception {
        try (Serving one = serve(state);
                Serving other = serve(otherState)) {
            List<Http> instances = List.of(new Http(one.port()), new Http(other.port()));
            // Whom an instance does not have, it passes on.
            await("they have shared the users out", () -> users(instances.get(0)) + users(instances.get(1)) == 2);
            for (Http http : instances) {
                awaitBoth(http);
                histories(http);
                errors(http);
                forgedForward(http);
            }
            sideBySide(instances);
            String seen = tag(instances.get(0).get("/v1/users/anna"));
            String cursor =
                    instances.get(0).json("/v1/users/anna?limit=1").get("next").asText();
            erase();
            for (Http http : instances) {
                await(
                        "she is forgotten",
                        () -> http.get("/v1/users/anna").statusCode() == 404
                                && http.get("/v1/recommendations/anna").statusCode() == 404
                                && !http.get("/v1/users/ann/similar").body().contains("anna"));
                for (String path : List.of(
                        "/v1/users/anna", "/v1/users/anna?after=" + cursor, "/v1/recommendations/anna?hide=x")) {
                    HttpResponse<String> gone = http.get(path, "If-None-Match", seen);
                    assertThat(gone.statusCode()).as(path).isEqualTo(404);
                    assertThat(gone.body()).contains("no user anna is known").doesNotContain("lamp-");
                }
                for (String path : List.of("/v1/users?prefix=an", "/v1/users/ann?limit=1000", "/v1/status")) {
                    assertThat(http.get(path).body()).as(path).doesNotContain("anna", "lamp-");
                }
                assertThat(http.get("/v1/popular?limit=1000").body()).doesNotContain("lamp-");
            }
        }
    }

    private static int users(Http http) throws Exception {
        return http.json("/v1/users?prefix=ann").get("users").size();
    }

    private static void histories(Http http) throws Exception {
        assertThat(http.walk("/v1/users/ann?limit=40", "history", "item")).isEqualTo(newestFirst("book-", BOOKS));
        assertThat(http.walk("/v1/users/ann?limit=1000", "history", "item")).isEqualTo(newestFirst("book-", BOOKS));
        assertThat(http.walk("/v1/users/anna?limit=2", "history", "item")).isEqualTo(newestFirst("lamp-", LAMPS));
        assertThat(http.json("/v1/users/ann").get("history")).hasSize(200);
        // A place in the history of one is a time in that of the other.
        String lamps = http.json("/v1/users/anna?limit=2").get("next").asText();
        assertThat(http.json("/v1/users/ann?after=" + lamps).get("history")).isEmpty();
        String books = http.json("/v1/users/ann?limit=2").get("next").asText();
        assertThat(http.json("/v1/users/anna?after=" + books).get("history").findValuesAsText("item"))
                .isEqualTo(newestFirst("lamp-", LAMPS));
        for (String path : List.of("/v1/users/ann", "/v1/recommendations/ann")) {
            HttpResponse<String> answer = http.get(path, "If-None-Match", tag(http.get(path.replace("ann", "anna"))));
            assertThat(answer.statusCode()).as(path).isEqualTo(200);
            assertThat(answer.body()).contains("\"user\":\"ann\"").doesNotContain("anna");
        }
        JsonNode users = http.json("/v1/users?prefix=ann&limit=1");
        if (!users.get("next").isNull()) {
            // Where it goes on is behind whom it has shown, not at whom it has not.
            assertThat(new String(
                            Base64.getUrlDecoder().decode(users.get("next").asText()), StandardCharsets.UTF_8))
                    .endsWith(":" + users.at("/users/0/user").asText());
        }
    }

    /** What is refused says what was asked for, and no more. */
    private static void errors(Http http) throws Exception {
        Map<String, Integer> refused = Map.ofEntries(
                Map.entry("/v1/users/anna%20", 404),
                Map.entry("/v1/users/Anna", 404),
                Map.entry("/v1/users/an", 404),
                Map.entry("/v1/users/anna%2f", 404),
                Map.entry("/v1/users/anna?after=x", 400),
                Map.entry("/v1/users/anna?after=MTpsYW1wLTE", 400),
                Map.entry("/v1/users/anna?limit=0", 400),
                Map.entry("/v1/users/anna/similar?graph=nothing", 400),
                Map.entry("/v1/users/anna/similar?graph=embedding", 404),
                Map.entry("/v1/recommendations/an", 404),
                Map.entry("/v1/recommendations/an?hide=x", 404),
                Map.entry("/v1/recommendations/anna?allow=x", 400),
                Map.entry("/v1/recommendations/anna/lamp-1", 404),
                Map.entry("/v1/evaluations/nothing", 404),
                Map.entry("/v1/items/lamp-1/similar?graph=embedding&arm=nothing", 400));
        for (Map.Entry<String, Integer> each : refused.entrySet()) {
            HttpResponse<String> answer = http.get(each.getKey());
            assertThat(answer.statusCode()).as(each.getKey()).isEqualTo(each.getValue());
            JsonNode problem = new ObjectMapper().readTree(answer.body());
            assertThat(problem.fieldNames())
                    .toIterable()
                    .containsExactlyInAnyOrder("type", "title", "status", "detail", "instance");
            assertThat(problem.get("detail").asText()).as(each.getKey()).doesNotContain("lamp-", "book-", "Exception");
        }
        assertThat(http.json("/v1/evaluations/nothing").get("detail").asText()).startsWith("no run nothing is known");
        assertThat(http.json("/v1/items/lamp-1/similar?graph=embedding&arm=nothing")
                        .get("detail")
                        .asText())
                .isEqualTo("arm is nothing; users are split as all");
        HttpResponse<String> unknown = http.postJson("/v1/rollbacks", "{\"version\":\"20270101T000000Z-nothing\"}");
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(unknown.body()).contains("no release 20270101T000000Z-nothing is known");
    }

    /** Whoever says that a request was passed on gets nothing of a user whom another instance has. */
    private static void forgedForward(Http http) throws Exception {
        String own = http.get("/v1/users?prefix=ann").body();
        for (String user : List.of("ann", "anna")) {
            HttpResponse<String> answer = http.get("/v1/users/" + user, "Freshet-Forwarded", "127.0.0.1:1");
            boolean has = own.contains("\"" + user + "\"");
            assertThat(answer.statusCode()).as(user).isEqualTo(has ? 200 : 503);
            assertThat(answer.body().contains("history")).isEqualTo(has);
        }
    }

    /** Many at once, to both instances, each of which passes half of them on: everyone gets the answer to their own question. */
    private static void sideBySide(List<Http> instances) throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(8);
        try {
            List<Future<JsonNode>> answers = new ArrayList<>();
            for (int n = 0; n < 200; n++) {
                Http http = instances.get(n / 2 % 2);
                String path = "/v1/users/" + (n % 2 == 0 ? "ann" : "anna");
                answers.add(clients.submit(() -> http.json(path)));
            }
            for (int n = 0; n < 200; n++) {
                JsonNode answer = answers.get(n).get();
                assertThat(answer.path("user").asText()).as("%s", answer).isEqualTo(n % 2 == 0 ? "ann" : "anna");
                assertThat(answer.get("history").findValuesAsText("item"))
                        .allMatch(item ->
                                item.startsWith(answer.get("user").asText().equals("ann") ? "book-" : "lamp-"));
            }
        } finally {
            clients.shutdownNow();
        }
    }

    /** The request, and what the graph job does with its next checkpoint. */
    private void erase() {
        kafka.send(Topic.ERASURES, Keys.node(NodeKind.USER, "anna"), new Erasure(NodeKind.USER, "anna", Instant.now()));
        kafka.send(Topic.NEIGHBORS, Keys.neighbors(GraphNames.USER_JACCARD, "anna"), null);
        neighbors("ann");
    }

    @Test
    void slowClientsHoldUpNoRecommendation() throws Exception {
        try (Serving serving = serve(state)) {
            Http http = new Http(serving.port());
            awaitBoth(http);
            int threads = ManagementFactory.getThreadMXBean().getThreadCount();
            try (SlowClients writing = SlowClients.writing(serving.port(), 1000);
                    SlowClients reading = SlowClients.notReading(serving.port(), 100, "/v1/users/ann?limit=1000")) {
                for (int n = 0; n < 20; n++) {
                    loop.interact("anna", "book-" + n, "click", 1000 + n);
                    String caused = LoopFixture.EPOCH.plusSeconds(1000 + n).toString();
                    await("the list after the event", () -> {
                        HttpResponse<String> list = http.get("/v1/recommendations/anna");
                        assertThat(list.statusCode()).as(list.body()).isEqualTo(200);
                        return list.body().contains("\"causedBy\":\"" + caused + "\"");
                    });
                    assertThat(http.json("/v1/recommendations/anna")
                                    .get("items")
                                    .size())
                            .isEqualTo(20);
                }
                assertThat(ManagementFactory.getThreadMXBean().getThreadCount()).isLessThan(threads + 60);
            }
        }
    }

    @Test
    void listsAreReadPageByPage() throws Exception {
        for (int result = 0; result < 5; result++) {
            kafka.send(
                    Topic.EVALUATIONS,
                    "result-" + result,
                    Evaluation.newBuilder()
                            .setRunId("result-" + result)
                            .setKind(EvaluationKind.OFFLINE)
                            .setModel("spumr")
                            .setAt(Instant.EPOCH)
                            .build());
        }
        try (Serving serving = serve(state)) {
            Http http = new Http(serving.port());
            awaitBoth(http);
            await("results", () -> http.json("/v1/results").get("results").size() == 5);
            assertThat(http.walk("/v1/results?limit=2", "results", "run")).isEqualTo(newestFirst("result-", 5));
            List<String> popular = http.walk("/v1/popular?limit=30", "items", "item");
            assertThat(popular)
                    .hasSize(BOOKS + LAMPS)
                    .doesNotHaveDuplicates()
                    .isEqualTo(http.walk("/v1/popular?limit=1000", "items", "item"));
            assertThat(http.walk("/v1/popular?limit=30", "items", "rank"))
                    .isEqualTo(IntStream.rangeClosed(1, BOOKS + LAMPS)
                            .mapToObj(Integer::toString)
                            .toList());
            // Whom one item passes on the way up stays where it was.
            JsonNode first = http.json("/v1/popular?limit=100");
            loop.interact("carl", popular.get(200), "click", 2000);
            await("it is the most popular", () -> http.json("/v1/popular?limit=1")
                    .at("/items/0/item")
                    .asText()
                    .equals(popular.get(200)));
            assertThat(http.json("/v1/popular?limit=1000&after="
                                    + first.get("next").asText())
                            .get("items")
                            .findValuesAsText("item"))
                    .isEqualTo(popular.subList(100, popular.size()).stream()
                            .filter(item -> !item.equals(popular.get(200)))
                            .toList());
        }
    }
}

package dev.freshet.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.serving.http.BearerToken;
import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.score.Scoring;
import dev.freshet.topic.WireFormat;
import io.swagger.v3.oas.models.parameters.Parameter;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP before there is a broker: it answers at once, and says what is missing. */
class HttpApiTest {

    /** Nothing listens on the discard port. */
    private static final String NO_BROKER = "127.0.0.1:9";

    @TempDir
    private static Path folder;

    private static Serving serving;
    private static Http http;

    @BeforeAll
    static void start() throws IOException {
        Path photos = Files.createDirectory(folder.resolve("photos"));
        Files.write(photos.resolve("a b.PNG"), new byte[] {1, 2, 3});
        Files.write(photos.resolve("large.png"), new byte[3_000_000]);
        Files.writeString(photos.resolve("notes.txt"), "secret");
        Files.writeString(photos.resolve("x.svg"), "<svg/>");
        Files.writeString(folder.resolve("outside.jpg"), "secret");
        Files.createSymbolicLink(photos.resolve("link.jpg"), folder.resolve("outside.jpg"));
        serving = new Serving(settings(folder.resolve("state"), 0, photos));
        http = new Http(serving.port());
    }

    @AfterAll
    static void stop() {
        serving.close();
    }

    private static Serving.Settings settings(Path state, int port, Path photos) {
        return settings(state, HttpApi.Settings.onLoopback(port, photos));
    }

    private static Serving.Settings settings(Path state, HttpApi.Settings http) {
        return new Serving.Settings(
                NO_BROKER,
                WireFormat.SINGLE_OBJECT,
                state,
                http,
                20,
                Scoring.DEFAULT,
                1000,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                Set.of());
    }

    private static JsonNode problem(HttpResponse<String> response, int status) throws IOException {
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("application/problem+json");
        JsonNode problem = new ObjectMapper().readTree(response.body());
        assertThat(problem.get("status").asInt()).isEqualTo(status);
        assertThat(problem.get("title").asText()).isNotBlank();
        assertThat(response.body()).doesNotContain("\tat ", "Exception");
        return problem;
    }

    @Test
    void isLiveAndNotReady() throws Exception {
        assertThat(http.get("/health/live").statusCode()).isEqualTo(200);
        assertThat(http.get("/health").statusCode()).isEqualTo(503);
        JsonNode status = http.json("/v1/status");
        assertThat(status.get("state").asText()).isEqualTo("STARTING");
        assertThat(status.get("ready").asBoolean()).isFalse();
        assertThat(http.json("/v1/models").get("releases")).isEmpty();
    }

    /** As GET, without the body. */
    @Test
    void answersHead() throws Exception {
        assertThat(http.request("HEAD", "/health").statusCode()).isEqualTo(503);
        assertThat(http.request("HEAD", "/v1/users/u").statusCode()).isEqualTo(503);
        assertThat(http.request("HEAD", "/v1/users?limit=0").statusCode()).isEqualTo(400);
        for (String path : List.of("/", "/v1/status", "/photos/a%20b.PNG")) {
            HttpResponse<String> head = http.request("HEAD", path);
            assertThat(head.statusCode()).as(path).isEqualTo(200);
            assertThat(head.headers().firstValue("Content-Type"))
                    .isEqualTo(http.get(path).headers().firstValue("Content-Type"));
            assertThat(head.body()).isEmpty();
        }
        assertThat(raw("HEAD /v1/events", "Host: localhost", "Accept: text/event-stream"))
                .contains(" 200 ", "text/event-stream");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/recommendations/u",
                "/v1/users/u",
                "/v1/items/i",
                "/v1/items/i/similar",
                "/v1/users/u/similar",
                "/v1/users/u/similar?graph=embedding",
                "/v1/items/i/graphs",
                "/v1/items?query=lamp",
                "/v1/graphs/item-jaccard",
                "/v1/graphs/item-jaccard/neighborhood?node=i",
                "/v1/popular"
            })
    void saysWhatHasNotStarted(String path) throws Exception {
        HttpResponse<String> response = http.get(path);

        assertThat(problem(response, 503).get("detail").asText()).contains("starting");
        assertThat(response.headers().firstValue("Retry-After")).contains("1");
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/users?limit=0, limit is 0; it must be a whole number from 1 to 1000",
        "/v1/users?limit=ten, limit is ten; it must be a whole number from 1 to 1000",
        "/v1/models?limit=500, limit is 500; it must be a whole number from 1 to 101",
        "/v1/evaluations?limit=0, limit is 0; it must be a whole number from 1 to 200",
        "/v1/dead-letters?after=x, after is x; it must be the next of an earlier answer",
        "/v1/users?after=eDp5, after is eDp5; it must be the next of an earlier answer",
        "/v1/dead-letters/-1, offset is -1; it must be a whole number of at least 0",
        "/v1/users?limit=99999999999, limit is 99999999999; it must be a whole number from 1 to 1000",
    })
    void refusesBadParameters(String path, String detail) throws Exception {
        assertThat(problem(http.get(path), 400).get("detail").asText()).isEqualTo(detail);
    }

    @Test
    void refusesOversizedIdsAndPrefixes() throws Exception {
        assertThat(problem(http.get("/v1/users/" + "x".repeat(513)), 400)
                        .get("detail")
                        .asText())
                .isEqualTo("the user id has 513 characters; at most 512 are allowed");
        problem(http.get("/v1/users?prefix=" + "x".repeat(513)), 400);
        problem(http.get("/v1/users/" + "x".repeat(20_000)), 414);
    }

    @Test
    void unknownRoutesAndMethodsAreProblems() throws Exception {
        problem(http.get("/v2/nothing"), 404);
        HttpResponse<String> other = http.request("POST", "/v1/status");
        problem(other, 405);
        assertThat(other.headers().firstValue("Allow").orElse("").split(", ")).containsExactlyInAnyOrder("GET", "HEAD");
        problem(http.request("DELETE", "/v1/users/u"), 405);
    }

    @Test
    void servesPicturesAndNothingElseOfTheDisk() throws Exception {
        HttpResponse<String> picture = http.get("/photos/a%20b.PNG");
        assertThat(picture.statusCode()).isEqualTo(200);
        assertThat(picture.headers().firstValue("Content-Type")).contains("image/png");
        for (String path : new String[] {
            "/photos/none.jpg",
            "/photos/notes.txt",
            "/photos/x.svg",
            "/photos/link.jpg",
            "/photos/",
            "/photos/a/../../outside.jpg",
        }) {
            assertThat(http.get(path).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(raw("/photos/../outside.jpg")).contains(" 404 ").doesNotContain("secret");
        assertThat(raw("/photos/%2e%2e%2foutside.jpg")).contains(" 404 ").doesNotContain("secret");
        assertThat(raw("/photos//etc/passwd")).doesNotContain("root:");
        assertThat(raw("/photos/%00.jpg")).contains(" 400 ");
    }

    /** Each is answered as docs/api.md says, without a stack trace and without a byte of what lies elsewhere. */
    @ParameterizedTest
    @CsvSource({
        "/../../../etc/passwd, 400",
        "/page/../../dev/freshet/serving/ServingMain.class, 400",
        "/%2e%2e/%2e%2e/etc/passwd, 400",
        "/..%2f..%2fetc%2fpasswd, 400",
        "/vendor/..%5c..%5clogback.xml, 404",
        "//etc/passwd, 404",
        "/logback.xml, 404",
        "/page/index.html, 404",
        "/vendor/, 404",
        "/style.css%00.html, 400",
        "/v1/users/%c0%ae%c0%ae, 503",
        "/v1/users/a%2fb, 503",
        "/v1/users/%, 400",
    })
    void tricksWithPathsLeadNowhere(String path, int status) throws Exception {
        assertThat(raw(path))
                .startsWith("HTTP/1.1 " + status + " ")
                .contains("application/problem+json")
                .doesNotContain("root:", "\tat ", "Exception", "<configuration>", "CAFE");
    }

    @Test
    void headerBombsAreRefused() throws Exception {
        assertThat(raw("GET /v1/status", "Host: localhost", "X-Bomb: " + "x".repeat(20_000)))
                .startsWith("HTTP/1.1 431 ");
        String[] many = new String[3000];
        Arrays.fill(many, "X: y");
        many[0] = "Host: localhost";
        assertThat(raw("GET /v1/status", many)).startsWith("HTTP/1.1 431 ");
        assertThat(raw("GET /v1/status", "Host: localhost", "Host: evil.example"))
                .startsWith("HTTP/1.1 400 ");
        assertThat(raw("POST /v1/interactions", "Host: localhost", "Content-Length: 1", "Content-Length: 2"))
                .startsWith("HTTP/1.1 400 ");
        assertThat(http.get("/health/live").statusCode()).isEqualTo(200);
    }

    /** Whoever is slow holds no thread: quick clients are answered all the while, and the same afterwards. */
    @Test
    void aThousandSlowClientsHoldUpNobody() throws Exception {
        int threads = ManagementFactory.getThreadMXBean().getThreadCount();
        try (SlowClients slow = SlowClients.writing(serving.port(), 1000)) {
            for (int quick = 0; quick < 100; quick++) {
                assertThat(http.get("/v1/status").statusCode()).isEqualTo(200);
                problem(http.postJson("/v1/interactions", "{}"), 400);
            }
            assertThat(ManagementFactory.getThreadMXBean().getThreadCount()).isLessThan(threads + 60);
        }
        assertThat(http.get("/health/live").statusCode()).isEqualTo(200);
    }

    /** More of them than threads that answer. They are let go after 30 seconds, which nobody else waits for. */
    @ParameterizedTest
    @ValueSource(strings = {"/vendor/swagger-ui-bundle.js", "/photos/large.png"})
    void clientsThatDoNotReadHoldUpNobody(String path) throws Exception {
        try (SlowClients slow = SlowClients.notReading(serving.port(), 100, path)) {
            assertTimeoutPreemptively(Duration.ofSeconds(25), () -> {
                for (int quick = 0; quick < 5; quick++) {
                    assertThat(http.get("/health/live").statusCode()).isEqualTo(200);
                    // It arrives whole where somebody reads it.
                    HttpResponse<String> large = http.get(path);
                    assertThat(large.body().getBytes(StandardCharsets.UTF_8).length)
                            .isEqualTo(Integer.parseInt(
                                    large.headers().firstValue("Content-Length").orElseThrow()))
                            .isGreaterThan(1_000_000);
                }
            });
        }
    }

    @Test
    void moreListenersThanThereIsRoomForAreTurnedAway() throws Exception {
        List<Socket> listeners = new ArrayList<>();
        try {
            List<String> answers = new ArrayList<>();
            for (int n = 0; n < 240; n++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), serving.port());
                listeners.add(socket);
                socket.setSoTimeout(30_000);
                socket.getOutputStream()
                        .write("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                byte[] status = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
                answers.add(new String(status, StandardCharsets.US_ASCII));
            }
            assertThat(answers).startsWith("HTTP/1.1 200").endsWith("HTTP/1.1 503");
            assertThat(answers.stream().filter("HTTP/1.1 200"::equals).count()).isBetween(200L, 230L);
            assertThat(http.get("/v1/status").statusCode()).isEqualTo(200);
        } finally {
            for (Socket listener : listeners) {
                listener.close();
            }
        }
        problem(http.get("/v1/events"), 406);
    }

    @Test
    void asksForTheTokenWhereThereIsOne() throws Exception {
        Path file = Files.writeString(folder.resolve("token"), "0123456789abcdef0123456789abcdef\n");
        HttpApi.Settings settings =
                new HttpApi.Settings("127.0.0.1", 0, folder.resolve("photos"), true, BearerToken.read(file), null, 0);
        try (Serving guarded = new Serving(settings(folder.resolve("guarded"), settings))) {
            Http without = new Http(guarded.port());
            ApiDocument document = new ApiDocument(without.get("/openapi.json").body());
            for (String operation : document.operations()) {
                String[] parts = operation.split(" ");
                String path = parts[1].replaceAll("\\{[a-z]+}", "1");
                if (Set.of("/health", "/health/live", "/openapi.json").contains(path)) {
                    assertThat(without.get(path).statusCode()).as(path).isNotEqualTo(401);
                    continue;
                }
                for (Http client :
                        List.of(without, without.with("0123456789abcdef0123456789abcdee"), without.with("x"))) {
                    HttpResponse<String> refused = client.request(parts[0], path);
                    problem(refused, 401);
                    assertThat(refused.headers().firstValue("WWW-Authenticate").orElse(""))
                            .startsWith("Bearer realm=\"freshet\"");
                }
            }
            assertThat(without.request("HEAD", "/v1/status").statusCode()).isEqualTo(401);
            for (String path : List.of("/", "/app.js", "/api.html")) {
                assertThat(without.get(path).statusCode()).as(path).isEqualTo(200);
            }
            Http with = without.with("0123456789abcdef0123456789abcdef");
            assertThat(with.get("/v1/status").statusCode()).isEqualTo(200);
            assertThat(with.get("/photos/a%20b.PNG").statusCode()).isEqualTo(200);
            problem(with.postJson("/v1/interactions", "{}"), 400);
        }
    }

    @Test
    void aFileWithoutATokenIsRefusedWithoutShowingIt() throws Exception {
        Path file = folder.resolve("bad-token");
        for (String content : List.of("", "short", "two words, the second of them a secret", "ä".repeat(20))) {
            Files.writeString(file, content);
            assertThatThrownBy(() -> BearerToken.read(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("holds no token")
                    .hasMessageNotContaining("secret");
        }
    }

    @Test
    void tooManyRequestsAreTurnedAway() throws Exception {
        HttpApi.Settings settings = new HttpApi.Settings("127.0.0.1", 0, null, true, null, null, 1);
        try (Serving limited = new Serving(settings(folder.resolve("limited"), settings))) {
            Http client = new Http(limited.port());
            // That an instance has passed it on is what anyone can say.
            assertThat(client.get("/v1/status", "Freshet-Forwarded", "127.0.0.1:1")
                            .statusCode())
                    .isEqualTo(200);
            HttpResponse<String> refused = refused(() -> client.get("/v1/status", "Freshet-Forwarded", "127.0.0.1:1"));
            problem(refused, 429);
            assertThat(Integer.parseInt(
                            refused.headers().firstValue("Retry-After").orElseThrow()))
                    .isBetween(1, 5);
            for (String path : List.of("/health/live", "/metrics", "/", "/openapi.json")) {
                assertThat(client.get(path).statusCode()).as(path).isEqualTo(200);
            }
        }
    }

    /** The first of thirty requests that is answered by 429: one more a second is let in. */
    private static HttpResponse<String> refused(Callable<HttpResponse<String>> request) throws Exception {
        for (int n = 0; n < 29; n++) {
            HttpResponse<String> answer = request.call();
            if (answer.statusCode() == 429) {
                return answer;
            }
        }
        return request.call();
    }

    @Test
    void guessesAtTheTokenAreCountedWhereRequestsAreNot() throws Exception {
        Path file = Files.writeString(folder.resolve("guessed"), "0123456789abcdef0123456789abcdef\n");
        HttpApi.Settings settings = new HttpApi.Settings("127.0.0.1", 0, null, true, BearerToken.read(file), null, 1);
        try (Serving limited = new Serving(settings(folder.resolve("guessing"), settings))) {
            Http wrong = new Http(limited.port()).with("0123456789abcdef0123456789abcdee");
            Http right = wrong.with("0123456789abcdef0123456789abcdef");
            for (int n = 0; n < 30; n++) {
                assertThat(right.get("/metrics").statusCode()).isEqualTo(200);
            }
            problem(wrong.get("/metrics"), 401);
            // That an instance has passed it on takes the token to say.
            problem(refused(() -> wrong.get("/metrics", "Freshet-Forwarded", "127.0.0.1:1 x")), 429);
            boolean refused = false;
            for (int n = 0; n < 30 && !refused; n++) {
                wrong.get("/metrics");
                refused = right.get("/metrics").statusCode() == 429;
            }
            assertThat(refused).as("the right token cannot be told by trying").isTrue();
            assertThat(right.get("/v1/status").statusCode()).isEqualTo(200);
            problem(refused(() -> right.get("/v1/status", "Freshet-Forwarded", "127.0.0.1:1 x")), 429);
        }
    }

    @Test
    void compressesWhatIsLargeForWhoeverTakesIt() throws Exception {
        for (String path : List.of("/vendor/swagger-ui.css", "/openapi.json")) {
            String plain =
                    http.get(path, "Accept-Encoding", "gzip;q=0, identity").body();
            assertThat(raw("GET " + path, "Host: localhost", "Accept-Encoding: br, gzip"))
                    .contains("Content-Encoding: gzip")
                    .hasSizeLessThan(plain.length() / 2);
        }
        assertThat(http.get("/health/live", "Accept-Encoding", "gzip").headers().firstValue("Content-Encoding"))
                .isEmpty();
    }

    @Test
    void describesItselfSoundly() throws Exception {
        String json = http.get("/openapi.json").body();
        SwaggerParseResult parsed = new OpenAPIV3Parser().readContents(json);
        assertThat(parsed.getMessages()).isEmpty();
        assertThat(parsed.getOpenAPI().getPaths()).hasSizeGreaterThan(20);
        assertThat(parsed.getOpenAPI()
                        .getPaths()
                        .get("/v1/graphs/{graph}/neighborhood")
                        .getGet()
                        .getParameters())
                .filteredOn(parameter -> parameter.getName().equals("node"))
                .allMatch(Parameter::getRequired)
                .hasSize(1);
        assertThat(parsed.getOpenAPI()
                        .getComponents()
                        .getSchemas()
                        .get("ReasonView")
                        .getRequired())
                .isEqualTo(List.of("kind", "weight"));
        // Every path is there, and takes the methods of the document and no other.
        ApiDocument document = new ApiDocument(json);
        for (Map.Entry<String, Set<String>> path : document.methods().entrySet()) {
            HttpResponse<String> other = http.request("PATCH", path.getKey().replaceAll("\\{[a-z]+}", "1"));
            assertThat(other.statusCode()).as(path.getKey()).isEqualTo(405);
            Set<String> allowed = new HashSet<>(path.getValue());
            if (allowed.contains("GET")) {
                allowed.add("HEAD");
            }
            assertThat(other.headers().firstValue("Allow").orElse("").split(", "))
                    .containsExactlyInAnyOrderElementsOf(allowed);
        }
        for (String path :
                List.of("/v1/status", "/v1/users?limit=0", "/v1/users/u", "/v1/models", "/health", "/health/live")) {
            HttpResponse<String> answer = http.get(path);
            document.check(
                    document.operation("GET", path.replaceAll("\\?.*", "")),
                    answer.statusCode(),
                    answer.headers().firstValue("Content-Type").orElseThrow(),
                    answer.body());
        }
    }

    @Test
    void whatTheClientHasIsNotSentAgain() throws Exception {
        for (String path : List.of("/", "/vendor/swagger-ui.css", "/openapi.json", "/v1/models", "/photos/a%20b.PNG")) {
            HttpResponse<String> first = http.get(path);
            String tag = first.headers().firstValue("ETag").orElseThrow();
            HttpResponse<String> again = http.get(path, "If-None-Match", "\"other\", " + tag);
            assertThat(again.statusCode()).as(path).isEqualTo(304);
            assertThat(again.body()).isEmpty();
            assertThat(again.headers().firstValue("ETag")).contains(tag);
            assertThat(again.headers().firstValue("Cache-Control")).isPresent();
            assertThat(http.get(path, "If-None-Match", "\"other\"").body()).isEqualTo(first.body());
        }
        assertThat(http.get("/v1/status").headers().firstValue("ETag")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{ | the body is no JSON: see line 1, column 2",
                "[] | the body must be a JSON object",
                "'' | the body must be a JSON object",
                "{} {} | the body is no JSON: see line 1, column 4",
                "{\"user\":\"u\",\"item\":\"i\"} | action is missing",
                "{\"user\":null,\"item\":\"i\",\"action\":\"click\"} | user is missing",
                "{\"user\":\"u\",\"item\":7,\"action\":\"click\"} | item must be a string",
                "{\"user\":\"\",\"item\":\"i\",\"action\":\"click\"} | the user id is empty; every record names its user",
                "{\"user\":\"u\",\"item\":\"i\",\"action\":\"click\",\"weight\":-1} | Interaction: weight is -1.0; it must be finite and not negative",
                "{\"user\":\"u\",\"item\":\"i\",\"action\":\"click\",\"wieght\":1} | the field wieght is not known; there are action, eventId, eventTime, item, user, weight",
                "{\"user\":\"u\",\"item\":\"i\",\"action\":\"click\",\"eventTime\":\"noon\"} | eventTime is noon; it must be a time such as 2026-11-01T12:00:00Z",
            })
    void refusesBadInteractions(String body, String detail) throws Exception {
        assertThat(problem(http.postJson("/v1/interactions", body), 400)
                        .get("detail")
                        .asText())
                .isEqualTo(detail);
    }

    @Test
    void refusesWhatComesFromOtherSites() throws Exception {
        String body = "{\"user\":\"u\",\"item\":\"i\",\"action\":\"click\"}";
        for (String path : new String[] {"/v1/interactions", "/v1/rollbacks", "/v1/dead-letters/0/replay"}) {
            // What a browser sends for another site without asking first.
            problem(http.post(path, body), 415);
            problem(http.post(path, body, "Content-Type", "text/plain"), 415);
            problem(http.post(path, body, "Content-Type", "application/x-www-form-urlencoded"), 415);
            for (String origin : new String[] {"http://evil.example", "null", "http://127.0.0.1:1", "::"}) {
                problem(http.post(path, body, "Content-Type", "application/json", "Origin", origin), 403);
            }
            // A name of another site that leads here.
            assertThat(raw("POST " + path, "Host: evil.example", "Content-Type: application/json", "Content-Length: 0"))
                    .contains(" 403 ");
        }
        problem(http.request("GET", "/v1/interactions"), 405);
    }

    @Test
    void aBodyBeyondTheBoundIsRefused() throws Exception {
        problem(http.postJson("/v1/interactions", "{\"user\":\"" + "u".repeat(70_000) + "\"}"), 413);
        problem(http.postInChunks("/v1/interactions", "{\"user\":\"" + "u".repeat(70_000) + "\"}"), 413);
        // Where the connection is closed before all is read, one client in some hundreds sees that instead of the
        // answer.
        for (int tries = 0; tries < 300; tries++) {
            String user = "u".repeat(70_000 + tries % 3 * 400_000);
            problem(http.postJson("/v1/interactions", "{\"user\":\"" + user + "\"}"), 413);
        }
    }

    @Test
    void withoutABrokerNothingIsTaken() throws Exception {
        problem(http.postJson("/v1/interactions", "{\"user\":\"u\",\"item\":\"i\",\"action\":\"click\"}"), 503);
        problem(http.get("/v1/dead-letters"), 503);
        problem(http.postJson("/v1/rollbacks", "{\"version\":\"v\"}"), 404);
    }

    @Test
    void refusesATimeThatNoRecordCanHave() throws Exception {
        problem(
                http.postJson(
                        "/v1/interactions",
                        "{\"user\":\"u\",\"item\":\"i\",\"action\":\"click\",\"eventTime\":\"-1000000000-01-01T00:00:00Z\"}"),
                400);
    }

    @Test
    void refusesAQueryThatCannotBeDecoded() throws Exception {
        assertThat(raw("GET /v1/recommendations/u?deny=discount:50%", "Host: localhost"))
                .startsWith("HTTP/1.1 400");
    }

    @Test
    void isReadOnLoopbackUnderANameOfLoopbackOnly() throws Exception {
        assertThat(raw("GET /v1/status", "Host: evil.example")).startsWith("HTTP/1.1 403");
        assertThat(raw("GET /", "Host: evil.example")).startsWith("HTTP/1.1 403");
        assertThat(raw("GET /v1/status", "Host: localhost:1")).startsWith("HTTP/1.1 200");
    }

    @Test
    void writesNothingWhereThatIsOff() throws Exception {
        Path own = folder.resolve("read-only");
        try (Serving closed =
                new Serving(settings(own, new HttpApi.Settings("127.0.0.1", 0, null, false, null, null, 0)))) {
            Http readOnly = new Http(closed.port());
            for (String path : new String[] {"/v1/interactions", "/v1/rollbacks", "/v1/dead-letters/0/replay"}) {
                assertThat(problem(readOnly.postJson(path, "{}"), 403)
                                .get("detail")
                                .asText())
                        .contains("--allow-writes");
            }
            assertThat(readOnly.json("/v1/status").get("writes").asBoolean()).isFalse();
        }
    }

    /** A request as it is, which a client would tidy up. */
    private static String raw(String path) throws IOException {
        return raw("GET " + path, "Host: localhost");
    }

    private static String raw(String request, String... headers) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), serving.port())) {
            OutputStream out = socket.getOutputStream();
            out.write((request + " HTTP/1.1\r\n" + String.join("\r\n", headers) + "\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void servesThePageWithoutForeignSources() throws Exception {
        HttpResponse<String> page = http.get("/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type").orElse("")).startsWith("text/html");
        assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
                .startsWith("default-src 'self'");
        assertThat(page.body()).contains("<title>Freshet</title>").doesNotContain("http://", "https://");
        assertThat(http.get("/style.css").body()).doesNotContain("url(", "@import");
        assertThat(http.get("/vendor/echarts.esm.min.js")
                        .headers()
                        .firstValue("Content-Type")
                        .orElse(""))
                .contains("javascript");
    }

    @Test
    void aTakenPortAndABadFolderAreSaid() {
        assertThatThrownBy(() -> new Serving(settings(folder.resolve("second"), serving.port(), null)))
                .isInstanceOf(IOException.class)
                .hasMessageMatching("port \\d+ on 127.0.0.1 is taken; stop its owner or choose another with --port");
        assertThatThrownBy(() -> new Serving(settings(folder.resolve("outside.jpg/state"), 0, null)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot write to")
                .hasMessageContaining("choose another folder with --state");
        assertThatThrownBy(() -> new Serving(settings(folder.resolve("state"), 0, null)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is in use by another instance");
    }
}

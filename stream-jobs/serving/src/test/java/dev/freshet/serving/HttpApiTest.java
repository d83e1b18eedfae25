package dev.freshet.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.serving.score.Scoring;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
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
        return new Serving.Settings(
                NO_BROKER,
                state,
                "127.0.0.1",
                port,
                20,
                Scoring.DEFAULT,
                1000,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                photos,
                Set.of(),
                true);
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
        "/v1/dead-letters?before=x, before is x; it must be a whole number of at least 0",
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
        problem(http.request("POST", "/v1/status"), 405);
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
        try (Serving closed = new Serving(new Serving.Settings(
                NO_BROKER,
                own,
                "127.0.0.1",
                0,
                20,
                Scoring.DEFAULT,
                1000,
                1,
                0,
                Serving.Settings.COMMIT_INTERVAL,
                null,
                Set.of(),
                false))) {
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

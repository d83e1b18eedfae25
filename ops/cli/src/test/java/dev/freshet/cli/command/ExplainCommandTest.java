package dev.freshet.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ExplainCommandTest {

    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private HttpServer server;

    @BeforeEach
    void serve() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String answer = answers.get(exchange.getRequestURI().toString());
            byte[] body = (answer == null ? "{}" : answer).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer == null ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        answers.put(
                "/v1/recommendations/u",
                "{\"user\":\"u\",\"arm\":\"spumr\",\"modelVersion\":\"2-spumr\",\"items\":[]}");
        answers.put("/v1/users/u?limit=1000", "{\"live\":2,\"history\":[{\"item\":\"new\"}],\"next\":\"c d\"}");
        answers.put(
                "/v1/users/u?limit=1000&after=c%20d",
                "{\"live\":2,\"history\":[{\"item\":\"old\",\"action\":\"click\",\"at\":\"2020\"}],\"next\":null}");
        answers.put("/v1/models?limit=101", "{\"releases\":[],\"next\":\"a b\"}");
        answers.put(
                "/v1/models?limit=101&after=a%20b",
                "{\"releases\":[{\"version\":\"2-spumr\",\"action\":\"RELEASE\"}],\"next\":null}");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private JsonNode explain(String item, String arm, String version) throws Exception {
        answers.put(
                "/v1/items/" + item,
                "{\"available\":true,\"erased\":false,\"embeddings\":[{\"arm\":\"" + arm + "\",\"modelVersion\":\""
                        + version + "\"}]}");
        return new ObjectMapper().readTree(run(item, "--json"));
    }

    private String run(String... arguments) {
        StringWriter out = new StringWriter();
        int code = new CommandLine(new ExplainCommand())
                .setOut(new PrintWriter(out, true))
                .execute(Stream.concat(
                                Stream.of(
                                        "u",
                                        "--serving",
                                        "http://127.0.0.1:"
                                                + server.getAddress().getPort()),
                                Stream.of(arguments))
                        .toArray(String[]::new));
        assertThat(code).isZero();
        return out.toString();
    }

    /** Of an item that the model puts first, and so do two items of the user, of which serving still has one. */
    private void recommend() {
        answers.put(
                "/v1/recommendations/u",
                """
                {"user":"u","arm":"all","modelVersion":"2-spumr","generatedAt":"2026-01-01T00:00:00Z","causedBy":null,
                 "graphVersion":7,"items":[{"rank":1,"item":"i","title":"A thing","score":0.9,"reasons":[
                  {"kind":"model","weight":0.5,"modalityWeights":{"image":0.25,"text":0.7,"id":0.05},"uncertainty":0.125},
                  {"kind":"neighbor","item":"own","title":"My thing","weight":0.3},
                  {"kind":"neighbor","item":"old","title":null,"weight":0.2}]}]}""");
        answers.put(
                "/v1/users/u?limit=1000",
                "{\"live\":2,\"history\":[{\"item\":\"own\",\"action\":\"purchase\",\"at\":\"2026-01-01T00:00:00Z\"}]}");
        answers.put(
                "/v1/models?limit=101",
                """
                {"releases":[{"version":"2-spumr","model":"spumr","action":"RELEASE","releasedAt":"2026-01-01T00:00:00Z",
                 "inForce":true,"metrics":{},"configuration":{},"codeVersion":"0.1.0+1a2b3c4d5e6f","seed":1,
                 "snapshotId":"snapshot-000000000007","offsets":[]}]}""");
    }

    @Test
    void theTextHasAllThatIsKnownOfTheReasons() {
        recommend();
        assertThat(run("i").lines())
                .contains(
                        "because    model 0.5000; by text 0.70, image 0.25, id 0.05; uncertainty 0.13",
                        "because    similar to My thing (purchase) 0.3000",
                        "because    similar to old 0.2000",
                        "code       0.1.0+1a2b3c4d5e6f, seed 1");
    }

    @Test
    void theJsonHasTheActionsToo() throws Exception {
        recommend();
        JsonNode reasons = new ObjectMapper().readTree(run("i", "--json")).path("reasons");
        assertThat(reasons.path(0).has("action")).isFalse();
        assertThat(reasons.path(1).path("action").asText()).isEqualTo("purchase");
        assertThat(reasons.path(2).has("action")).isFalse();
    }

    @Test
    void asksTheModelInForceOfTheListsArmWhetherItKnowsAnItem() throws Exception {
        assertThat(explain("i", "lightgcn", "2-spumr").path("why").asText()).isEqualTo("not-in-model");
        // A release came between the list and the question.
        assertThat(explain("i", "spumr", "3-spumr").path("why").asText()).isEqualTo("below");
    }

    @Test
    void findsAnItemFarBackInTheHistory() throws Exception {
        JsonNode explained = explain("old", "spumr", "2-spumr");
        assertThat(explained.path("why").asText()).isEqualTo("consumed");
        assertThat(explained.path("detail").asText()).isEqualTo("the user has it already: click at 2020");
    }

    @Test
    void findsAReleaseBehindManyOfAnotherArm() throws Exception {
        assertThat(explain("i", "spumr", "2-spumr")
                        .path("release")
                        .path("version")
                        .asText())
                .isEqualTo("2-spumr");
    }
}

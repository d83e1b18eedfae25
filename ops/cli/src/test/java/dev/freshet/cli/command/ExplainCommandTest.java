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
        StringWriter out = new StringWriter();
        int code = new CommandLine(new ExplainCommand())
                .setOut(new PrintWriter(out, true))
                .execute(
                        "u",
                        item,
                        "--json",
                        "--serving",
                        "http://127.0.0.1:" + server.getAddress().getPort());
        assertThat(code).isZero();
        return new ObjectMapper().readTree(out.toString());
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

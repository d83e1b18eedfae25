package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.freshet.cli.CliException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** Asks serving over HTTP. */
public final class ServingClient {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final URI base;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build();

    public ServingClient(URI base) {
        this.base = base;
    }

    /** A path segment with everything escaped that is not plain. */
    public static String segment(String id) {
        return URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * The JSON at a path.
     *
     * @throws CliException if serving does not answer, or answers with an error
     */
    public JsonNode get(String path) throws CliException, InterruptedException {
        Answer answer = ask(path);
        if (answer.status != 200) {
            throw failed(answer);
        }
        return answer.body;
    }

    /**
     * The JSON at a path; empty where serving knows no such thing.
     *
     * @throws CliException if serving does not answer, or answers with another error
     */
    Optional<JsonNode> find(String path) throws CliException, InterruptedException {
        Answer answer = ask(path);
        if (answer.status != 200 && answer.status != 404) {
            throw failed(answer);
        }
        return answer.status == 404 ? Optional.empty() : Optional.of(answer.body);
    }

    private record Answer(int status, JsonNode body) {}

    private static CliException failed(Answer answer) {
        return new CliException(answer.body.path("detail").asText("serving answers " + answer.status));
    }

    private Answer ask(String path) throws CliException, InterruptedException {
        HttpResponse<String> response;
        try {
            response = http.send(
                    HttpRequest.newBuilder(base.resolve(path))
                            .timeout(Duration.ofSeconds(10))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new CliException(
                    "serving does not answer at " + base
                            + "; start the loop with 'freshet up', or name it with --serving",
                    e);
        }
        try {
            return new Answer(response.statusCode(), JSON.readTree(response.body()));
        } catch (IOException e) {
            throw new CliException(base.resolve(path) + " answers " + response.statusCode() + " without JSON", e);
        }
    }
}

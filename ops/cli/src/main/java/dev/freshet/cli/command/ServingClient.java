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
    static String segment(String id) {
        return URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * The JSON at a path.
     *
     * @throws CliException if serving does not answer, or answers with an error
     */
    public JsonNode get(String path) throws CliException, InterruptedException {
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
        JsonNode body;
        try {
            body = JSON.readTree(response.body());
        } catch (IOException e) {
            throw new CliException(base.resolve(path) + " answers " + response.statusCode() + " without JSON", e);
        }
        if (response.statusCode() != 200) {
            throw new CliException(body.path("detail").asText("serving answers " + response.statusCode()));
        }
        return body;
    }
}

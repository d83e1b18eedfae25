package dev.freshet.serving;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;

/** Requests of tests to one instance. */
final class Http {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client;
    private final String base;
    private final String token;

    Http(int port) {
        this("http://127.0.0.1:" + port, HttpClient.newHttpClient(), null);
    }

    private Http(String base, HttpClient client, String token) {
        this.base = base;
        this.client = client;
        this.token = token;
    }

    /** The same with a token. */
    Http with(String bearer) {
        return new Http(base, client, bearer);
    }

    /** By HTTPS, trusting what {@code trust} does. */
    static Http secure(int port, SSLContext trust) {
        return new Http(
                "https://127.0.0.1:" + port,
                HttpClient.newBuilder().sslContext(trust).build(),
                null);
    }

    private HttpRequest.Builder to(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path));
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> request(String method, String path) throws IOException, InterruptedException {
        return send(to(path).method(method, HttpRequest.BodyPublishers.noBody()));
    }

    /** Posts a body; headers as name, value, name, value, … */
    HttpResponse<String> post(String path, String body, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = to(path).POST(HttpRequest.BodyPublishers.ofString(body));
        return send(headers.length > 0 ? request.headers(headers) : request);
    }

    HttpResponse<String> postJson(String path, String body) throws IOException, InterruptedException {
        return post(path, body, "Content-Type", "application/json");
    }

    /** Posts a body without saying before how long it is. */
    HttpResponse<String> postInChunks(String path, String body) throws IOException, InterruptedException {
        return send(to(path).POST(HttpRequest.BodyPublishers.ofInputStream(
                        () -> new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8))))
                .header("Content-Type", "application/json"));
    }

    /** Headers as name, value, name, value, … */
    HttpResponse<String> get(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = to(path);
        return send(headers.length > 0 ? request.headers(headers) : request);
    }

    JsonNode json(String path) throws IOException, InterruptedException {
        return JSON.readTree(get(path).body());
    }

    /** A field of all entries of a list, page by page; the path has a query. */
    List<String> walk(String path, String list, String field) throws IOException, InterruptedException {
        List<String> values = new ArrayList<>();
        JsonNode page = json(path);
        for (; ; page = json(path + "&after=" + page.get("next").asText())) {
            page.get(list).forEach(entry -> values.add(entry.get(field).asText()));
            if (page.get("next").isNull()) {
                return values;
            }
        }
    }
}

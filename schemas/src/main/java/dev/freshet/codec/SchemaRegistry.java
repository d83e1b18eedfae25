package dev.freshet.codec;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParser;

/**
 * A schema registry, by the REST interface of Confluent's, which others have too. An id's schema never changes, and is asked for once; an
 * id that the registry does not know is asked for again after a second at the soonest. Thread-safe.
 */
public final class SchemaRegistry {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How long an unknown id is not asked for again. */
    private static final long REST_NANOS = Duration.ofSeconds(1).toNanos();

    /** Ids that are remembered as unknown, and as unusable. */
    private static final int MAX_REFUSED = 1000;

    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int SUBJECT_NOT_FOUND = 40401;
    private static final int SCHEMA_NOT_FOUND = 40403;

    private final URI address;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    private final Map<Integer, Schema> schemas = new ConcurrentHashMap<>();
    private final Map<Integer, Long> unknown = bounded();
    private final Map<Integer, String> unusable = bounded();

    /** @param address what its paths begin with, such as {@code http://127.0.0.1:8080/apis/ccompat/v7} */
    public SchemaRegistry(URI address) {
        this.address = address;
    }

    private static <V> Map<Integer, V> bounded() {
        return Collections.synchronizedMap(new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, V> eldest) {
                return size() > MAX_REFUSED;
            }
        });
    }

    /** Its address. */
    public URI address() {
        return address;
    }

    /**
     * The id of a schema under a subject, registered there if it is not yet.
     *
     * @throws RegistryException if the registry does not answer, or refuses the schema
     */
    public int register(String subject, Schema schema) {
        String path = "/subjects/" + URLEncoder.encode(subject, StandardCharsets.UTF_8);
        String body = JSON.createObjectNode().put("schema", schema.toString()).toString();
        // Where only some may register, all may look up.
        Answer answer = ask(path, body);
        if (answer.isError(SUBJECT_NOT_FOUND) || answer.isError(SCHEMA_NOT_FOUND)) {
            answer = ask(path + "/versions", body);
        }
        JsonNode id = answer.body.path("id");
        if (answer.status != OK || !id.isInt()) {
            throw refused("does not take the schema of " + subject, answer);
        }
        return id.intValue();
    }

    /**
     * The schema of an id.
     *
     * @throws BadRecordException if the registry has no Avro schema of this id
     * @throws RegistryException if the registry does not answer
     */
    Schema schema(int id) throws BadRecordException {
        Schema known = schemas.get(id);
        if (known != null) {
            return known;
        }
        String refusal = unusable.get(id);
        if (refusal != null) {
            throw new BadRecordException(refusal);
        }
        Long asked = unknown.get(id);
        if (asked != null && System.nanoTime() - asked < REST_NANOS) {
            throw unknown(id);
        }
        Answer answer = ask("/schemas/ids/" + id, null);
        if (answer.isError(SCHEMA_NOT_FOUND)) {
            unknown.put(id, System.nanoTime());
            throw unknown(id);
        }
        // A proxy's page may say 200, too.
        if (answer.status != OK || !answer.body.path("schema").isTextual()) {
            throw refused("does not say what schema " + id + " is", answer);
        }
        try {
            Schema schema = parse(id, answer.body);
            schemas.put(id, schema);
            return schema;
        } catch (BadRecordException e) {
            unusable.put(id, e.getMessage());
            throw e;
        }
    }

    private BadRecordException unknown(int id) {
        return new BadRecordException("the schema registry " + address + " has no schema " + id
                + "; register the writer's schema, and write its id into the value");
    }

    private Schema parse(int id, JsonNode answer) throws BadRecordException {
        // A registry names the type only where it is not Avro.
        String type = answer.path("schemaType").asText("AVRO");
        if (!type.equals("AVRO")) {
            throw new BadRecordException("schema " + id + " of the registry " + address + " is of type " + type
                    + "; values of this topic are Avro");
        }
        try {
            return new SchemaParser().parse(answer.path("schema").asText()).mainSchema();
        } catch (AvroRuntimeException e) {
            throw new BadRecordException(
                    "schema " + id + " of the registry " + address + " cannot be used (" + e.getMessage()
                            + "); it must be complete, without references",
                    e);
        }
    }

    private RegistryException refused(String what, Answer answer) {
        return new RegistryException("the schema registry " + address + " " + what + " (" + answer.status
                + answer.body
                        .path("message")
                        .asText("")
                        .lines()
                        .findFirst()
                        .map(line -> ", " + line)
                        .orElse("")
                + ")");
    }

    /** @param body to be posted, or null */
    private Answer ask(String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path))
                .timeout(TIMEOUT)
                .header("Accept", CONTENT_TYPE);
        if (body != null) {
            request.header("Content-Type", CONTENT_TYPE).POST(BodyPublishers.ofString(body));
        }
        // The request's own time ends with the answer's head: a body that does not come has none.
        CompletableFuture<HttpResponse<String>> coming = http.sendAsync(request.build(), BodyHandlers.ofString());
        try {
            HttpResponse<String> response = coming.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            return new Answer(response.statusCode(), json(response.body()));
        } catch (TimeoutException e) {
            throw silent("not within " + TIMEOUT.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            String reason = e.getCause().getMessage();
            throw silent(reason == null ? e.getCause().getClass().getSimpleName() : reason, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RegistryException("interrupted while asking the schema registry " + address, e);
        } finally {
            coming.cancel(true);
        }
    }

    private RegistryException silent(String how, Throwable cause) {
        return new RegistryException("the schema registry " + address + " does not answer (" + how + ")", cause);
    }

    private static JsonNode json(String body) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            // Not a registry's words, but what stands before it.
            return JSON.createObjectNode();
        }
    }

    private record Answer(int status, JsonNode body) {

        /** Only the registry itself says so, which a proxy's or another server's 404 does not. */
        boolean isError(int code) {
            return status == NOT_FOUND && body.path("error_code").asInt() == code;
        }
    }
}

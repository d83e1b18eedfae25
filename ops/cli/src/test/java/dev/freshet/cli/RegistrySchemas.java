package dev.freshet.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParser;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;

/** A client of a schema registry that has nothing of Freshet's. */
public final class RegistrySchemas {

    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Map<URI, Schema> SCHEMAS = new ConcurrentHashMap<>();

    private RegistrySchemas() {}

    /** Reads what is left of a value with the schema of an id. */
    public static GenericRecord read(String registry, int id, ByteBuffer value) throws Exception {
        URI address = URI.create(registry + "/schemas/ids/" + id);
        Schema schema = SCHEMAS.get(address);
        if (schema == null) {
            schema = new SchemaParser()
                    .parse(ask(HttpRequest.newBuilder(address)))
                    .mainSchema();
            SCHEMAS.put(address, schema);
        }
        return new GenericDatumReader<GenericRecord>(schema)
                .read(
                        null,
                        DecoderFactory.get().binaryDecoder(value.array(), value.position(), value.remaining(), null));
    }

    /** Registers a schema; its id. */
    public static int register(String registry, String subject, Schema schema) throws Exception {
        String body = new ObjectMapper()
                .createObjectNode()
                .put("schema", schema.toString())
                .toString();
        return Integer.parseInt(ask(HttpRequest.newBuilder(URI.create(registry + "/subjects/" + subject + "/versions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))));
    }

    /** The schema, or else the id, that it answers. */
    private static String ask(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new AssertionError(answer.statusCode() + ": " + answer.body());
        }
        var json = new ObjectMapper().readTree(answer.body());
        return json.has("schema")
                ? json.path("schema").asText()
                : json.path("id").asText();
    }
}

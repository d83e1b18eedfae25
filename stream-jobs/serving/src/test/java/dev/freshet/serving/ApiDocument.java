package dev.freshet.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** What a server says of itself, and whether its answers bear it out. */
final class ApiDocument {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> METHODS = Set.of("get", "post");

    private final JsonNode document;
    private final Map<String, JsonNode> operations = new TreeMap<>();
    private final Map<String, Pattern> paths = new HashMap<>();

    ApiDocument(String json) throws IOException {
        document = JSON.readTree(json);
        document.get("paths").fields().forEachRemaining(path -> {
            paths.put(path.getKey(), Pattern.compile(path.getKey().replaceAll("\\{[a-z]+}", "[^/]+")));
            path.getValue().fields().forEachRemaining(operation -> {
                assertThat(METHODS).contains(operation.getKey());
                operations.put(operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(), operation.getValue());
            });
        });
    }

    /** The methods of every path. */
    Map<String, Set<String>> methods() {
        Map<String, Set<String>> methods = new TreeMap<>();
        operations.keySet().forEach(operation -> methods.computeIfAbsent(
                        operation.split(" ")[1], path -> new TreeSet<>())
                .add(operation.split(" ")[0]));
        return methods;
    }

    /** All operations: GET /v1/users/{user}, … */
    Set<String> operations() {
        return operations.keySet();
    }

    /** The operation that a request asks for. */
    String operation(String method, String path) {
        return operations.keySet().stream()
                .filter(each -> each.startsWith(method + " ")
                        && paths.get(each.split(" ")[1]).matcher(path).matches())
                // A name in the path may look like a longer path: the more literal one is meant.
                .min((a, b) -> Integer.compare(a.split("\\{").length, b.split("\\{").length))
                .orElseThrow(() -> new AssertionError(method + " " + path + " is not in the document"));
    }

    /** Checks an answer: that its status is described, and its body has the shape and no field besides. */
    void check(String operation, int status, String contentType, String body) throws IOException {
        JsonNode responses = operations.get(operation).get("responses");
        JsonNode response = responses.path(Integer.toString(status));
        if (response.isMissingNode() && status >= 400) {
            response = responses.get("default");
        }
        assertThat(response.isMissingNode())
                .as("%s answers %s, which is not described", operation, status)
                .isFalse();
        String type = contentType.split(";", 2)[0];
        JsonNode content = response.path("content");
        String described = content.has(type) ? type : type.replaceAll("/.*", "/*");
        assertThat(content.has(described))
                .as("%s answers %s, which is not described", operation, type)
                .isTrue();
        JsonNode shape = content.get(described).path("schema");
        if (shape.isMissingNode()) {
            return;
        }
        ObjectNode schema = shape.deepCopy();
        schema.set("components", strict(document.get("components")));
        assertThat(JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                        .getSchema(schema)
                        .validate(JSON.readTree(body), context -> context.getExecutionConfig()
                                .setFormatAssertionsEnabled(true)))
                .as("%s: %s", operation, body)
                .isEmpty();
    }

    private static JsonNode strict(JsonNode components) {
        JsonNode strict = components.deepCopy();
        for (JsonNode schema : strict.get("schemas")) {
            if (schema.has("properties") && !schema.has("additionalProperties")) {
                ((ObjectNode) schema).put("additionalProperties", false);
            }
        }
        return strict;
    }
}

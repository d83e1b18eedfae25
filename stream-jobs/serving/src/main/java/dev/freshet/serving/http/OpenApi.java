package dev.freshet.serving.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaBuilder;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The table of routes as an OpenAPI 3.1 document. The shapes of bodies and answers are those of the records that make them. */
final class OpenApi {

    private static final String VERSION = "3.1.0";
    private static final String SCHEMAS = "components/schemas";
    private static final String TOKEN = "token";
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Map<Integer, String> PROBLEMS = Map.of(
            404, "What is asked for is not known",
            409, "It would change nothing, or be refused by whoever must do it");

    private final SchemaBuilder shapes = new SchemaGenerator(
                    new SchemaGeneratorConfigBuilder(SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON)
                            .with(
                                    Option.DEFINITIONS_FOR_ALL_OBJECTS,
                                    Option.PLAIN_DEFINITION_KEYS,
                                    Option.INLINE_NULLABLE_SCHEMAS,
                                    Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES,
                                    Option.EXTRA_OPEN_API_FORMAT_VALUES)
                            .without(Option.SCHEMA_VERSION_INDICATOR)
                            .with(fields -> fields.forFields()
                                    .withNullableCheck(OpenApi::mayBeNull)
                                    .withRequiredCheck(field -> !mayBeMissing(field)))
                            .build())
            .buildMultipleSchemaDefinitions();

    private final boolean token;

    private OpenApi(boolean token) {
        this.token = token;
    }

    /**
     * The document.
     *
     * @param version version of the code
     * @param token whether requests must carry a token
     */
    static ObjectNode document(List<Route> routes, String version, boolean token) {
        return new OpenApi(token).describe(routes, version);
    }

    private static boolean mayBeNull(FieldScope field) {
        return field.getRawMember().getAnnotatedType().isAnnotationPresent(Nullable.class);
    }

    private static boolean mayBeMissing(FieldScope field) {
        JsonInclude include = field.getAnnotation(JsonInclude.class);
        return include != null && include.value() != JsonInclude.Include.ALWAYS;
    }

    private ObjectNode describe(List<Route> routes, String version) {
        ObjectNode document = JSON.objectNode().put("openapi", VERSION);
        document.putObject("info")
                .put("title", "Freshet")
                .put("version", version)
                .put(
                        "description",
                        "Recommendations, and the state of the loop that makes them. Everything is said in docs/api.md.")
                .putObject("license")
                .put("name", "Apache 2.0")
                .put("identifier", "Apache-2.0");
        document.putArray("servers").addObject().put("url", "/");
        if (token) {
            document.putArray("security").addObject().putArray(TOKEN);
        }
        Map<String, ObjectNode> paths = new TreeMap<>();
        for (Route route : routes) {
            String path = route.path().replace('<', '{').replace('>', '}');
            paths.computeIfAbsent(path, any -> JSON.objectNode())
                    .set(route.method().name().toLowerCase(Locale.ROOT), operation(route));
        }
        document.putObject("paths").setAll(paths);
        JsonNode schemas = shapes.collectDefinitions(SCHEMAS);
        ObjectNode components = document.putObject("components");
        components.set("schemas", schemas);
        if (token) {
            components
                    .putObject("securitySchemes")
                    .putObject(TOKEN)
                    .put("type", "http")
                    .put("scheme", "bearer");
        }
        return document;
    }

    private ObjectNode operation(Route route) {
        ObjectNode operation = JSON.objectNode().put("summary", route.summary()).put("operationId", id(route));
        operation.putArray("tags").add(route.tag());
        if (token && route.isOpen()) {
            operation.putArray("security");
        }
        if (!route.parameters().isEmpty()) {
            route.parameters()
                    .forEach(parameter -> operation.withArray("parameters").add(parameter.describe()));
        }
        if (route.body() != null) {
            ObjectNode body = operation.putObject("requestBody").put("required", true);
            body.putObject("content").putObject(Route.JSON).set("schema", shape(route.body()));
        }
        ObjectNode responses = operation.putObject("responses");
        ObjectNode good = responses.putObject(Integer.toString(route.status()));
        good.put("description", route.status() == 202 ? "The broker has it" : "The answer");
        ObjectNode media = good.putObject("content").putObject(route.contentType());
        if (route.answer() != null) {
            media.set("schema", shape(route.answer()));
        }
        if (route.otherStatus() != null) {
            responses.set(
                    Integer.toString(route.otherStatus()),
                    good.deepCopy().put("description", "The same answer, where all is not well"));
        }
        if (route.isValidated()) {
            good.putObject("headers")
                    .putObject("ETag")
                    .put("description", "to be sent as If-None-Match next time")
                    .putObject("schema")
                    .put("type", "string");
            responses.putObject("304").put("description", "The client has the answer: it sent its entity tag");
        }
        route.problems().forEach(status -> problem(responses, Integer.toString(status), PROBLEMS.get(status)));
        problem(responses, "default", "The request is refused, or cannot be answered at the moment");
        return operation;
    }

    private void problem(ObjectNode responses, String status, String description) {
        ObjectNode problem = responses.putObject(status).put("description", description);
        problem.putObject("content").putObject(Problem.CONTENT_TYPE).set("schema", shape(Problem.class));
    }

    private ObjectNode shape(Class<?> type) {
        return shapes.createSchemaReference(type);
    }

    private static String id(Route route) {
        return route.method().name().toLowerCase(Locale.ROOT)
                + route.path().replaceAll("[^A-Za-z0-9]+", "_").replaceAll("_$", "");
    }
}

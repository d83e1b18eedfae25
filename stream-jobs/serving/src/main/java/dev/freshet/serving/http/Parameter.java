package dev.freshet.serving.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.topic.Intake;
import io.javalin.http.Context;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A parameter of a route: what reads it is what describes it. One that breaks its rule is answered with 400.
 *
 * @param <T> what it is read as
 */
final class Parameter<T> {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final String name;
    private final boolean inPath;
    private final boolean required;
    private final String description;
    private final ObjectNode schema;
    private final Function<Context, T> read;

    private Parameter(String name, boolean inPath, String description, ObjectNode schema, Function<Context, T> read) {
        this(name, inPath, inPath, description, schema, read);
    }

    private Parameter(
            String name,
            boolean inPath,
            boolean required,
            String description,
            ObjectNode schema,
            Function<Context, T> read) {
        this.name = name;
        this.inPath = inPath;
        this.required = required;
        this.description = description;
        this.schema = schema;
        this.read = read;
    }

    /** An id in the path: 1 to 512 characters. */
    static Parameter<String> id(String name, String description) {
        return new Parameter<>(name, true, description, idSchema(), ctx -> Requests.id(name, ctx.pathParam(name)));
    }

    /** A name in the path, of which more is known when it is looked up. */
    static Parameter<String> name(String name, String description) {
        return new Parameter<>(name, true, description, type("string"), ctx -> ctx.pathParam(name));
    }

    /** An offset in the path. */
    static Parameter<Long> offset(String name, String description) {
        return new Parameter<>(
                name,
                true,
                description,
                type("integer").put("format", "int64").put("minimum", 0),
                ctx -> Requests.number(name, ctx.pathParam(name), 0, Long.MAX_VALUE));
    }

    /** A whole number in the query. */
    static Parameter<Integer> number(String name, int byDefault, int min, int max, String description) {
        return new Parameter<>(
                name,
                false,
                description,
                bounded(min, max).put("default", byDefault),
                ctx -> Requests.number(ctx, name, byDefault, min, max));
    }

    /** A whole number in the query that may be missing. */
    static Parameter<Optional<Integer>> number(String name, int min, int max, String description) {
        return new Parameter<>(
                name, false, description, bounded(min, max), ctx -> Optional.ofNullable(ctx.queryParam(name))
                        .map(text -> (int) Requests.number(name, text, min, max)));
    }

    /** Text in the query: at most 512 characters, empty where it is missing. */
    static Parameter<String> text(String name, String description) {
        return new Parameter<>(
                name,
                false,
                description,
                type("string").put("maxLength", Intake.MAX_ID_LENGTH),
                ctx -> Requests.text(ctx, name));
    }

    /** An id in the query that may be missing. */
    static Parameter<Optional<String>> optionalId(String name, String description) {
        return new Parameter<>(name, false, description, idSchema(), ctx -> Optional.ofNullable(ctx.queryParam(name))
                .map(id -> Requests.id(name, id)));
    }

    /** An id in the query that must be there. */
    static Parameter<String> queryId(String name, String description) {
        return new Parameter<>(name, false, true, description, idSchema(), ctx -> {
            String id = ctx.queryParam(name);
            if (id == null) {
                throw ProblemException.badRequest(name + " is missing: " + description);
            }
            return Requests.id(name, id);
        });
    }

    /** Text in the query that may be given several times. */
    static Parameter<List<String>> texts(String name, String description) {
        ObjectNode schema = type("array").put("maxItems", Requests.MAX_LIMIT);
        schema.set("items", type("string"));
        return new Parameter<>(name, false, description, schema, ctx -> {
            List<String> all = ctx.queryParams(name);
            if (all.size() > Requests.MAX_LIMIT) {
                throw ProblemException.badRequest(name + " is given more than " + Requests.MAX_LIMIT + " times");
            }
            return all;
        });
    }

    /** Where to go on in a list: the {@code next} of the answer before; empty for its beginning. */
    static Parameter<Optional<Cursor>> after() {
        return new Parameter<>(
                "after",
                false,
                "where to go on: the next of the answer before",
                type("string"),
                ctx -> Optional.ofNullable(ctx.queryParam("after")).map(Cursor::parse));
    }

    private static ObjectNode type(String type) {
        return JSON.objectNode().put("type", type);
    }

    private static ObjectNode idSchema() {
        return type("string").put("minLength", 1).put("maxLength", Intake.MAX_ID_LENGTH);
    }

    private static ObjectNode bounded(int min, int max) {
        return type("integer").put("format", "int32").put("minimum", min).put("maximum", max);
    }

    /**
     * The value in a request.
     *
     * @throws ProblemException with 400, if it breaks its rule
     * @throws IllegalStateException if the route of the request does not declare this parameter
     */
    T of(Context ctx) {
        if (!Route.of(ctx).takes(this)) {
            throw new IllegalStateException(ctx.path() + " does not declare " + name);
        }
        return read.apply(ctx);
    }

    String name() {
        return name;
    }

    boolean inPath() {
        return inPath;
    }

    /** As OpenAPI's Parameter Object. */
    ObjectNode describe() {
        ObjectNode parameter = JSON.objectNode()
                .put("name", name)
                .put("in", inPath ? "path" : "query")
                .put("description", description)
                .put("required", required);
        parameter.set("schema", schema.deepCopy());
        return parameter;
    }
}

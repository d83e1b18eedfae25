package dev.freshet.serving.http;

import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/** A route: how it is called, what it answers, and what is asked before. Once {@link #by} has been called it does not change. */
final class Route {

    static final String JSON = "application/json";

    /** The attribute of a request that holds its route. */
    private static final String ATTRIBUTE = "freshet.route";

    private final Routes table;
    private final HandlerType method;
    private final String path;
    private final String tag;
    private final String summary;
    private final List<Parameter<?>> parameters = new ArrayList<>();
    private final SortedSet<Integer> problems = new TreeSet<>();
    private Class<?> body;
    private int status = 200;
    private String contentType;
    private Class<?> answer;
    private Integer otherStatus;
    private boolean open;
    private boolean counted = true;
    private boolean validated = true;

    Route(Routes table, HandlerType method, String path, String tag, String summary) {
        this.table = table;
        this.method = method;
        this.path = path;
        this.tag = tag;
        this.summary = summary;
    }

    /** The route of a request. */
    static Route of(Context ctx) {
        return ctx.attribute(ATTRIBUTE);
    }

    /** The parameters that it reads. */
    Route with(Parameter<?>... read) {
        parameters.addAll(List.of(read));
        return this;
    }

    /** The answer when all is well: a record, as JSON. */
    Route answers(int status, Class<?> shape) {
        this.status = status;
        this.answer = shape;
        this.contentType = JSON;
        return this;
    }

    Route answers(Class<?> shape) {
        return answers(200, shape);
    }

    /** The answer when all is well: not JSON. */
    Route answers(String type) {
        this.contentType = type;
        return this;
    }

    /** Another status under which the same shape is answered. */
    Route alsoAnswers(int other) {
        otherStatus = other;
        return this;
    }

    /** Statuses of problems that belong to this route; those that every route may have are not named. */
    Route problems(Integer... statuses) {
        problems.addAll(List.of(statuses));
        return this;
    }

    /** Everyone may ask, without a token and as often as they like. */
    Route open() {
        open = true;
        return uncounted();
    }

    /** It does not count for the rate limit. */
    Route uncounted() {
        counted = false;
        return this;
    }

    /** The answer is another one every time: no entity tag. */
    Route changing() {
        validated = false;
        return this;
    }

    /** Who answers. */
    void by(Handler handler) {
        table.add(this, ctx -> {
            ctx.attribute(ATTRIBUTE, this);
            handler.handle(ctx);
        });
    }

    /** Who answers a write, with the body, a JSON object that has no fields but those of {@code shape}. */
    void by(Class<?> shape, BiConsumer<Context, JsonBody> handler) {
        body = shape;
        changing().by(ctx -> JsonBody.read(ctx, shape, read -> table.writers().take(() -> handler.accept(ctx, read))));
    }

    boolean takes(Parameter<?> parameter) {
        return parameters.contains(parameter);
    }

    HandlerType method() {
        return method;
    }

    String path() {
        return path;
    }

    String tag() {
        return tag;
    }

    String summary() {
        return summary;
    }

    List<Parameter<?>> parameters() {
        return parameters;
    }

    /** Shape of the body, or null. */
    Class<?> body() {
        return body;
    }

    int status() {
        return status;
    }

    /** Another status with the same answer, or null. */
    Integer otherStatus() {
        return otherStatus;
    }

    String contentType() {
        return contentType;
    }

    /** Shape of the answer, or null where it is no JSON, or JSON of any shape. */
    Class<?> answer() {
        return answer;
    }

    SortedSet<Integer> problems() {
        return problems;
    }

    /** Whether it needs no token. */
    boolean isOpen() {
        return open;
    }

    /** Whether it counts for the rate limit. */
    boolean isCounted() {
        return counted;
    }

    /** Whether answers carry an entity tag. */
    boolean isValidated() {
        return validated;
    }
}

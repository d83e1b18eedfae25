package dev.freshet.serving.http;

import io.javalin.Javalin;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The table of routes. What registers them describes them, so that the OpenAPI document cannot tell another story. */
final class Routes {

    /** Threads that may wait for the broker to take a write; the others are left for those who read. */
    private static final int MAX_WRITERS = 32;

    private final Javalin javalin;
    private final Gate gate;
    private final Turns writers = new Turns(MAX_WRITERS);
    private final List<Route> all = new ArrayList<>();

    /** @param gate what is asked before a route answers */
    Routes(Javalin javalin, Gate gate) {
        this.javalin = javalin;
        this.gate = gate;
    }

    /** A part of the table under a name. */
    Section section(String name) {
        return new Section(name);
    }

    /** Routes of one kind. */
    final class Section {

        private final String name;

        private Section(String name) {
            this.name = name;
        }

        /** @param path as Javalin writes it: {name}, or &lt;name&gt; where it may hold slashes */
        Route get(String path, String summary) {
            return new Route(Routes.this, HandlerType.GET, path, name, summary);
        }

        Route post(String path, String summary) {
            return new Route(Routes.this, HandlerType.POST, path, name, summary);
        }
    }

    void add(Route route, Handler handler) {
        all.add(route);
        Handler admitted = ctx -> {
            gate.admit(ctx, route);
            handler.handle(ctx);
        };
        javalin.addHttpHandler(route.method(), route.path(), admitted);
        if (route.method() == HandlerType.GET) {
            // Javalin's own answer to HEAD asks nobody.
            javalin.addHttpHandler(HandlerType.HEAD, route.path(), admitted);
        }
    }

    Turns writers() {
        return writers;
    }

    List<Route> all() {
        return Collections.unmodifiableList(all);
    }
}

package dev.freshet.serving.http;

import dev.freshet.serving.stream.ServingContext;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.apache.kafka.streams.state.HostInfo;

/** What is asked before a read: whether the state is there, and which instance has the user. */
final class Access {

    static final Parameter<String> USER = Parameter.id("user", "the user's id");

    private final ServingContext serving;
    private final Stores stores;
    private final Forwarder forwarder;

    Access(ServingContext serving, Stores stores, Forwarder forwarder) {
        this.serving = serving;
        this.stores = stores;
        this.forwarder = forwarder;
    }

    /** Answers once items and neighbors are there. */
    Handler whole(Handler answer) {
        return ctx -> {
            if (!serving.catalogue().ready()) {
                throw Stores.starting();
            }
            answer.handle(ctx);
        };
    }

    /** Answers with the user of the path where this instance has it, and passes on the answer of the one that has it otherwise. */
    Handler ofUser(BiConsumer<Context, String> answer) {
        return ctx -> {
            String user = USER.of(ctx);
            Optional<HostInfo> owner = stores.owner(user);
            if (owner.isEmpty() || !forwarder.forward(ctx, owner.get())) {
                answer.accept(ctx, user);
            }
        };
    }
}

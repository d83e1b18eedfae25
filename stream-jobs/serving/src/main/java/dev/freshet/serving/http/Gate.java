package dev.freshet.serving.http;

import io.javalin.http.Context;

/** What is asked before a route answers: how often the client has asked, its token, and whether it may write. */
final class Gate {

    private final RateLimit limit;
    private final RateLimit guesses;
    private final BearerToken token;
    private final WriteGuard writes;

    /**
     * @param limit requests of a client, or null
     * @param guesses requests of a client with a wrong token on routes that do not count, or null
     * @param token the token that requests must carry, or null
     */
    Gate(RateLimit limit, RateLimit guesses, BearerToken token, WriteGuard writes) {
        this.limit = limit;
        this.guesses = guesses;
        this.token = token;
        this.writes = writes;
    }

    /** @throws ProblemException if the route may not be asked */
    void admit(Context ctx, Route route) {
        // Wrong tokens count, too: guessing is limited.
        if (limit != null && route.isCounted()) {
            limit.count(ctx);
        }
        if (token != null && !route.isOpen()) {
            checkToken(ctx, route);
        }
        if (route.body() != null) {
            writes.check(ctx);
        }
    }

    private void checkToken(Context ctx, Route route) {
        if (guesses == null || route.isCounted()) {
            token.check(ctx);
            return;
        }
        // Once there are too many, not even the right one is let in: that would tell it.
        guesses.checkRoom(ctx);
        try {
            token.check(ctx);
        } catch (ProblemException wrong) {
            guesses.count(ctx);
            throw wrong;
        }
    }
}

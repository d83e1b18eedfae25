package dev.freshet.serving.http;

import io.javalin.http.Context;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/** Conditional requests (RFC 9110, section 13): who has an answer already is told so instead of being sent it again. */
final class EntityTags {

    private static final int BYTES = 12;

    private EntityTags() {}

    /** Weak: whether an answer is compressed or not, it is the same one. */
    static String of(byte[] body) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(body);
            return "W/\"" + Base64.getUrlEncoder().encodeToString(Arrays.copyOf(digest, BYTES)) + "\"";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tags the answer of a route, unless it has done so itself, and drops its body where the client has it. Runs after the route. */
    static void validate(Context ctx) throws IOException {
        Route route = Route.of(ctx);
        if (route == null
                || !route.isValidated()
                || ctx.statusCode() != route.status()
                || ctx.res().containsHeader("ETag")) {
            return;
        }
        byte[] body = ctx.resultInputStream().readAllBytes();
        ctx.header("Cache-Control", "private, no-cache");
        if (!unchanged(ctx, of(body))) {
            ctx.result(new ByteArrayInputStream(body));
        }
    }

    /** Tags an answer; whether it is now a 304 without a body, since the client has it. */
    static boolean unchanged(Context ctx, String tag) {
        ctx.header("ETag", tag);
        String known = ctx.header("If-None-Match");
        if (known == null
                || !(known.strip().equals("*")
                        || Arrays.asList(known.split("\\s*,\\s*")).contains(tag))) {
            return false;
        }
        ctx.status(304);
        ctx.result("");
        return true;
    }
}

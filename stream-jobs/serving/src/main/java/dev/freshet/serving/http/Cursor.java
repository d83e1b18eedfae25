package dev.freshet.serving.http;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Where a list goes on: behind the last entry of the answer before. It says what that entry is sorted by, not how many came before it, so
 * entries that come or go meanwhile shift nothing: what stays where it is comes exactly once.
 *
 * @param rank what the list is sorted by first
 * @param id what decides between equal ranks; empty where none are equal
 */
record Cursor(long rank, String id) {

    /** As it stands in an answer and in a query: opaque to clients. */
    String text() {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString((rank + ":" + id).getBytes(StandardCharsets.UTF_8));
    }

    /** @throws ProblemException with 400, if it is none */
    static Cursor parse(String text) {
        try {
            String[] parts = new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8).split(":", 2);
            if (parts.length == 2) {
                return new Cursor(Long.parseLong(parts[0]), parts[1]);
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw invalid(text);
    }

    /** What a list says of a cursor that it did not give. */
    static ProblemException invalid(String text) {
        return ProblemException.badRequest(
                "after is " + Requests.shortened(text) + "; it must be the next of an earlier answer");
    }
}

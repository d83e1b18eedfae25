package dev.freshet.serving.http;

import org.jspecify.annotations.Nullable;

/**
 * The body of an error, {@code application/problem+json} (RFC 9457).
 *
 * @param type always about:blank: the status says it all
 * @param title the status in words
 * @param status the HTTP status
 * @param detail what is wrong with this request
 * @param instance the path asked for; null where it cannot be told
 */
record Problem(String type, String title, int status, String detail, @Nullable String instance) {

    static final String CONTENT_TYPE = "application/problem+json";

    static Problem of(int status, String title, String detail, String instance) {
        return new Problem("about:blank", title, status, detail, instance);
    }
}

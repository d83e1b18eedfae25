package dev.freshet.serving.http;

import java.util.Map;

/** A request that cannot be answered, as RFC 9457 has it. */
final class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final String title;
    private final Map<String, String> headers;

    private ProblemException(int status, String title, String detail) {
        this(status, title, detail, Map.of());
    }

    private ProblemException(int status, String title, String detail, Map<String, String> headers) {
        super(detail);
        this.status = status;
        this.title = title;
        this.headers = headers;
    }

    static ProblemException badRequest(String detail) {
        return new ProblemException(400, "Bad request", detail);
    }

    /** @param challenge what the client is to bring (RFC 9110, section 11.6.1) */
    static ProblemException unauthorized(String detail, String challenge) {
        return new ProblemException(401, "Unauthorized", detail, Map.of("WWW-Authenticate", challenge));
    }

    static ProblemException forbidden(String detail) {
        return new ProblemException(403, "Forbidden", detail);
    }

    static ProblemException notAcceptable(String detail) {
        return new ProblemException(406, "Not acceptable", detail);
    }

    static ProblemException timeout(String detail) {
        return new ProblemException(408, "Request timeout", detail);
    }

    static ProblemException conflict(String detail) {
        return new ProblemException(409, "Conflict", detail);
    }

    static ProblemException tooLarge(String detail) {
        return new ProblemException(413, "Content too large", detail);
    }

    static ProblemException unsupported(String detail) {
        return new ProblemException(415, "Unsupported media type", detail);
    }

    static ProblemException notFound(String detail) {
        return new ProblemException(404, "Not found", detail);
    }

    /** @param seconds after which the client may try again */
    static ProblemException tooMany(String detail, long seconds) {
        return new ProblemException(429, "Too many requests", detail, Map.of("Retry-After", Long.toString(seconds)));
    }

    static ProblemException unavailable(String detail) {
        return new ProblemException(503, "Not available at the moment", detail, Map.of("Retry-After", "1"));
    }

    int status() {
        return status;
    }

    String title() {
        return title;
    }

    /** Headers of the answer. */
    Map<String, String> headers() {
        return headers;
    }
}

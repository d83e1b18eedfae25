package dev.freshet.serving.http;

/** A request that cannot be answered, as RFC 9457 has it. */
final class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final String title;

    private ProblemException(int status, String title, String detail) {
        super(detail);
        this.status = status;
        this.title = title;
    }

    static ProblemException badRequest(String detail) {
        return new ProblemException(400, "Bad request", detail);
    }

    static ProblemException forbidden(String detail) {
        return new ProblemException(403, "Forbidden", detail);
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

    static ProblemException unavailable(String detail) {
        return new ProblemException(503, "Not available at the moment", detail);
    }

    int status() {
        return status;
    }

    String title() {
        return title;
    }
}

package dev.freshet.serving.score;

/** A release that cannot be put in force. The message is one line that says what is wrong. */
public final class InvalidModelException extends Exception {

    private static final long serialVersionUID = 1L;

    public InvalidModelException(String reason) {
        super(reason);
    }
}

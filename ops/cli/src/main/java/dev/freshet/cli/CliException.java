package dev.freshet.cli;

/** A command failed; the message is one line that says why and how to mend it. */
public final class CliException extends Exception {

    private static final long serialVersionUID = 1L;

    public CliException(String message) {
        super(message);
    }

    public CliException(String message, Throwable cause) {
        super(message, cause);
    }
}

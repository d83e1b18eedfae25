package dev.freshet.codec;

/** A schema registry that does not answer, or refuses. Says nothing of the record: that can be read, or written, later. */
public final class RegistryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public RegistryException(String message) {
        super(message);
    }

    public RegistryException(String message, Throwable cause) {
        super(message, cause);
    }
}

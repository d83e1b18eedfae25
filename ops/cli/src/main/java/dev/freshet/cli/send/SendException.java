package dev.freshet.cli.send;

import java.io.IOException;

/** Events that the broker did not take. The message is one line with a remedy. */
public final class SendException extends IOException {

    private static final long serialVersionUID = 1L;

    public SendException(String message, Throwable cause) {
        super(message, cause);
    }
}

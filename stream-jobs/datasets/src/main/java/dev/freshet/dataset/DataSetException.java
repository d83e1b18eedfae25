package dev.freshet.dataset;

import java.io.IOException;

/** A data set that cannot be read. The message is one line: the file, what is wrong, how to mend it. */
public class DataSetException extends IOException {

    private static final long serialVersionUID = 1L;

    public DataSetException(String message) {
        super(message);
    }

    public DataSetException(String message, Throwable cause) {
        super(message, cause);
    }
}

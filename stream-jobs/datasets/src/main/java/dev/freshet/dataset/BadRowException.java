package dev.freshet.dataset;

/** A bad row, where bad rows are fatal. */
public final class BadRowException extends DataSetException {

    private static final long serialVersionUID = 1L;

    public BadRowException(BadRow row) {
        super(row.toString());
    }
}

package dev.freshet.cli.cluster;

import java.util.List;

/** The local cluster cannot start or go on. The message is one line with a remedy; further lines may come from a log. */
public final class ClusterException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient List<String> logLines;

    public ClusterException(String message) {
        this(message, List.of());
    }

    public ClusterException(String message, List<String> logLines) {
        super(message);
        this.logLines = logLines;
    }

    /** The last lines of the log of the part that failed. */
    public List<String> logLines() {
        return logLines;
    }
}

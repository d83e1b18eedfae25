package dev.freshet.cli.cluster;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * How a part is.
 *
 * @param pid process id; 0 while there is none
 * @param restarts starts after the first
 * @param startMillis time from the start of the process until it was ready; 0 before
 * @param reason why it died or was given up; null while all is well
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PartStatus(State state, long pid, int restarts, long startMillis, String reason) {

    /** Where a part stands in its life. */
    public enum State {
        WAITING,
        STARTING,
        READY,
        RESTARTING,
        GAVE_UP,
        STOPPED
    }

    static final PartStatus WAITING = new PartStatus(State.WAITING, 0, 0, 0, null);
}

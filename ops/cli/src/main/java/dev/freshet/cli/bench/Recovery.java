package dev.freshet.cli.bench;

/** When what a kill has disturbed was as before, each for itself: that one comes late says nothing of the others. */
final class Recovery {

    private double ready = Double.NaN;
    private double fresh = Double.NaN;
    private double caughtUp = Double.NaN;

    /**
     * Notes how it is. Ready and fresh count from the first time; caught up from when no list has been late since, as none is at first.
     *
     * @param seconds since the kill
     * @return whether all is as before
     */
    boolean note(double seconds, boolean isReady, boolean isFresh, boolean noneLate) {
        if (isReady && !isReady()) {
            ready = seconds;
        }
        if (isFresh && !isFresh()) {
            fresh = seconds;
        }
        if (!noneLate) {
            caughtUp = Double.NaN;
        } else if (Double.isNaN(caughtUp)) {
            caughtUp = seconds;
        }
        return isReady() && isFresh() && noneLate;
    }

    boolean isReady() {
        return !Double.isNaN(ready);
    }

    boolean isFresh() {
        return !Double.isNaN(fresh);
    }

    double ready() {
        return ready;
    }

    double fresh() {
        return fresh;
    }

    double caughtUp() {
        return caughtUp;
    }
}

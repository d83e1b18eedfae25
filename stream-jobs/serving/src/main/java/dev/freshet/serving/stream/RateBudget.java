package dev.freshet.serving.stream;

/** A token bucket that the tasks of an instance share: so many per second, at most a tenth of a second's worth at once. */
final class RateBudget {

    private final double perMilli;
    private final double burst;
    private double tokens;
    private long filledAt = Long.MIN_VALUE;

    /** @param perSecond tokens per second, at least 1 */
    RateBudget(int perSecond) {
        this.perMilli = perSecond / 1000.0;
        this.burst = Math.max(1, perSecond / 10.0);
    }

    /**
     * Takes a token if there is one.
     *
     * @param now milliseconds, never going back by much
     */
    synchronized boolean tryTake(long now) {
        if (filledAt == Long.MIN_VALUE) {
            tokens = burst;
            filledAt = now;
        } else if (now > filledAt) {
            tokens = Math.min(burst, tokens + (now - filledAt) * perMilli);
            filledAt = now;
        }
        if (tokens < 1) {
            return false;
        }
        tokens--;
        return true;
    }
}

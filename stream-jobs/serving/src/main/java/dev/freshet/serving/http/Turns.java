package dev.freshet.serving.http;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** So many requests may wait for the broker at once; others are told to come again, and threads are left for what needs no broker. */
final class Turns {

    private final Semaphore free;

    Turns(int atOnce) {
        this.free = new Semaphore(atOnce);
    }

    /** As {@link #take(Supplier)}, without a result. */
    void take(Runnable waiting) {
        take(() -> {
            waiting.run();
            return null;
        });
    }

    /**
     * Does what waits for the broker.
     *
     * @throws ProblemException with 503, if too many do already
     */
    <T> T take(Supplier<T> waiting) {
        if (!free.tryAcquire()) {
            throw ProblemException.unavailable("too many requests wait for the broker; try again");
        }
        try {
            return waiting.get();
        } finally {
            free.release();
        }
    }
}

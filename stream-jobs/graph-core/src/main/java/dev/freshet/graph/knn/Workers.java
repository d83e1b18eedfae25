package dev.freshet.graph.knn;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** Runs one piece of work on several threads at once, for as long as it takes. */
public final class Workers {

    private Workers() {}

    /**
     * Runs {@code work} once per thread, with the thread's number from 0 on, and waits for all of them. One thread is the caller's own.
     *
     * @param threads threads to use, at least 1
     * @param task what is done, for messages: "comparing rows"
     * @throws CancellationException if the caller is interrupted
     */
    public static void run(int threads, String task, IntConsumer work) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + "; it must be at least 1");
        }
        if (threads == 1) {
            work.accept(0);
            return;
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                running.add(pool.submit(() -> work.accept(thread)));
            }
            for (Future<?> thread : running) {
                thread.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException(task + " was interrupted");
        } catch (ExecutionException e) {
            throw new IllegalStateException(task + " failed", e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }
}

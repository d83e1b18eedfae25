package dev.freshet.trainer.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** A few threads that share a loop; the calling thread is one of them. */
public final class Workers implements AutoCloseable {

    /** What is done before another thread has woken up. */
    private static final int SMALL = 1 << 10;

    private final int threads;
    private final ExecutorService pool;

    /**
     * @param threads threads in all, at least 1
     */
    public Workers(int threads) {
        this.threads = threads;
        this.pool = Executors.newFixedThreadPool(Math.max(1, threads - 1), task -> {
            Thread thread = new Thread(task, "tensor-worker");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Threads in all. */
    public int threads() {
        return threads;
    }

    /** A part of a range. */
    public interface Range {
        /** Does the numbers from {@code from} to {@code to} − 1. */
        void run(int from, int to);
    }

    /** Divides the numbers below {@code count} among the threads, and waits for all. */
    public void split(int count, Range range) {
        split(count, SMALL, range);
    }

    /**
     * Divides the numbers below {@code count} among the threads, and waits for all.
     *
     * @param least how many are worth more than one thread
     */
    public void split(int count, int least, Range range) {
        if (count < least) {
            range.run(0, count);
        } else {
            run(part -> range.run((int) ((long) count * part / threads), (int) ((long) count * (part + 1) / threads)));
        }
    }

    /** Runs {@code part} for 0 to threads − 1, and waits for all. */
    public void run(IntConsumer part) {
        List<Future<?>> others = new ArrayList<>(threads - 1);
        for (int t = 1; t < threads; t++) {
            int index = t;
            others.add(pool.submit(() -> part.accept(index)));
        }
        part.accept(0);
        try {
            for (Future<?> other : others) {
                other.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void close() {
        pool.shutdown();
    }
}

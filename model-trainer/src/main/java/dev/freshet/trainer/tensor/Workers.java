package dev.freshet.trainer.tensor;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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
        run(threads, part);
    }

    /**
     * Runs {@code part} for 0 to {@code count} − 1, and waits for all. Whoever is free takes the next part, the calling thread too: where
     * processors are short, nothing waits for another thread to wake up.
     */
    public void run(int count, IntConsumer part) {
        Parts parts = new Parts(part, count);
        for (int t = 1; t < Math.min(threads, count); t++) {
            pool.execute(parts);
        }
        parts.run();
        parts.await();
    }

    /** The parts of one loop, each done by whoever takes it first. */
    private static final class Parts implements Runnable {
        private final IntConsumer part;
        private final int count;
        private final AtomicInteger next = new AtomicInteger();
        private final CountDownLatch left;
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        Parts(IntConsumer part, int count) {
            this.part = part;
            this.count = count;
            this.left = new CountDownLatch(count);
        }

        @Override
        public void run() {
            for (int taken = next.getAndIncrement(); taken < count; taken = next.getAndIncrement()) {
                try {
                    part.accept(taken);
                } catch (RuntimeException | Error e) {
                    failure.compareAndSet(null, e);
                } finally {
                    left.countDown();
                }
            }
        }

        void await() {
            try {
                left.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            }
            if (failure.get() != null) {
                throw new IllegalStateException(failure.get());
            }
        }
    }

    @Override
    public void close() {
        pool.shutdown();
    }
}

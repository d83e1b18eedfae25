package dev.freshet.graph.content;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets threads that compute for long rest in between, so that they have a share of the processors and no more; and less where
 * processors are short, which a thread tells from how long it waited for one. Thread-safe.
 */
public final class Pace {

    /** Never rests. */
    static final Pace FULL = new Pace();

    /** The most that a rest grows where processors are short. */
    private static final double MAX_STRETCH = 8;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private volatile int rest;

    /**
     * @param times how many times as long as a piece of work took a thread rests after it, where it had a processor all the time; 0 for not at
     *     all
     */
    public void rest(int times) {
        rest = times;
    }

    /** The pace of one thread, from now on. */
    Steps steps() {
        return new Steps();
    }

    /** Pieces of work of one thread. */
    final class Steps {

        private long start = System.nanoTime();
        private long startCpu = cpu();

        private static long cpu() {
            return THREADS.isCurrentThreadCpuTimeSupported() ? THREADS.getCurrentThreadCpuTime() : -1;
        }

        /**
         * Rests after a piece of work.
         *
         * @throws CancellationException if the thread is interrupted: what it computes is for a job that is no more
         */
        void done() {
            int times = rest;
            if (times > 0) {
                long took = System.nanoTime() - start;
                long computed = cpu() - startCpu;
                double work = computed > 0 ? computed : took;
                LockSupport.parkNanos((long) (times * Math.min(took / work, MAX_STRETCH) * work));
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException("interrupted between two pieces of work");
            }
            start = System.nanoTime();
            startCpu = cpu();
        }
    }
}

package dev.freshet.bench;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Asks at a rate, each request when it is due, whether earlier ones are answered or not; its time counts from then until the whole
 * answer is there. Connections stay open and are used again.
 */
final class HttpLoad {

    /** Unanswered requests at which it waits; the clock of those that are due goes on. */
    private static final int MAX_OPEN = 2000;

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int DIGITS = 3;
    private static final long SUSTAINED_MICROS = 100_000;
    private static final double SUSTAINED_SHARE = .98;

    private final List<URI> uris;
    private final Random random = new Random(1);
    private final HttpClient http;
    private long sent;

    /**
     * What came of a rate.
     *
     * @param rate requests a second that were due
     * @param requests number of requests
     * @param errors those that were not answered with 200
     * @param answersPerSecond answers with 200, over the time until the last one
     * @param micros microseconds of each
     */
    record Run(int rate, int requests, long errors, double answersPerSecond, Histogram micros) {

        /** Whether the rate was kept: no error, answers as fast as requests, 99 % of them within a tenth of a second. */
        boolean sustained() {
            return errors == 0
                    && answersPerSecond >= SUSTAINED_SHARE * rate
                    && micros.getValueAtPercentile(99) <= SUSTAINED_MICROS;
        }
    }

    /** @param uris what is asked for, drawn with equal chance */
    HttpLoad(List<URI> uris) {
        this.uris = uris;
        ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors(), task -> {
                    Thread thread = new Thread(task, "http");
                    thread.setDaemon(true);
                    return thread;
                });
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .executor(threads)
                .connectTimeout(TIMEOUT)
                .build();
    }

    /** Asks for so many seconds, and waits for the answers. */
    Run run(int rate, int seconds) throws InterruptedException {
        int requests = Math.multiplyExact(rate, seconds);
        Histogram micros = new ConcurrentHistogram(DIGITS);
        AtomicLong errors = new AtomicLong();
        Semaphore open = new Semaphore(MAX_OPEN);
        AtomicLong last = new AtomicLong();
        long start = System.nanoTime();
        for (int request = 0; request < requests; request++) {
            long due = start + (long) (request * 1e9 / rate);
            for (long left; (left = due - System.nanoTime()) > 0; ) {
                LockSupport.parkNanos(left);
            }
            open.acquire();
            sent++;
            URI uri = uris.get(random.nextInt(uris.size()));
            http.sendAsync(
                            HttpRequest.newBuilder(uri).timeout(TIMEOUT).build(),
                            HttpResponse.BodyHandlers.ofByteArray())
                    .whenComplete((answer, failure) -> {
                        long now = System.nanoTime();
                        micros.recordValue((now - due) / 1000);
                        if (failure != null || answer.statusCode() != 200) {
                            errors.incrementAndGet();
                        }
                        last.accumulateAndGet(now, Math::max);
                        open.release();
                    });
        }
        open.acquire(MAX_OPEN);
        double took = Math.max(last.get() - start, seconds * 1e9) / 1e9;
        return new Run(rate, requests, errors.get(), (requests - errors.get()) / took, micros);
    }

    /** Requests so far. */
    long sent() {
        return sent;
    }
}

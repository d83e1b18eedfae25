package dev.freshet.serving.release;

import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that reads topics until it is closed; after an error it goes on with another consumer. */
final class ReadingThread implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ReadingThread.class);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private final Supplier<Consumer<byte[], byte[]>> consumers;
    private final Reading reading;
    private final Thread thread;
    private volatile Consumer<byte[], byte[]> consumer;
    private volatile boolean closed;

    /** What it does with a consumer, which nothing is assigned to yet: reads until the thread is closed. */
    @FunctionalInterface
    interface Reading {
        void with(Consumer<byte[], byte[]> consumer) throws InterruptedException;
    }

    /** @param consumers makes consumers that are assigned by hand */
    ReadingThread(String name, Supplier<Consumer<byte[], byte[]>> consumers, Reading reading) {
        this.consumers = consumers;
        this.reading = reading;
        this.thread = new Thread(this::run, name);
    }

    void start() {
        thread.setDaemon(true);
        thread.start();
    }

    boolean isClosed() {
        return closed;
    }

    private void run() {
        while (!closed) {
            try (Consumer<byte[], byte[]> opened = consumers.get()) {
                consumer = opened;
                reading.with(opened);
            } catch (WakeupException | InterruptException | InterruptedException e) {
                LOG.debug("{} stopped", thread.getName());
            } catch (KafkaException e) {
                LOG.warn("{} cannot read ({}); trying again", thread.getName(), e.getMessage());
                pause();
            } catch (RuntimeException e) {
                LOG.error("{} cannot read; trying again", thread.getName(), e);
                pause();
            }
        }
    }

    private synchronized void pause() {
        try {
            if (!closed) {
                wait(RETRY.toMillis());
            }
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        Consumer<byte[], byte[]> reader = consumer;
        if (reader != null) {
            reader.wakeup();
        }
        try {
            // An interrupt would leave the client half closed.
            thread.join(CLOSE_TIMEOUT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

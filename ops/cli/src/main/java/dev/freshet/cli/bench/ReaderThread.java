package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/** A thread that reads topics, committed records from where they end now, and notes when each poll came back. */
final class ReaderThread implements AutoCloseable {

    private static final Duration POLL = Duration.ofSeconds(1);

    private final Consumer<byte[], byte[]> consumer;
    private final Thread thread;
    private volatile boolean closed;
    private volatile Exception failure;

    /** Takes records and the {@code System.nanoTime} at which they were there. */
    @FunctionalInterface
    interface Sink {
        void take(ConsumerRecords<byte[], byte[]> records, long nanos) throws Exception;
    }

    ReaderThread(String bootstrap, List<String> topics, Sink sink) {
        this.consumer = Consumers.committed(bootstrap);
        SchemaTopic.load(consumer);
        List<TopicPartition> partitions = new ArrayList<>();
        topics.forEach(topic -> partitions.addAll(Consumers.partitions(consumer, topic)));
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position);
        this.thread = new Thread(() -> read(sink), "reader-" + topics.get(0));
        thread.setDaemon(true);
        thread.start();
    }

    private void read(Sink sink) {
        try {
            while (!closed) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                sink.take(records, System.nanoTime());
            }
        } catch (WakeupException e) {
            // Closed.
        } catch (Exception e) {
            failure = e;
        } finally {
            consumer.close();
        }
    }

    /** Throws what ended the reading, if something has. */
    void check() throws CliException {
        if (failure != null) {
            throw new CliException(thread.getName() + " cannot go on: " + failure.getMessage(), failure);
        }
    }

    @Override
    public void close() {
        closed = true;
        consumer.wakeup();
        try {
            thread.join(5000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package dev.freshet.serving.release;

import dev.freshet.serving.stream.ServingContext;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.Producer;

/** What an instance reads and writes beside its stream: releases, the loop's news, dead letters. */
public final class LoopFollower implements AutoCloseable {

    private final Clients clients;
    private final Producer<byte[], byte[]> producer;
    private final DeadLetters deadLetters;
    private final LoopWatcher watcher;
    private final Producer<byte[], byte[]> prompt;
    private final DeadLetterArchive archive;
    private ReleaseReader releases;

    /**
     * @param job name and version of this job, for dead letters
     * @param writes whether this instance is the one that writes dead letters, at the moment
     */
    public LoopFollower(String bootstrap, String job, BooleanSupplier writes) {
        this.clients = new Clients(bootstrap);
        this.producer = clients.producer();
        this.deadLetters = new DeadLetters(producer, job, writes);
        this.watcher = new LoopWatcher(clients::consumer, deadLetters);
        this.prompt = clients.promptProducer();
        this.archive = new DeadLetterArchive(clients::promptConsumer);
    }

    /** Says where releases are put in force; before {@link #start}. */
    public void follow(ServingContext serving) {
        releases = new ReleaseReader(clients, deadLetters, serving);
    }

    /** Begins to read; the topics must exist. */
    public void start() {
        watcher.start();
        releases.start();
    }

    /** Waits until the model that was in force at the start, if any, is in force here. */
    public void awaitFirstModel() throws InterruptedException {
        releases.awaitFirst();
    }

    public DeadLetters deadLetters() {
        return deadLetters;
    }

    public LoopWatcher watcher() {
        return watcher;
    }

    /** Sends what people ask for. */
    public Outbox outbox() {
        return new Outbox(prompt);
    }

    /** The letters on the topic dead-letters. */
    public DeadLetterArchive archive() {
        return archive;
    }

    public ReleaseReader releases() {
        return releases;
    }

    @Override
    public void close() {
        releases.close();
        watcher.close();
        archive.close();
        prompt.close(Duration.ofSeconds(2));
        producer.close(Duration.ofSeconds(2));
    }
}

package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The events that a prepared loop has held back, over and over, sent at a rate on a thread of its own, each when it is due and at that
 * time, whether earlier ones have come anywhere or not.
 */
final class Traffic implements AutoCloseable {

    /** Event times are milliseconds, and tell events of a user apart. */
    static final int MAX_RATE = 1000;

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final PreparedLoop loop;
    private final int rate;
    private final SentEvents sent;
    private final Producer<byte[], byte[]> producer;
    private final Thread thread = new Thread(this::run, "traffic");
    private final Map<String, Instant> acknowledged = new HashMap<>();
    private final long start = System.nanoTime();
    private final long wall = System.currentTimeMillis();
    private long events;
    private int acknowledgements;
    private volatile boolean stopped;
    private volatile Exception failure;

    /**
     * @param rate interactions a second, at most {@link #MAX_RATE}
     * @param sent told of every interaction
     */
    Traffic(PreparedLoop loop, int rate, SentEvents sent) {
        this.loop = loop;
        this.rate = rate;
        this.sent = sent;
        this.producer = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        loop.cluster().bootstrapServers(),
                        ProducerConfig.COMPRESSION_TYPE_CONFIG,
                        "lz4",
                        ProducerConfig.ACKS_CONFIG,
                        "all",
                        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                        "true",
                        ProducerConfig.LINGER_MS_CONFIG,
                        "0"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            for (long sentBefore = -1; !stopped && events > sentBefore; ) {
                sentBefore = events;
                pass();
            }
            if (!stopped) {
                throw new CliException("the last events of the data set have no interaction that could be sent");
            }
        } catch (CliException | IOException | KafkaException e) {
            failure = e;
        }
    }

    /** Sends the events once. */
    private void pass() throws IOException {
        try (Feed.Cursor cursor = loop.held()) {
            for (FeedEvent next; !stopped && (next = cursor.next()) != null; ) {
                if (next instanceof FeedEvent.OfItem item) {
                    send(item.item());
                } else if (next instanceof FeedEvent.OfInteraction interaction
                        && !Intake.isRemoval(interaction.interaction())) {
                    long after = (long) (events++ * 1e9 / rate);
                    for (long left; (left = start + after - System.nanoTime()) > 0 && !stopped; ) {
                        LockSupport.parkNanos(left);
                    }
                    send(
                            interaction.interaction(),
                            Instant.ofEpochMilli(wall + TimeUnit.NANOSECONDS.toMillis(after)),
                            start + after);
                }
            }
        }
    }

    private void send(Item item) {
        send(Topic.ITEMS, item.getItem(), item, (metadata, e) -> failed(e));
    }

    private void send(Interaction interaction, Instant at, long due) {
        Interaction live = Interaction.newBuilder(interaction).setEventTime(at).build();
        String user = live.getUser();
        sent.sending(user, at, live.getItem(), loop.addPair(live), due);
        send(Topic.INTERACTIONS, user, live, (metadata, e) -> {
            failed(e);
            if (e == null) {
                acknowledged(user, at);
            }
        });
    }

    private <T extends SpecificRecordBase> void send(Topic<T> topic, String key, T value, Callback callback) {
        producer.send(
                new ProducerRecord<>(
                        topic.name(),
                        key.getBytes(StandardCharsets.UTF_8),
                        topic.codec().encode(value)),
                callback);
    }

    private void failed(Exception e) {
        if (e != null) {
            failure = e;
        }
    }

    private synchronized void acknowledged(String user, Instant at) {
        acknowledgements++;
        acknowledged.put(user, at);
    }

    /** Throws what ended the sending, if something has. */
    void check() throws CliException {
        Exception cause = failure;
        if (cause instanceof CliException known) {
            throw known;
        } else if (cause != null) {
            throw new CliException("the broker did not take an event: " + cause.getMessage(), cause);
        }
    }

    /** Ends the sending, and waits until the broker has all that was sent. */
    void stop() throws InterruptedException {
        stopped = true;
        thread.join();
        producer.flush();
    }

    /** Interactions that the broker has acknowledged. */
    synchronized int acknowledgements() {
        return acknowledgements;
    }

    /** Of every user the time of the last interaction that the broker has acknowledged. */
    synchronized Map<String, Instant> acknowledged() {
        return Map.copyOf(acknowledged);
    }

    @Override
    public void close() {
        stopped = true;
        LockSupport.unpark(thread);
        producer.close(CLOSE_TIMEOUT);
    }
}

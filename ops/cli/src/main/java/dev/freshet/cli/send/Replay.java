package dev.freshet.cli.send;

import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends the events of a feed to the topics {@code items} and {@code interactions}, at a pace, from any position. One thread
 * runs it; {@link #stop} and the counters are for any thread.
 */
public final class Replay implements AutoCloseable {

    private static final Duration BROKER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration DELIVERY_TIMEOUT = Duration.ofMinutes(2);

    /** How often everything sent is waited for, so that {@link #acknowledged} moves on. */
    private static final long FLUSH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Feed feed;
    private final WireFormat format;
    private final Producer<byte[], byte[]> producer;
    private final AtomicReference<SendException> failure = new AtomicReference<>();
    private volatile boolean stopped;
    private volatile long position;
    private volatile long acknowledged;
    private volatile long items;
    private volatile long interactions;

    /** As {@link #Replay(Feed, String, WireFormat)}, in single-object encoding. */
    public Replay(Feed feed, String bootstrap) throws IOException, InterruptedException {
        this(feed, bootstrap, WireFormat.SINGLE_OBJECT);
    }

    /**
     * Connects to a broker.
     *
     * @param bootstrap host:port of the broker, which has the topics
     * @throws SendException if no broker answers there, or it lacks the topics
     */
    public Replay(Feed feed, String bootstrap, WireFormat format) throws IOException, InterruptedException {
        this.feed = feed;
        this.format = format;
        try {
            requireTopics(bootstrap);
            this.producer = new KafkaProducer<>(
                    Map.of(
                            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                            ProducerConfig.CLIENT_ID_CONFIG, "freshet-send",
                            ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4",
                            ProducerConfig.ACKS_CONFIG, "all",
                            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true",
                            ProducerConfig.LINGER_MS_CONFIG, "5",
                            ProducerConfig.BATCH_SIZE_CONFIG, "131072",
                            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Long.toString(DELIVERY_TIMEOUT.toMillis())),
                    new ByteArraySerializer(),
                    new ByteArraySerializer());
        } catch (KafkaException e) {
            // An address that cannot be parsed or resolved.
            throw new SendException(
                    "cannot use the broker address " + bootstrap + ": "
                            + rootOf(e).getMessage(),
                    e);
        }
        try {
            // Whoever reads the events must be able to, even if this build's schemas are newer than the cluster's.
            SchemaTopic.publish(producer);
        } catch (KafkaException e) {
            producer.close(Duration.ZERO);
            throw new SendException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
    }

    private static void requireTopics(String bootstrap) throws SendException, InterruptedException {
        try (Admin admin = Admin.create(Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrap,
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                Long.toString(BROKER_TIMEOUT.toMillis()),
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                "5000"))) {
            admin.describeTopics(List.of(Topic.ITEMS.name(), Topic.INTERACTIONS.name(), SchemaTopic.NAME))
                    .allTopicNames()
                    .get(BROKER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                throw new SendException(
                        "the broker at " + bootstrap + " has no Freshet topics; start the loop with freshet up", e);
            }
            throw noBroker(bootstrap, e);
        } catch (TimeoutException e) {
            throw noBroker(bootstrap, e);
        }
    }

    private static SendException noBroker(String bootstrap, Exception e) {
        return new SendException(
                "no broker answers at " + bootstrap + "; start one with freshet up, or name yours with --bootstrap", e);
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }

    /**
     * Sends events until the feed ends, {@code limit} is reached or {@link #stop} is called, and waits until the broker has
     * all of them. It may be called again, to go on at another pace.
     *
     * @param from position to start from
     * @param limit most events to send
     * @param pace when interactions are due
     * @param progress told the position after every event
     * @return the position to go on from
     * @throws SendException if the broker does not take an event; {@link #acknowledged} says where to go on from
     */
    public long run(long from, long limit, Pace pace, LongConsumer progress) throws IOException {
        position = from;
        acknowledged = from;
        Pace.Schedule schedule = pace.start();
        long start = System.nanoTime();
        long flushed = start;
        try (Feed.Cursor cursor = feed.open(from)) {
            for (long sent = 0; sent < limit && !stopped; sent++) {
                FeedEvent event = cursor.next();
                if (event == null) {
                    break;
                }
                if (event instanceof FeedEvent.OfInteraction e
                        && !sleepUntil(start, schedule.due(e.interaction().getEventTime()))) {
                    break;
                }
                send(event);
                position = cursor.position();
                progress.accept(position);
                if (System.nanoTime() - flushed > FLUSH_NANOS) {
                    flush();
                    flushed = System.nanoTime();
                }
            }
        }
        flush();
        return position;
    }

    /** Sleeps until {@code due} nanoseconds after {@code start}; false if stopped before. */
    private boolean sleepUntil(long start, long due) throws SendException {
        if (due - (System.nanoTime() - start) > FLUSH_NANOS) {
            flush();
        }
        for (long left; (left = due - (System.nanoTime() - start)) > 0 && !stopped; ) {
            LockSupport.parkNanos(Math.min(left, NAP_NANOS));
        }
        return !stopped;
    }

    private void send(FeedEvent event) throws SendException {
        if (event instanceof FeedEvent.OfItem e) {
            Item item = e.item();
            send(Topic.ITEMS, item.getItem(), item);
            items++;
        } else if (event instanceof FeedEvent.OfInteraction e) {
            Interaction interaction = e.interaction();
            send(Topic.INTERACTIONS, interaction.getUser(), interaction);
            interactions++;
        }
    }

    private <T extends SpecificRecordBase> void send(Topic<T> topic, String key, T value) throws SendException {
        check();
        long at = position;
        try {
            producer.send(
                    new ProducerRecord<>(
                            topic.name(),
                            key.getBytes(StandardCharsets.UTF_8),
                            format.codec(topic).encode(value)),
                    (metadata, e) -> {
                        if (e != null) {
                            failure.compareAndSet(null, failed(topic, at, e));
                        }
                    });
        } catch (KafkaException e) {
            throw failed(topic, at, e);
        }
    }

    private static SendException failed(Topic<?> topic, long at, Exception e) {
        return new SendException(
                "the broker did not take event " + at + " for " + topic.name() + ": " + e.getMessage(), e);
    }

    private void flush() throws SendException {
        long sent = position;
        producer.flush();
        check();
        acknowledged = sent;
    }

    private void check() throws SendException {
        SendException failed = failure.get();
        if (failed != null) {
            throw failed;
        }
    }

    /** Ends {@link #run} after the event in hand. */
    public void stop() {
        stopped = true;
    }

    /** Position after the last event handed to the producer. */
    public long position() {
        return position;
    }

    /** A position up to which the broker has every event: where to go on from after a crash. */
    public long acknowledged() {
        return acknowledged;
    }

    /** Items sent. */
    public long items() {
        return items;
    }

    /** Interactions sent. */
    public long interactions() {
        return interactions;
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
    }
}

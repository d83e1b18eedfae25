package dev.freshet.cli.replay;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.command.LoopControl;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Takes events in the order of their times: notes what every contender recommends to the event's user at that moment, and only then sends the
 * event. So nothing that is noted can rest on the event, or on a later one.
 *
 * <p>Events of a user at the same time are one basket, and are held against the same lists. In step, a user's next basket waits
 * until every contender has answered the one before; events of other users go on being under way meanwhile, but none overtakes.
 */
final class Evaluator implements AutoCloseable {

    /** What someone gets who has no list yet. */
    interface Strangers {
        List<String> popular() throws CliException;
    }

    /** Told what was recommended, before the event that it is held against is sent. */
    interface Listener {
        void predicted(Interaction event, Map<Contender, Prediction> predictions);
    }

    /**
     * How it waits.
     *
     * @param inStep whether a user's next basket waits for the answers to the one before
     * @param unanswered most events under way; 1 makes every answer rest on all events before it
     * @param patience longest wait for an answer
     */
    record Waiting(boolean inStep, int unanswered, Duration patience) {}

    private record Lists(Map<Contender, Prediction> predictions, boolean ofStranger) {}

    private record Basket(Instant time, Lists lists) {}

    /** The events of a user that are under way. */
    private static final class Open {
        private final Map<Contender, Integer> missing = new EnumMap<>(Contender.class);
        private final Deque<Long> sentAt = new ArrayDeque<>();
    }

    private static final Duration POLL = Duration.ofMillis(20);
    private static final int DIGITS = 3;

    private final ListWatch watch;
    private final LivePairs pairs;
    private final Strangers strangers;
    private final Waiting waiting;
    private final Listener listener;
    private final LoopControl.Check check;
    private final Producer<byte[], byte[]> producer;
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private final Map<String, Basket> baskets = new HashMap<>();
    private final Map<String, Open> open = new HashMap<>();
    private final Histogram latencies = new Histogram(DIGITS);
    /** Answers that are missing, of all contenders to all events. */
    private long missing;

    private long repeats;
    private long removals;
    private long ofStrangers;

    /**
     * @param watch has read every list that events before have caused
     * @param pairs what users have now; learns the events
     */
    Evaluator(
            String bootstrap,
            ListWatch watch,
            LivePairs pairs,
            Strangers strangers,
            Waiting waiting,
            Listener listener,
            LoopControl.Check check) {
        this.watch = watch;
        this.pairs = pairs;
        this.strangers = strangers;
        this.waiting = waiting;
        this.listener = listener;
        this.check = check;
        this.producer = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                        ProducerConfig.CLIENT_ID_CONFIG, "freshet-replay",
                        ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4",
                        ProducerConfig.ACKS_CONFIG, "all",
                        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true",
                        ProducerConfig.LINGER_MS_CONFIG, "0"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    /** Takes an item: it is sent at once. */
    void take(Item item) throws IOException {
        send(Topic.ITEMS, item.getItem(), item);
    }

    /**
     * Takes an event; one of a pair that the user has, or that takes a pair back, is sent without being held against anything.
     *
     * @param due when it was to be sent, {@link System#nanoTime}; null for when it is
     */
    void take(Interaction event, Long due) throws IOException, CliException, ClusterException, InterruptedException {
        if (waiting.inStep()) {
            awaitAnswers(waiting.unanswered() - 1);
        }
        Lists lists = lists(event);
        if (Intake.isRemoval(event)) {
            removals++;
        } else if (pairs.has(event.getUser(), event.getItem())) {
            repeats++;
        } else {
            ofStrangers += lists.ofStranger() ? 1 : 0;
            listener.predicted(event, lists.predictions());
        }
        Open ofUser = open.computeIfAbsent(event.getUser(), user -> new Open());
        for (Contender contender : Contender.values()) {
            ofUser.missing.merge(contender, 1, Integer::sum);
        }
        ofUser.sentAt.add(due == null ? System.nanoTime() : due);
        missing += Contender.values().length;
        send(Topic.INTERACTIONS, event.getUser(), event);
        pairs.learn(event);
    }

    /** What all say before an event; the same for all events of a user at one time. */
    private Lists lists(Interaction event) throws IOException, CliException, ClusterException, InterruptedException {
        String user = event.getUser();
        Basket basket = baskets.get(user);
        if (basket == null || !basket.time().equals(event.getEventTime())) {
            if (waiting.inStep()) {
                await(() -> !open.containsKey(user), "the events of user " + user);
            } else {
                poll(Duration.ZERO);
            }
            basket = new Basket(event.getEventTime(), lists(user));
            baskets.put(user, basket);
        }
        return basket.lists();
    }

    private Lists lists(String user) throws CliException, InterruptedException {
        Map<Contender, Prediction> lists = watch.lists(user);
        if (!lists.isEmpty()) {
            return new Lists(lists, false);
        }
        // A stranger gets the same from all.
        Prediction popular = new Prediction(strangers.popular(), true);
        Map<Contender, Prediction> same = new EnumMap<>(Contender.class);
        for (Contender contender : Contender.values()) {
            same.put(contender, popular);
        }
        same.put(Contender.POPULARITY, new Prediction(popular.items(), false));
        return new Lists(same, true);
    }

    /** Waits until all of the events sent so far are answered. */
    void drain() throws IOException, CliException, ClusterException {
        awaitAnswers(0);
    }

    private void awaitAnswers(int unanswered) throws IOException, CliException, ClusterException {
        long most = (long) unanswered * Contender.values().length;
        if (missing > most) {
            await(() -> missing <= most, "the events under way");
        }
    }

    private interface Condition {
        boolean holds();
    }

    private void await(Condition condition, String what) throws IOException, CliException, ClusterException {
        long last = missing;
        long progressed = System.nanoTime();
        poll(Duration.ZERO);
        while (!condition.holds()) {
            poll(POLL);
            check.check();
            if (missing < last) {
                last = missing;
                progressed = System.nanoTime();
            } else if (System.nanoTime() - progressed > waiting.patience().toNanos()) {
                throw new CliException("no answer to " + what + " within "
                        + waiting.patience().toSeconds() + " s; see logs/serving.log in the state folder");
            }
        }
    }

    /** Takes in the lists that have come, or else what comes within the time. */
    void poll(Duration time) throws IOException {
        watch.poll(time, this::answered);
        Exception failed = failure.get();
        if (failed != null) {
            throw new IOException("the broker did not take an event: " + failed.getMessage(), failed);
        }
    }

    private void answered(Contender contender, String user) {
        Open ofUser = open.get(user);
        if (ofUser == null) {
            return;
        }
        ofUser.missing.merge(contender, -1, Integer::sum);
        missing--;
        if (contender == Contender.LIVE) {
            latencies.recordValue(Math.max(0, System.nanoTime() - ofUser.sentAt.remove()) / 1000);
        }
        if (ofUser.missing.values().stream().allMatch(left -> left == 0)) {
            open.remove(user);
        }
    }

    private <T extends SpecificRecordBase> void send(Topic<T> topic, String key, T value) {
        producer.send(
                new ProducerRecord<>(
                        topic.name(),
                        key.getBytes(StandardCharsets.UTF_8),
                        topic.codec().encode(value)),
                (metadata, e) -> {
                    if (e != null) {
                        failure.compareAndSet(null, e);
                    }
                });
    }

    /** Microseconds from when each event was to be sent to reading the live loop's list that it caused. */
    Histogram latencies() {
        return latencies;
    }

    /** Events of pairs that the user had. */
    long repeats() {
        return repeats;
    }

    /** Events that took a pair back. */
    long removals() {
        return removals;
    }

    /** Predictions for users without a list. */
    long ofStrangers() {
        return ofStrangers;
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
    }
}

package dev.freshet.cli.demo;

import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.RegistryException;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches the topics of the loop, on a thread of its own. */
final class LoopMonitor implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LoopMonitor.class);

    private static final int ACTIONS_KEPT = 3;
    private static final int USERS_KEPT = 5_000;
    private static final int ITEMS_SHOWN = 3;
    /** How long the same users are shown, for people to read. */
    private static final Duration SHOWN = Duration.ofSeconds(8);

    private final String bootstrap;
    private final WireFormat format;
    private final Instant start;
    private final Thread thread = new Thread(this::run, "loop-monitor");
    private volatile boolean closed;

    private final Rate interactions = new Rate();
    private final Rate recommendations = new Rate();
    private long interactionsBefore;
    private final Set<String> items = new HashSet<>();
    private final Map<String, String> titles = new HashMap<>();
    private long deadLetters;
    private String deadLetterReason;
    private LoopView.Snapshot snapshot;
    private LoopView.Training training;
    private LoopView.Release release;
    private Duration firstRecommendation;
    private Duration firstModelRecommendation;

    private final Map<String, Deque<Interaction>> actions = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Deque<Interaction>> eldest) {
            return size() > USERS_KEPT;
        }
    };
    private final Map<String, Recommendations> newest = new LinkedHashMap<>(16, 0.75f, false) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Recommendations> eldest) {
            return size() > USERS_KEPT;
        }
    };
    private List<String> shown = List.of();
    private Instant shownSince = Instant.EPOCH;

    /** A monitor whose times count from {@code start}. */
    LoopMonitor(String bootstrap, WireFormat format, Instant start) {
        this.bootstrap = bootstrap;
        this.format = format;
        this.start = start;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run() {
        while (!closed) {
            try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
                assign(consumer);
                while (!closed) {
                    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                        take(record);
                    }
                }
            } catch (WakeupException | InterruptException e) {
                return;
            } catch (KafkaException | RegistryException e) {
                LOG.warn("the monitor starts over: {}", e.toString());
                LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            }
        }
    }

    /** Streams from now on; tables and the short topics from their beginning. */
    private void assign(Consumer<byte[], byte[]> consumer) {
        List<TopicPartition> streams = new ArrayList<>(Consumers.partitions(consumer, Topic.INTERACTIONS.name()));
        streams.addAll(Consumers.partitions(consumer, Topic.RECOMMENDATIONS.name()));
        List<TopicPartition> tables = new ArrayList<>();
        for (Topic<?> topic :
                List.of(Topic.ITEMS, Topic.GRAPH_SNAPSHOTS, Topic.EVALUATIONS, Topic.MODELS, Topic.DEAD_LETTERS)) {
            tables.addAll(Consumers.partitions(consumer, topic.name()));
        }
        List<TopicPartition> all = new ArrayList<>(streams);
        all.addAll(tables);
        consumer.assign(all);
        consumer.seekToBeginning(tables);
        Map<TopicPartition, Long> ends = consumer.endOffsets(streams);
        ends.forEach(consumer::seek);
        synchronized (this) {
            interactionsBefore = ends.entrySet().stream()
                            .filter(end -> end.getKey().topic().equals(Topic.INTERACTIONS.name()))
                            .mapToLong(Map.Entry::getValue)
                            .sum()
                    - interactions.count();
            items.clear();
            deadLetters = 0;
        }
    }

    private synchronized void take(ConsumerRecord<byte[], byte[]> record) {
        try {
            switch (record.topic()) {
                case "interactions" -> {
                    interactions.add(1);
                    interaction(decode(Topic.INTERACTIONS, record));
                }
                case "items" -> item(record);
                case "graph-snapshots" -> snapshot(decode(Topic.GRAPH_SNAPSHOTS, record));
                case "evaluations" -> evaluation(decode(Topic.EVALUATIONS, record));
                case "models" -> release(decode(Topic.MODELS, record));
                case "recommendations" -> recommendation(record);
                case "dead-letters" -> {
                    deadLetters++;
                    DeadLetter letter = decode(Topic.DEAD_LETTERS, record);
                    deadLetterReason = letter.getTopic() + ": " + letter.getReason();
                }
                default -> throw new IllegalStateException(record.topic());
            }
        } catch (BadRecordException e) {
            // Its reader writes the dead letter.
            LOG.debug("{}", e.getMessage());
        }
    }

    private <T extends SpecificRecordBase> T decode(Topic<T> topic, ConsumerRecord<byte[], byte[]> record)
            throws BadRecordException {
        return format.codec(topic).decode(record.value());
    }

    private void interaction(Interaction interaction) {
        Deque<Interaction> ofUser = actions.computeIfAbsent(interaction.getUser(), user -> new ArrayDeque<>());
        ofUser.addFirst(interaction);
        if (ofUser.size() > ACTIONS_KEPT) {
            ofUser.removeLast();
        }
    }

    private void item(ConsumerRecord<byte[], byte[]> record) throws BadRecordException {
        String id = new String(record.key(), StandardCharsets.UTF_8);
        if (record.value() == null) {
            items.remove(id);
            return;
        }
        Item item = decode(Topic.ITEMS, record);
        items.add(id);
        if (item.getTitle() != null) {
            titles.put(id, item.getTitle());
        }
    }

    private void snapshot(SnapshotManifest manifest) {
        snapshot = new LoopView.Snapshot(
                manifest.getSnapshotId(),
                manifest.getCreatedAt(),
                Map.copyOf(manifest.getCounts()),
                snapshot == null ? 1 : snapshot.seen() + 1);
    }

    private void evaluation(Evaluation evaluation) {
        switch (evaluation.getKind()) {
            case EPOCH -> training = new LoopView.Training(
                    evaluation.getModel(),
                    evaluation.getEpoch(),
                    evaluation.getEpochs(),
                    Map.copyOf(evaluation.getMetrics()),
                    false,
                    null);
            case GATE -> {
                boolean accepted = Boolean.TRUE.equals(evaluation.getAccepted());
                String outcome = accepted ? "released" : "rejected: " + evaluation.getReason();
                // A rollback is accepted too, but it releases no training.
                training = training == null || (accepted && Keys.isAnswer(evaluation.getRunId()))
                        ? training
                        : new LoopView.Training(
                                training.model(),
                                training.epoch(),
                                training.epochs(),
                                training.metrics(),
                                true,
                                outcome);
            }
            case OFFLINE, PREQUENTIAL -> {}
        }
    }

    private void release(ModelRelease record) {
        release = new LoopView.Release(
                record.getModel(),
                record.getVersion(),
                record.getReleasedAt(),
                Map.copyOf(record.getMetrics()),
                (release == null ? 0 : release.seen()) + (record.getAction() == ReleaseAction.RELEASE ? 1 : 0));
    }

    private void recommendation(ConsumerRecord<byte[], byte[]> record) throws BadRecordException {
        if (record.value() == null) {
            return;
        }
        recommendations.add(1);
        Recommendations recommended = decode(Topic.RECOMMENDATIONS, record);
        Duration after = Duration.between(start, Instant.ofEpochMilli(record.timestamp()));
        if (!recommended.getItems().isEmpty()) {
            if (firstRecommendation == null) {
                firstRecommendation = after;
            }
            if (firstModelRecommendation == null && recommended.getModelVersion() != null) {
                firstModelRecommendation = after;
            }
        }
        newest.remove(recommended.getUser());
        newest.put(recommended.getUser(), recommended);
    }

    /** The loop now, with {@code users} users. */
    synchronized LoopView view(int users) {
        long now = System.nanoTime();
        return new LoopView(
                interactions.perSecond(now),
                interactionsBefore + interactions.count(),
                items.size(),
                recommendations.perSecond(now),
                recommendations.count(),
                deadLetters,
                deadLetterReason,
                Optional.ofNullable(snapshot),
                Optional.ofNullable(training),
                Optional.ofNullable(release),
                firstRecommendation,
                firstModelRecommendation,
                shoppers(users));
    }

    private List<LoopView.Shopper> shoppers(int users) {
        Instant now = Instant.now();
        if (shown.size() < users || Duration.between(shownSince, now).compareTo(SHOWN) > 0) {
            List<String> latest = new ArrayList<>();
            for (Recommendations recommended : newest.values()) {
                if (!recommended.getItems().isEmpty() && actions.containsKey(recommended.getUser())) {
                    latest.add(recommended.getUser());
                }
            }
            shown = List.copyOf(latest.subList(Math.max(0, latest.size() - users), latest.size()));
            shownSince = now;
        }
        List<LoopView.Shopper> shoppers = new ArrayList<>();
        for (String user : shown) {
            Recommendations recommended = newest.get(user);
            Deque<Interaction> did = actions.get(user);
            if (recommended != null && did != null) {
                shoppers.add(new LoopView.Shopper(
                        user,
                        did.stream()
                                .map(each -> each.getAction() + " " + title(each.getItem()))
                                .toList(),
                        recommended.getItems().stream()
                                .limit(ITEMS_SHOWN)
                                .map(RecommendedItem::getItem)
                                .map(this::title)
                                .toList(),
                        recommended.getModelVersion()));
            }
        }
        return shoppers;
    }

    private String title(String item) {
        return titles.getOrDefault(item, item);
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        thread.join(Duration.ofSeconds(5).toMillis());
    }
}

package dev.freshet.serving.release;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows what the rest of the loop tells: snapshots, training, dead letters. A thread of its own; its read-outs are thread-safe.
 */
public final class LoopWatcher implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LoopWatcher.class);
    private static final Duration POLL = Duration.ofMillis(200);

    /** How often it asks where the topic interactions ends. */
    private static final long ENDS_NANOS = Duration.ofSeconds(2).toNanos();

    private final DeadLetters deadLetters;
    private final ReadingThread thread;
    private final Map<TopicPartition, Long> positions = new HashMap<>();

    private final EvaluationLog evaluations = new EvaluationLog();
    private SnapshotManifest newest;
    private final Map<String, Long> letters = new TreeMap<>();
    private Instant newestLetter;
    private Map<Integer, Long> ends = Map.of();

    /** @param consumers makes consumers of committed records that are assigned by hand */
    LoopWatcher(Supplier<Consumer<byte[], byte[]>> consumers, DeadLetters deadLetters) {
        this.thread = new ReadingThread("loop-watcher", consumers, this::follow);
        this.deadLetters = deadLetters;
    }

    void start() {
        thread.start();
    }

    private void follow(Consumer<byte[], byte[]> reader) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (Topic<?> topic : List.of(Topic.GRAPH_SNAPSHOTS, Topic.EVALUATIONS, Topic.DEAD_LETTERS)) {
            partitions.addAll(Consumers.partitions(reader, topic.name()));
        }
        reader.assign(partitions);
        Map<TopicPartition, Long> beginnings = reader.beginningOffsets(partitions);
        for (TopicPartition partition : partitions) {
            reader.seek(partition, Math.max(beginnings.get(partition), positions.getOrDefault(partition, 0L)));
        }
        Map<TopicPartition, Long> startEnds = reader.endOffsets(partitions);
        List<TopicPartition> inputs = Consumers.partitions(reader, Topic.INTERACTIONS.name());
        long asked = System.nanoTime() - ENDS_NANOS;
        while (!thread.isClosed()) {
            if (System.nanoTime() - asked >= ENDS_NANOS) {
                asked = System.nanoTime();
                interactionsEnd(reader.endOffsets(inputs));
            }
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                take(record);
            }
            partitions.forEach(partition -> positions.put(partition, reader.position(partition)));
            if (startEnds.entrySet().stream().allMatch(end -> positions.get(end.getKey()) >= end.getValue())) {
                deadLetters.flush();
            }
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null) {
            return;
        }
        try {
            if (record.topic().equals(Topic.GRAPH_SNAPSHOTS.name())) {
                snapshot(Topic.GRAPH_SNAPSHOTS.codec().decode(record.value()));
            } else if (record.topic().equals(Topic.EVALUATIONS.name())) {
                evaluations.take(record.offset(), Topic.EVALUATIONS.codec().decode(record.value()));
            } else {
                letter(record);
            }
        } catch (BadRecordException e) {
            // Not this job's to refuse; the status does without it.
            LOG.warn("{}-{} offset {}: {}", record.topic(), record.partition(), record.offset(), e.getMessage());
        }
    }

    private synchronized void snapshot(SnapshotManifest manifest) {
        newest = manifest;
    }

    private synchronized void interactionsEnd(Map<TopicPartition, Long> offsets) {
        Map<Integer, Long> next = new HashMap<>();
        offsets.forEach((partition, offset) -> next.put(partition.partition(), offset));
        ends = next;
    }

    /** The key says whose letter it is: most are other jobs', and there may be very many. */
    private void letter(ConsumerRecord<byte[], byte[]> record) throws BadRecordException {
        String topic = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        if (Topic.all().containsKey(topic)) {
            synchronized (this) {
                letters.merge(topic, 1L, Long::sum);
                newestLetter = Instant.ofEpochMilli(record.timestamp());
            }
        }
        if (DeadLetters.concern(topic)) {
            deadLetters.seen(Topic.DEAD_LETTERS.codec().decode(record.value()));
        }
    }

    /** The newest snapshot. */
    public synchronized Optional<SnapshotManifest> newestSnapshot() {
        return Optional.ofNullable(newest);
    }

    /** Trainings and decisions. */
    public EvaluationLog evaluations() {
        return evaluations;
    }

    /** Where each partition of the topic interactions ends, as of two seconds ago; empty before it is known. */
    public synchronized Map<Integer, Long> interactionsEnd() {
        return ends;
    }

    /** When the newest dead letter came. */
    public synchronized Optional<Instant> newestDeadLetter() {
        return Optional.ofNullable(newestLetter);
    }

    /** Number of dead letters by source topic. */
    public synchronized Map<String, Long> deadLetterCounts() {
        return new TreeMap<>(letters);
    }

    @Override
    public void close() {
        thread.close();
    }
}

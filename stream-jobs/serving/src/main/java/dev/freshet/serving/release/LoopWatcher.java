package dev.freshet.serving.release;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
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
    private static final int MAX_CURVE = 500;

    /**
     * A training run.
     *
     * @param newest the newest record of an epoch
     * @param finished whether the trainer has said more than epochs: its evaluation or its decision
     * @param curve the records of its epochs, oldest first
     */
    public record Training(Evaluation newest, boolean finished, List<Evaluation> curve) {}

    private final DeadLetters deadLetters;
    private final ReadingThread thread;
    private final Map<TopicPartition, Long> positions = new HashMap<>();

    private SnapshotManifest newest;
    private final Deque<Evaluation> curve = new ArrayDeque<>();
    private boolean trainingFinished;
    private final Map<String, Long> letters = new TreeMap<>();

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
        Map<TopicPartition, Long> ends = reader.endOffsets(partitions);
        while (!thread.isClosed()) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                take(record);
            }
            partitions.forEach(partition -> positions.put(partition, reader.position(partition)));
            if (ends.entrySet().stream().allMatch(end -> positions.get(end.getKey()) >= end.getValue())) {
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
                evaluation(Topic.EVALUATIONS.codec().decode(record.value()));
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

    private synchronized void evaluation(Evaluation evaluation) {
        if (evaluation.getKind() == EvaluationKind.EPOCH) {
            if (!curve.isEmpty() && !curve.getLast().getRunId().equals(evaluation.getRunId())) {
                curve.clear();
            }
            trainingFinished = false;
            curve.addLast(evaluation);
            if (curve.size() > MAX_CURVE) {
                curve.removeFirst();
            }
        } else {
            trainingFinished |= !curve.isEmpty() && curve.getLast().getRunId().equals(evaluation.getRunId());
        }
    }

    /** The key says whose letter it is: most are other jobs', and there may be very many. */
    private void letter(ConsumerRecord<byte[], byte[]> record) throws BadRecordException {
        String topic = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        if (Topic.all().containsKey(topic)) {
            synchronized (this) {
                letters.merge(topic, 1L, Long::sum);
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

    /** The newest training run. */
    public synchronized Optional<Training> training() {
        return curve.isEmpty()
                ? Optional.empty()
                : Optional.of(new Training(curve.getLast(), trainingFinished, List.copyOf(curve)));
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

package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Has the loop take a snapshot of everything sent so far, and train on it. */
public final class LoopControl implements AutoCloseable {

    /** Told of every epoch of a training. */
    public interface Epochs {
        void epoch(Evaluation epoch);
    }

    /** Told of how many records of how many the newest snapshot covers. */
    public interface Coverage {
        void covered(long records, long all);
    }

    /** Asked while it waits whether it is to go on. */
    public interface Check {
        void check() throws CliException, ClusterException;
    }

    private static final Duration POLL = Duration.ofMillis(100);

    /** A checkpoint that changed nothing has no snapshot, unless one is asked for. */
    private static final Duration REQUEST_AFTER = Duration.ofSeconds(10);

    private final String bootstrap;
    private final Check check;
    private final SnapshotWatch snapshots;
    private final Consumer<byte[], byte[]> evaluations;

    /** @param check asked while it waits whether it is to go on */
    public LoopControl(String bootstrap, Check check) {
        this.bootstrap = bootstrap;
        this.check = check;
        this.snapshots = new SnapshotWatch(bootstrap);
        this.evaluations = Consumers.committed(bootstrap);
        SchemaTopic.load(evaluations);
        TopicScan.assignAtEnd(evaluations, Topic.EVALUATIONS.name());
    }

    /** Waits for a snapshot of everything on the topics now. */
    public SnapshotManifest snapshot(Coverage coverage)
            throws IOException, CliException, ClusterException, InterruptedException {
        Map<TopicPartition, Long> ends = ends();
        long total = ends.values().stream().mapToLong(Long::longValue).sum();
        long asked = System.nanoTime();
        while (true) {
            check.check();
            SnapshotManifest manifest;
            try {
                manifest = snapshots.poll(POLL);
            } catch (BadRecordException e) {
                throw new IOException(e.getMessage(), e);
            }
            long covered = SnapshotWatch.covered(manifest, ends);
            coverage.covered(covered, total);
            if (covered == total) {
                return manifest;
            }
            if (System.nanoTime() - asked > REQUEST_AFTER.toNanos()) {
                ControlTopic.send(bootstrap, Command.SNAPSHOT, Map.of());
                asked = System.nanoTime();
            }
        }
    }

    private Map<TopicPartition, Long> ends() {
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (Topic<?> topic : List.of(Topic.INTERACTIONS, Topic.ITEMS)) {
                partitions.addAll(Consumers.partitions(consumer, topic.name()));
            }
            return consumer.endOffsets(partitions);
        }
    }

    /** Waits for the first decision on a release that the trainer makes after this was opened. */
    public Evaluation decision(Epochs epochs) throws IOException, CliException, ClusterException {
        while (true) {
            check.check();
            Evaluation decision = null;
            for (ConsumerRecord<byte[], byte[]> record : evaluations.poll(POLL)) {
                Evaluation evaluation = decode(record);
                if (evaluation.getKind() == EvaluationKind.EPOCH) {
                    epochs.epoch(evaluation);
                } else if (evaluation.getKind() == EvaluationKind.GATE) {
                    decision = evaluation;
                }
            }
            if (decision != null) {
                return decision;
            }
        }
    }

    private static Evaluation decode(ConsumerRecord<byte[], byte[]> record) throws IOException {
        try {
            return Topic.EVALUATIONS.codec().decode(record.value());
        } catch (BadRecordException e) {
            throw new IOException("evaluations, offset " + record.offset() + ": " + e.getMessage(), e);
        }
    }

    /** Has a snapshot taken and a model trained on it, and waits for the decision on its release. */
    public Evaluation train(Epochs epochs) throws IOException, CliException, ClusterException, InterruptedException {
        return train(snapshot((records, all) -> {}), epochs);
    }

    /** Has a model trained on a snapshot, or a newer one, and waits for the decision on its release. */
    public Evaluation train(SnapshotManifest manifest, Epochs epochs)
            throws IOException, CliException, ClusterException, InterruptedException {
        while (true) {
            ControlTopic.send(bootstrap, Command.TRAIN, Map.of());
            Evaluation decision = decision(epochs);
            // The trainer may read the command before the newest manifest.
            if (decision.getSnapshotId() != null && decision.getSnapshotId().compareTo(manifest.getSnapshotId()) >= 0) {
                return decision;
            }
        }
    }

    @Override
    public void close() {
        snapshots.close();
        evaluations.close();
    }
}

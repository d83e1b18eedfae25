package dev.freshet.cli.replay;

import dev.freshet.cli.CliException;
import dev.freshet.cli.command.ControlTopic;
import dev.freshet.cli.command.SnapshotWatch;
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
final class LoopControl implements AutoCloseable {

    /** Told of every epoch of a training. */
    interface Progress {
        void epoch(Evaluation epoch);
    }

    private static final Duration POLL = Duration.ofMillis(100);

    /** A checkpoint that changed nothing has no snapshot, unless one is asked for. */
    private static final Duration REQUEST_AFTER = Duration.ofSeconds(10);

    private final String bootstrap;
    private final Evaluator.Check check;
    private final SnapshotWatch snapshots;
    private final Consumer<byte[], byte[]> evaluations;

    /** @param check asked while it waits whether it is to go on */
    LoopControl(String bootstrap, Evaluator.Check check) {
        this.bootstrap = bootstrap;
        this.check = check;
        this.snapshots = new SnapshotWatch(bootstrap);
        this.evaluations = Consumers.committed(bootstrap);
        SchemaTopic.load(evaluations);
        TopicScan.assign(evaluations, Topic.EVALUATIONS.name());
    }

    /** Waits for a snapshot of everything on the topics now. */
    SnapshotManifest snapshot() throws IOException, CliException, InterruptedException {
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
            if (SnapshotWatch.covered(manifest, ends) == total) {
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

    /** Waits for the trainer's next decision on a release. */
    Evaluation decision(Progress progress) throws IOException, CliException {
        while (true) {
            check.check();
            Evaluation decision = null;
            for (ConsumerRecord<byte[], byte[]> record : evaluations.poll(POLL)) {
                Evaluation evaluation = decode(record);
                if (evaluation.getKind() == EvaluationKind.EPOCH) {
                    progress.epoch(evaluation);
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
    Evaluation train(Progress progress) throws IOException, CliException, InterruptedException {
        SnapshotManifest manifest = snapshot();
        while (true) {
            ControlTopic.send(bootstrap, Command.TRAIN, Map.of());
            Evaluation decision = decision(progress);
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

package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.command.ControlTopic;
import dev.freshet.cli.command.LoopControl;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.schema.Evaluation;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Asks for trainings, and tells from outside how far one is: by the topics, and by the folder of saved models. */
final class TrainerPhases implements AutoCloseable {

    private static final String GROUP = "freshet-trainer";
    private static final TopicPartition CONTROL = new TopicPartition(Topic.CONTROL.name(), 0);
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(5);
    /** What the trainer had sent, and a commit that had begun, is seen after this time. */
    private static final Duration SETTLED = Duration.ofMillis(200);
    /** The trainer looks for commands five times a second; the reading that follows shows nowhere. */
    private static final long READING_MILLIS = 250;

    /** How far a training is. */
    enum Phase {
        READING("reading the snapshot"),
        TRAINING("training"),
        JUDGING("judging the model and training it on all"),
        SAVING("saving the model"),
        PUBLISHING("in the release's transaction"),
        RELEASED("just after the release");

        private final String description;

        Phase(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }
    }

    private final String bootstrap;
    private final Path models;
    private final LoopControl.Check check;
    private final Admin admin;
    private final Consumer<byte[], byte[]> evaluations;
    private final Consumer<byte[], byte[]> releases;
    private final Consumer<byte[], byte[]> embeddings;

    private long command;
    private String run;
    private int epoch;
    private boolean measured;
    private boolean refused;

    /**
     * @param models folder of saved models
     * @param check asked while it waits whether it is to go on
     */
    TrainerPhases(String bootstrap, Path models, LoopControl.Check check) {
        this.bootstrap = bootstrap;
        this.models = models;
        this.check = check;
        this.admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap));
        this.evaluations = Consumers.committed(bootstrap);
        this.releases = Consumers.committed(bootstrap);
        this.embeddings = new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /**
     * Asks for a training, and waits until it is in a phase.
     *
     * @return false if it ended before that: the gate has refused the model
     */
    boolean train(Phase phase) throws CliException, ClusterException, InterruptedException {
        TopicScan.assignAtEnd(evaluations, Topic.EVALUATIONS.name());
        TopicScan.assignAtEnd(releases, Topic.MODELS.name());
        TopicScan.assignAtEnd(embeddings, Topic.MODEL_EMBEDDINGS.name());
        run = null;
        epoch = 0;
        measured = false;
        refused = false;
        command = ControlTopic.send(bootstrap, Command.TRAIN, Map.of());
        if (phase == Phase.READING) {
            Thread.sleep(READING_MILLIS);
            return true;
        }
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!isIn(phase)) {
            check.check();
            if (refused) {
                return false;
            }
            if (System.nanoTime() > deadline) {
                throw new ClusterException("the trainer has not come to the phase '" + phase.description + "' within "
                        + TIMEOUT.toMinutes() + " minutes");
            }
        }
        return true;
    }

    private boolean isIn(Phase phase) {
        boolean told = run == null || phase == Phase.TRAINING || phase == Phase.JUDGING;
        follow(told ? POLL : Duration.ZERO);
        if (run == null) {
            return false;
        }
        return switch (phase) {
            case READING -> true;
            case TRAINING -> epoch > 0;
            case JUDGING -> measured && !refused;
            case SAVING -> Files.exists(models.resolve(run));
            case PUBLISHING -> !embeddings.poll(POLL).isEmpty();
            case RELEASED -> !releases.poll(POLL).isEmpty();
        };
    }

    /** Takes in how the training goes on. */
    private void follow(Duration wait) {
        for (ConsumerRecord<byte[], byte[]> record : evaluations.poll(wait)) {
            Evaluation evaluation;
            try {
                evaluation = Topic.EVALUATIONS.codec().decode(record.value());
            } catch (BadRecordException e) {
                throw new IllegalStateException(e);
            }
            switch (evaluation.getKind()) {
                case EPOCH -> {
                    run = evaluation.getRunId();
                    epoch = evaluation.getEpoch();
                }
                case OFFLINE -> measured = true;
                case GATE -> refused = !Boolean.TRUE.equals(evaluation.getAccepted());
                case PREQUENTIAL -> {}
            }
        }
    }

    /** Of a trainer that was just killed: whether that was in the phase, and not a moment later. */
    boolean wasIn(Phase phase) {
        follow(SETTLED);
        return switch (phase) {
            case READING -> run == null;
            case TRAINING -> !measured;
            case JUDGING -> !refused && !Files.exists(models.resolve(run));
            case SAVING -> !Files.exists(models.resolve(run).resolve("model.safetensors"));
            case PUBLISHING -> releases.poll(SETTLED).isEmpty();
            case RELEASED -> true;
        };
    }

    /** Whether the trainer has done what it was asked for, be it at a second try. */
    boolean done() throws CliException, InterruptedException {
        try {
            OffsetAndMetadata next = admin.listConsumerGroupOffsets(GROUP)
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .get(CONTROL);
            return next != null && next.offset() > command;
        } catch (ExecutionException e) {
            throw new CliException("the broker does not tell what the trainer has done: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        evaluations.close();
        releases.close();
        embeddings.close();
        admin.close(Duration.ofSeconds(1));
    }
}

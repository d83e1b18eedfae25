package dev.freshet.trainer.loop;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Control;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Keys;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Split;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the trainer reads: snapshots, of which the newest counts, commands, and the releases so far. Snapshots and releases are read from
 * the beginning at each start; the committed positions say which bad records have had their dead letter, and which commands are done.
 */
final class Inbox implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);
    private static final String GROUP = "freshet-trainer";
    private static final Duration POLL = Duration.ofMillis(200);

    private final Consumer<byte[], byte[]> consumer;
    private final Publisher publisher;
    private final Map<TopicPartition, Long> committed = new HashMap<>();
    private final Releases releases;
    private final Queue<Command> commands = new ArrayDeque<>();
    private Snapshot newest;
    private long controlled;

    /**
     * A manifest and the record that it came in.
     *
     * @param manifest the manifest
     * @param source the record
     */
    record Snapshot(SnapshotManifest manifest, ConsumerRecord<byte[], byte[]> source) {}

    /**
     * A command and the record that it came in.
     *
     * @param rollback whether it is to return to an earlier release, not to train
     * @param argument the version to return to; or name of the model to train, null for the usual one
     * @param source the record
     */
    record Command(boolean rollback, String argument, ConsumerRecord<byte[], byte[]> source) {

        /** The run that evaluations of it name. */
        String run() {
            return Keys.answer(source.offset());
        }
    }

    private Inbox(Consumer<byte[], byte[]> consumer, Publisher publisher, Split split) {
        this.consumer = consumer;
        this.publisher = publisher;
        this.releases = new Releases(split);
    }

    /** A consumer of committed records. */
    static Consumer<byte[], byte[]> consumer(String bootstrap) {
        return new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                        ConsumerConfig.GROUP_ID_CONFIG, GROUP,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /**
     * Waits until all topics are there.
     *
     * @return false if it was stopped before
     */
    static boolean awaitTopics(Consumer<byte[], byte[]> consumer, BooleanSupplier stopped) throws InterruptedException {
        Set<String> missing = new TreeSet<>(Topic.all().keySet());
        missing.add(SchemaTopic.NAME);
        Set<String> told = Set.of();
        while (!stopped.getAsBoolean()) {
            try {
                missing.removeAll(consumer.listTopics(Duration.ofSeconds(5)).keySet());
                if (missing.isEmpty()) {
                    return true;
                }
                if (!missing.equals(told)) {
                    LOG.info("waiting for topics {}", String.join(", ", missing));
                    told = new TreeSet<>(missing);
                }
            } catch (TimeoutException e) {
                LOG.info("waiting for the broker: {}", e.getMessage());
            }
            Thread.sleep(200);
        }
        return false;
    }

    /**
     * Opens it; the topics must be there.
     *
     * @param split which models have an arm of their own
     */
    static Inbox open(Consumer<byte[], byte[]> consumer, Publisher publisher, Split split) {
        Inbox inbox = new Inbox(consumer, publisher, split);
        List<TopicPartition> partitions = List.of(
                new TopicPartition(Topic.GRAPH_SNAPSHOTS.name(), 0),
                new TopicPartition(Topic.MODELS.name(), 0),
                new TopicPartition(Topic.CONTROL.name(), 0));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        consumer.committed(Set.copyOf(partitions)).forEach((partition, offset) -> {
            if (offset != null) {
                inbox.committed.put(partition, offset.offset());
            }
        });
        inbox.catchUp(partitions);
        return inbox;
    }

    /** Takes in all that has been announced up to now: a command may be about what its sender has just seen. */
    void catchUpReleases() {
        catchUp(List.of(new TopicPartition(Topic.MODELS.name(), 0)));
    }

    private void catchUp(List<TopicPartition> partitions) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            poll();
        }
    }

    /** Takes in what has come, and waits a moment where nothing has. */
    void poll() {
        poll(POLL);
    }

    /** Takes in what has come already. */
    void look() {
        poll(Duration.ZERO);
    }

    private void poll(Duration wait) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(wait)) {
            try {
                take(record);
            } catch (BadRecordException e) {
                if (isNew(record)) {
                    LOG.warn("{} offset {}: {}", record.topic(), record.offset(), e.getMessage());
                }
                refuse(record, e.getMessage());
            }
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> record) throws BadRecordException {
        if (record.topic().equals(Topic.GRAPH_SNAPSHOTS.name())) {
            if (record.value() != null) {
                SnapshotManifest manifest = Topic.GRAPH_SNAPSHOTS.codec().decode(record.value());
                if (newest == null || manifest.getSnapshotId().compareTo(newest.manifest.getSnapshotId()) > 0) {
                    newest = new Snapshot(manifest, record);
                }
            }
        } else if (record.topic().equals(Topic.MODELS.name())) {
            take(record.value());
        } else if (isNew(record)) {
            controlled = record.offset() + 1;
            Control control = Topic.CONTROL.codec().decode(record.value());
            switch (control.getCommand()) {
                case TRAIN -> commands.add(
                        new Command(false, control.getArguments().get("model"), record));
                case SNAPSHOT -> {}
                case ROLLBACK -> {
                    String version = control.getArguments().get("version");
                    if (version == null) {
                        throw new BadRecordException("Control: ROLLBACK has no argument version");
                    }
                    commands.add(new Command(true, version, record));
                }
            }
        }
    }

    /** A release that cannot be read is serving's to report; here it is as if it were not there. */
    private void take(byte[] value) {
        if (value == null) {
            return;
        }
        try {
            releases.announced(Topic.MODELS.codec().decode(value));
        } catch (BadRecordException e) {
            LOG.debug("passed over a release", e);
        }
    }

    private boolean isNew(ConsumerRecord<byte[], byte[]> record) {
        return record.offset() >= committed.getOrDefault(new TopicPartition(record.topic(), record.partition()), 0L);
    }

    /** Sends a record to the dead letters, unless an earlier start has. */
    void refuse(ConsumerRecord<byte[], byte[]> record, String reason) {
        if (isNew(record)) {
            publisher.deadLetter(record, reason);
            done(record);
        }
    }

    /** Notes that a record needs no more work, nor those before it but commands that wait. */
    void done(ConsumerRecord<byte[], byte[]> record) {
        commands.removeIf(command -> command.source() == record);
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        long next = record.offset() + 1;
        if (record.topic().equals(Topic.CONTROL.name())) {
            next = commands.isEmpty() ? controlled : commands.element().source().offset();
        }
        if (next > committed.getOrDefault(partition, 0L)) {
            committed.put(partition, next);
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(next)));
        }
    }

    /** The newest snapshot, or null. */
    Snapshot newest() {
        return newest;
    }

    /** Forgets a snapshot that cannot be used: a newer one must come. */
    void drop(Snapshot snapshot) {
        if (newest == snapshot) {
            newest = null;
        }
    }

    /** The next command, until it is done or refused, or null. */
    Command nextCommand() {
        return commands.peek();
    }

    /** Whether a command waits that returns to an earlier release, as far as that is known. */
    boolean rollbackWaits() {
        return commands.stream().filter(Command::rollback).anyMatch(command -> {
            ModelRelease release = releases.ofVersion(command.argument());
            return release != null && releases.split().serves(release.getModel()) && !releases.isInForce(release);
        });
    }

    /** The releases so far. */
    Releases releases() {
        return releases;
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
    }
}

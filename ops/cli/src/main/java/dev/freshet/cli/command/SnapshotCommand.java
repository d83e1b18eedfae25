package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.cli.Durations;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Command;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code freshet snapshot}: asks the graph job for a snapshot now. */
@CommandLine.Command(
        name = "snapshot",
        mixinStandardHelpOptions = true,
        description = "Takes a snapshot of every graph now, and waits for it.",
        subcommands = SnapshotShowCommand.class,
        footer = {"", "Exit status: 0 taken, 1 not within the time."})
public final class SnapshotCommand implements Callable<Integer> {

    private static final Duration POLL = Duration.ofMillis(200);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "2m",
            converter = Durations.class,
            description = "Longest wait. Default: ${DEFAULT-VALUE}")
    private Duration timeout;

    @Option(names = "--json", description = "Print the manifest as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        String bootstrap = client.bootstrap();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            SchemaTopic.load(consumer);
            TopicScan.assignAtEnd(consumer, Topic.GRAPH_SNAPSHOTS.name());
            long request = ControlTopic.send(bootstrap, Command.SNAPSHOT, Map.of());
            SnapshotPrinter.print(spec.commandLine().getOut(), await(consumer, request), json);
            return 0;
        } catch (KafkaException e) {
            throw new CliException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
    }

    /** The first snapshot whose cut lies behind the command. */
    private SnapshotManifest await(Consumer<byte[], byte[]> consumer, long request) throws CliException {
        Instant deadline = Instant.now().plus(timeout);
        while (Instant.now().isBefore(deadline)) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                SnapshotManifest manifest = decode(record);
                if (manifest != null
                        && manifest.getOffsets().stream()
                                .anyMatch(
                                        at -> at.getTopic().equals(Topic.CONTROL.name()) && at.getOffset() > request)) {
                    return manifest;
                }
            }
        }
        throw new CliException("no snapshot within " + timeout.toSeconds()
                + " s; does the graph job run? See 'freshet status' and logs/graph-job.log in the state folder. While much content"
                + " comes in, a snapshot takes longer: give it time with --timeout");
    }

    static SnapshotManifest decode(ConsumerRecord<byte[], byte[]> record) throws CliException {
        try {
            return record.value() == null ? null : Topic.GRAPH_SNAPSHOTS.codec().decode(record.value());
        } catch (BadRecordException e) {
            throw new CliException("graph-snapshots, offset " + record.offset() + ": " + e.getMessage(), e);
        }
    }
}

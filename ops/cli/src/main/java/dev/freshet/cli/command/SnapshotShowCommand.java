package dev.freshet.cli.command;

import dev.freshet.cli.CliException;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotReader;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet snapshot show}. */
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "Reads a snapshot, checks its files, and says what is in it.",
        footer = {"", "Exit status: 0 sound, 1 not."})
public final class SnapshotShowCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Parameters(paramLabel = "ID", arity = "0..1", description = "Id of the snapshot. Default: the newest")
    private String id;

    @Option(
            names = "--node",
            paramLabel = "NODE",
            description = "Print the neighbors of this user or item in every graph instead.")
    private String node;

    @Option(names = "--json", description = "Print the manifest as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (json && node != null) {
            throw new ParameterException(spec.commandLine(), "--json prints the manifest; leave out --node");
        }
        String bootstrap = client.bootstrap();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        SnapshotManifest manifest;
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            SchemaTopic.load(consumer);
            manifest = find(consumer);
        } catch (KafkaException e) {
            throw new CliException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
        GraphSnapshot snapshot;
        try {
            snapshot = SnapshotReader.read(manifest);
        } catch (IOException e) {
            throw new CliException(
                    manifest.getSnapshotId() + " cannot be read (" + e + "); take a new one with"
                            + " 'freshet snapshot'",
                    e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (node == null) {
            SnapshotPrinter.print(out, manifest, json);
        } else if (!SnapshotPrinter.printNode(out, snapshot, node)) {
            throw new CliException(manifest.getSnapshotId() + " has no neighbors of " + node + " in any graph");
        }
        return 0;
    }

    private SnapshotManifest find(Consumer<byte[], byte[]> consumer) throws CliException {
        TreeMap<String, ConsumerRecord<byte[], byte[]>> manifests = new TreeMap<>();
        TopicScan.assign(consumer, Topic.GRAPH_SNAPSHOTS.name());
        TopicScan.toEnd(consumer, record -> {
            String key = new String(record.key(), StandardCharsets.UTF_8);
            if (record.value() == null) {
                manifests.remove(key);
            } else {
                manifests.put(key, record);
            }
        });
        if (manifests.isEmpty()) {
            throw new CliException("there is no snapshot yet; take one with 'freshet snapshot'");
        }
        ConsumerRecord<byte[], byte[]> found =
                id == null ? manifests.lastEntry().getValue() : manifests.get(id);
        if (found == null) {
            throw new CliException(
                    "there is no snapshot " + id + "; there are " + String.join(", ", manifests.keySet()));
        }
        return SnapshotCommand.decode(found);
    }
}

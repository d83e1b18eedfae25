package dev.freshet.graphjob;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.batch.BatchContent;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.batch.Cuts;
import dev.freshet.graph.batch.LiveInteractions;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotReader;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import dev.freshet.process.Ports;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** The graph job as a process on a real broker, and the batch computation that its snapshots must equal. */
final class JobUnderTest implements AutoCloseable {

    static final GraphSettings SETTINGS = new GraphSettings(5, 2, 4)
            .withCuts(40, 60)
            .withUserCooccurrence(6)
            .withWindow(Duration.ofDays(300))
            .withContent(3, 1000);
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final TestKafka kafka;
    private final Path folder;
    private JavaProcess process;

    JobUnderTest(TestKafka kafka, Path folder) {
        this.kafka = kafka;
        this.folder = folder;
    }

    /** Its name has what a URI must escape. */
    Path state() {
        return folder.resolve("state #1 %20");
    }

    Path snapshots() {
        return folder.resolve("snapshots #1 %20");
    }

    void start(int parallelism) throws IOException {
        start("--parallelism", Integer.toString(parallelism));
    }

    /** Starts it with further arguments, which win. */
    void start(String... more) throws IOException {
        process = launch(List.of(more));
    }

    void awaitLog(String text) throws InterruptedException {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (log().stream().noneMatch(line -> line.contains(text))) {
            assertThat(Instant.now()).as(String.join("\n", log())).isBefore(deadline);
            Thread.sleep(50);
        }
    }

    /** Starts it with further arguments, which win, and waits for its end; returns what it said. */
    List<String> refuse(int exitCode, String... more) throws Exception {
        process = launch(List.of(more));
        assertThat(process.waitFor(PATIENCE)).as("ended").isTrue();
        assertThat(process.exitCode()).as(String.join("\n", log())).hasValue(exitCode);
        return log();
    }

    /** The newest record of every item that is neither withdrawn nor erased. */
    private List<Item> itemsInForce() {
        Map<String, Received<Item>> newest = new TreeMap<>();
        kafka.drain(Topic.ITEMS).forEach(record -> newest.put(record.key(), record));
        kafka.drain(Topic.ERASURES).stream()
                .map(Received::value)
                .filter(erasure -> erasure.getKind() == NodeKind.ITEM)
                .forEach(erasure -> newest.computeIfPresent(
                        erasure.getId(),
                        (id, record) -> record.timestamp().toEpochMilli()
                                        <= erasure.getRequestedAt().toEpochMilli()
                                ? null
                                : record));
        return newest.values().stream()
                .map(Received::value)
                .filter(Objects::nonNull)
                .toList();
    }

    private JavaProcess launch(List<String> more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "--bootstrap", kafka.bootstrapServers(),
                "--state", state().toString(),
                "--snapshots", snapshots().toString(),
                "--rest-port", Integer.toString(Ports.free(1)[0]),
                "--checkpoint-interval", "1s",
                "--top-k", Integer.toString(SETTINGS.topK()),
                "--cooccurrence-min", Integer.toString(SETTINGS.cooccurrenceMin()),
                "--cooccurrence-top-k", Integer.toString(SETTINGS.cooccurrenceTopK()),
                "--user-cooccurrence-top-k", Integer.toString(SETTINGS.userCooccurrenceTopK()),
                "--f-max", Integer.toString(SETTINGS.fMax()),
                "--k-max", Integer.toString(SETTINGS.kMax()),
                "--window", SETTINGS.window().toDays() + "d",
                "--content-top-k", Integer.toString(SETTINGS.contentTopK()),
                "--content-exact", Integer.toString(SETTINGS.contentExact())));
        arguments.addAll(more);
        return JavaProcess.start(
                Installation.find().jars("graph-job"),
                // Most of its time it starts.
                List.of("-XX:TieredStopAtLevel=1"),
                LocalGraphJobMain.class.getName(),
                arguments,
                folder.resolve("graph-job.log"));
    }

    /** Asks it to end, and expects that it does by itself. */
    void stop() throws InterruptedException {
        assertThat(process.stop(Duration.ofSeconds(60))).as("ended by itself").isTrue();
        assertThat(process.exitCode()).hasValue(0);
    }

    void kill() throws InterruptedException {
        process.kill();
        process.waitFor();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    List<String> log() {
        return process.tail(60).stream()
                .filter(line -> !line.contains("Using incubator modules"))
                .toList();
    }

    /** The first manifest that covers all that the input topics have now. */
    SnapshotManifest awaitManifest() throws Exception {
        Map<TopicPartition, Long> ends = ends(Topic.INTERACTIONS);
        ends.putAll(ends(Topic.ITEMS));
        ends.putAll(ends(Topic.ERASURES));
        try {
            SnapshotManifest manifest = kafka.awaitRecord(
                            Topic.GRAPH_SNAPSHOTS,
                            record -> record.value() != null && covers(record.value(), ends),
                            PATIENCE)
                    .value();
            process.archiveClasses(0).join();
            return manifest;
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + String.join("\n", log()), e);
        }
    }

    private static boolean covers(SnapshotManifest manifest, Map<TopicPartition, Long> ends) {
        Map<TopicPartition, Long> offsets = manifest.getOffsets().stream()
                .collect(Collectors.toMap(
                        offset -> new TopicPartition(offset.getTopic(), offset.getPartition()),
                        TopicOffset::getOffset));
        return ends.entrySet().stream().allMatch(end -> offsets.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }

    private Map<TopicPartition, Long> ends(Topic<?> topic) throws Exception {
        int partitions = kafka.admin()
                .describeTopics(List.of(topic.name()))
                .allTopicNames()
                .get()
                .get(topic.name())
                .partitions()
                .size();
        Map<TopicPartition, OffsetSpec> wanted = new TreeMap<>(Comparator.comparing(TopicPartition::toString));
        for (int partition = 0; partition < partitions; partition++) {
            wanted.put(new TopicPartition(topic.name(), partition), OffsetSpec.latest());
        }
        Map<TopicPartition, Long> ends = new HashMap<>();
        kafka.admin().listOffsets(wanted).all().get().forEach((partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    /** Awaits a snapshot of all input, and holds it and the topic neighbors against the batch graphs. */
    GraphSnapshot awaitEqual() throws Exception {
        SnapshotManifest manifest = awaitManifest();
        GraphSnapshot snapshot = SnapshotReader.read(manifest);
        LiveInteractions events = new LiveInteractions();
        for (Received<Interaction> event : kafka.drain(Topic.INTERACTIONS)) {
            events.add(event.value(), event.partition(), event.offset());
        }
        for (Received<Erasure> erasure : kafka.drain(Topic.ERASURES)) {
            events.erase(erasure.value());
        }
        List<LiveInteraction> live = events.live(SETTINGS);
        assertThat(snapshot.interactions()).isEqualTo(live);
        assertThat(snapshot.items()).isEqualTo(itemsInForce());
        Map<String, List<NeighborList>> expected = BatchGraphs.all(live, snapshot.items(), SETTINGS);
        assertThat(canonical(snapshot.graphs())).isEqualTo(expected);
        assertThat(manifest.getMeanCosines()).isEqualTo(BatchContent.meanCosines(snapshot.items()));

        Map<String, List<NeighborList>> published = new TreeMap<>();
        kafka.table(Topic.NEIGHBORS).values().stream()
                .sorted(Comparator.comparing(NeighborList::getNode))
                .forEach(list -> published
                        .computeIfAbsent(list.getGraph(), graph -> new ArrayList<>())
                        .add(list));
        assertThat(canonical(published)).isEqualTo(expected);

        assertThat(manifest.getCounts())
                .containsEntry("interactions", (long) live.size())
                .containsEntry(
                        "users",
                        live.stream().map(LiveInteraction::getUser).distinct().count())
                .containsEntry(
                        "items",
                        Cuts.apply(live, SETTINGS.withCuts(GraphSettings.UNLIMITED, SETTINGS.kMax())).stream()
                                .map(LiveInteraction::getItem)
                                .distinct()
                                .count())
                .containsEntry("catalog", (long) snapshot.items().size());
        expected.forEach((graph, lists) -> assertThat(manifest.getCounts())
                .containsEntry(graph + ".nodes", (long) lists.size())
                .containsEntry(
                        graph + ".edges",
                        lists.stream()
                                .mapToLong(list -> list.getNeighbors().size())
                                .sum()));
        return snapshot;
    }

    private static Map<String, List<NeighborList>> canonical(Map<String, List<NeighborList>> graphs) {
        Map<String, List<NeighborList>> canonical = new TreeMap<>();
        graphs.forEach((graph, lists) -> canonical.put(
                graph,
                lists.stream()
                        .map(list -> new NeighborList(
                                list.getGraph(), list.getNode(), list.getNeighbors(), list.getDegree(), 0L))
                        .toList()));
        return canonical;
    }

    @Override
    public void close() {
        if (process != null) {
            process.close();
        }
    }
}

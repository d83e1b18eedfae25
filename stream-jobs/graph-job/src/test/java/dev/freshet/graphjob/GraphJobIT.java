package dev.freshet.graphjob;

import static dev.freshet.graphjob.JobRecords.START;
import static dev.freshet.graphjob.JobRecords.events;
import static dev.freshet.graphjob.JobRecords.interaction;
import static dev.freshet.graphjob.JobRecords.item;
import static dev.freshet.graphjob.JobRecords.items;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.process.Ports;
import dev.freshet.schema.Command;
import dev.freshet.schema.Control;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.testkit.Received;
import dev.freshet.testkit.TestKafka;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.file.DataFileStream;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job as a process against a real broker: what it makes of bad, newer and forgotten records, of commands and of wrong settings. */
class GraphJobIT {

    @TempDir
    Path folder;

    private final TestKafka kafka = TestKafka.shared();

    @BeforeEach
    void topics() {
        kafka.freshTopics(3);
    }

    @Test
    void whoIsForgottenIsFoundNowhere() throws Exception {
        Random random = new Random(17);
        List<Map.Entry<String, Interaction>> ofForgotten = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            ofForgotten.add(Map.entry(
                    "Anna", interaction("Anna", "item-" + i, i % 5 == 4 ? "remove" : "view", START.plusSeconds(i))));
            ofForgotten.add(
                    Map.entry("user-" + i, interaction("user-" + i, "Chair", "view", START.plusSeconds(100 + i))));
        }
        Instant upTo = START.plusSeconds(5000);
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.sendAll(Topic.ITEMS, items(0, 10));
            kafka.send(Topic.ITEMS, "Chair", item("Chair", 1, 2, 3));
            kafka.sendAll(Topic.INTERACTIONS, events(random, 0, 1000));
            kafka.sendAll(Topic.INTERACTIONS, ofForgotten);
            job.start(2);
            assertThat(job.awaitEqual().items()).hasSize(11);
            assertThat(kafka.table(Topic.NEIGHBORS).toString()).contains("Anna", "Chair");

            Instant now = Instant.now();
            byte[] bad = Topic.ERASURES.codec().encode(new Erasure(NodeKind.USER, "", upTo));
            kafka.sendBytes("erasures", bytes("user:"), bad);
            kafka.send(Topic.ERASURES, "user:Anna", new Erasure(NodeKind.USER, "Anna", upTo));
            kafka.send(Topic.ERASURES, "item:Chair", new Erasure(NodeKind.ITEM, "Chair", now));
            GraphSnapshot forgotten = job.awaitEqual();
            assertThat(forgotten.items()).hasSize(10);
            assertFoundNowhere(forgotten.manifest(), "Anna");
            assertFoundNowhere(forgotten.manifest(), "Chair");
            assertThat(kafka.drain(Topic.DEAD_LETTERS))
                    .singleElement()
                    .satisfies(letter -> assertThat(letter.value().getValue()).isEqualTo(ByteBuffer.wrap(bad)));

            // Neither a restart nor a replay brings them back.
            job.stop();
            kafka.sendAll(Topic.INTERACTIONS, ofForgotten);
            job.start(1);
            SnapshotManifest later = job.awaitEqual().manifest();
            assertFoundNowhere(later, "Anna");
            assertFoundNowhere(later, "Chair");

            // What comes after the erasure counts again.
            kafka.send(Topic.INTERACTIONS, "Anna", interaction("Anna", "item-1", "view", upTo.plusSeconds(1)));
            assertThat(job.awaitEqual().interactions())
                    .filteredOn(pair -> pair.getUser().equals("Anna"))
                    .hasSize(1);
        }
    }

    private void assertFoundNowhere(SnapshotManifest manifest, String id) throws Exception {
        for (SnapshotFile file : manifest.getFiles()) {
            Path path = Path.of(URI.create(manifest.getLocation())).resolve(file.getPath());
            try (DataFileStream<GenericRecord> rows =
                    new DataFileStream<>(Files.newInputStream(path), new GenericDatumReader<>())) {
                for (GenericRecord row : rows) {
                    assertThat(row.toString()).as(file.getPath()).doesNotContain(id);
                }
            }
        }
        assertThat(kafka.table(Topic.NEIGHBORS).toString()).doesNotContain(id);
    }

    @Test
    void aBadRecordBecomesOneDeadLetterWithItsBytes() throws Exception {
        Interaction good = interaction("u1", "i1", "view", START);
        byte[] encoded = Topic.INTERACTIONS.codec().encode(good);
        byte[] truncated = Arrays.copyOf(encoded, encoded.length - 5);
        byte[] unknown = encoded.clone();
        unknown[4] ^= 0x55;
        Map<String, byte[]> badInteractions = new HashMap<>();
        badInteractions.put("truncated", truncated);
        badInteractions.put("unknown writer schema", unknown);
        badInteractions.put("single-object", "hello".getBytes(StandardCharsets.UTF_8));
        badInteractions.put(
                "user id is empty", Topic.INTERACTIONS.codec().encode(interaction("", "i1", "view", START)));
        badInteractions.put(
                "ahead of the broker's clock",
                Topic.INTERACTIONS
                        .codec()
                        .encode(interaction("u1", "i1", "view", Instant.parse("2100-01-01T00:00:00Z"))));
        byte[] badErasure =
                Topic.ERASURES.codec().encode(new Erasure(NodeKind.ITEM, "i1", Instant.parse("2100-01-01T00:00:00Z")));
        Map<String, byte[]> badItems = new HashMap<>();
        badInteractions.put("key every interaction by its user", encoded);
        badInteractions.put("not Avro", new byte[2 << 20]);
        badItems.put("declared with 3", Topic.ITEMS.codec().encode(item("i2", 1, 2)));
        // Its letter would be twice its size if the reason held all of the name.
        Item endless = Item.newBuilder()
                .setItem("i5")
                .setFeatures(Map.of("x".repeat(4_300_000), List.of(1f)))
                .build();
        badItems.put("is no name", Topic.ITEMS.codec().encode(endless));
        badItems.put("must be finite", Topic.ITEMS.codec().encode(item("i3", 1, Float.NaN, 2)));

        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.send(Topic.ITEMS, "i1", item("i1", 1, 2, 3));
            job.start(1);
            job.awaitManifest();
            badInteractions.values().forEach(value -> kafka.sendBytes("interactions", bytes("key"), value));
            kafka.sendBytes("erasures", bytes("key"), badErasure);
            badItems.values().forEach(value -> kafka.sendBytes("items", bytes("key"), value));
            kafka.send(Topic.INTERACTIONS, "u1", good);
            kafka.send(Topic.INTERACTIONS, "u2", interaction("u2", "i1", "view", START));
            SnapshotManifest manifest = job.awaitManifest();
            assertThat(manifest.getCounts())
                    .containsEntry("interactions", 2L)
                    .containsEntry("catalog", 1L)
                    .containsEntry("user-jaccard.edges", 2L);

            // One more run: what was refused is not refused again.
            job.stop();
            job.start(1);
            kafka.send(Topic.INTERACTIONS, "u3", interaction("u3", "i1", "view", START));
            // And what was declared before stays declared.
            badItems.put("declared with 3, not 4", Topic.ITEMS.codec().encode(item("i4", 1, 2, 3, 4)));
            kafka.sendBytes("items", bytes("key"), badItems.get("declared with 3, not 4"));
            assertThat(job.awaitManifest().getCounts()).containsEntry("interactions", 3L);
        }
        Map<String, byte[]> bad = new HashMap<>(badInteractions);
        bad.putAll(badItems);
        bad.put("cannot be forgotten", badErasure);
        List<Received<DeadLetter>> letters = kafka.drain(Topic.DEAD_LETTERS);
        assertThat(letters).hasSize(bad.size());
        bad.forEach((reason, value) -> assertThat(letters)
                .as(reason)
                .filteredOn(letter -> letter.value().getValue().equals(ByteBuffer.wrap(value)))
                .singleElement()
                .satisfies(letter -> {
                    assertThat(letter.value().getReason()).contains(reason.split(",")[0]);
                    assertThat(letter.value().getKey()).isEqualTo(ByteBuffer.wrap(bytes("key")));
                    assertThat(letter.value().getJob()).startsWith("graph-job ");
                }));
    }

    @Test
    void readsANewerVersionWhoseSchemaWasPublishedLater() throws Exception {
        Schema schema = Interaction.getClassSchema();
        List<Schema.Field> fields = new ArrayList<>();
        schema.getFields().forEach(field -> fields.add(new Schema.Field(field, field.schema())));
        fields.add(new Schema.Field("added", Schema.create(Schema.Type.STRING), "Added.", "x"));
        Schema newer = Schema.createRecord(schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
        GenericRecord record = new GenericRecordBuilder(newer)
                .set("user", "u2")
                .set("item", "i1")
                .set("action", "view")
                .set("eventTime", START.toEpochMilli())
                .build();
        ByteBuffer value = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), newer).encode(record);

        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.send(Topic.INTERACTIONS, "u1", interaction("u1", "i1", "view", START));
            job.start(1);
            job.awaitManifest();
            kafka.sendBytes(
                    SchemaTopic.NAME,
                    bytes(String.format("%016x", SchemaNormalization.parsingFingerprint64(newer))),
                    bytes(newer.toString()));
            kafka.sendBytes("interactions", bytes("u2"), Arrays.copyOf(value.array(), value.remaining()));

            assertThat(job.awaitManifest().getCounts()).containsEntry("interactions", 2L);
        }
        assertThat(kafka.drain(Topic.DEAD_LETTERS)).isEmpty();
    }

    @Test
    void endsCleanlyWhileItWaitsForKafka() throws Exception {
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            job.start("--bootstrap", "127.0.0.1:" + Ports.free(1)[0]);
            job.awaitLog("waiting: no answer from Kafka");
            job.stop();
        }
    }

    @Test
    void answersACommandWhereNothingChanged() throws Exception {
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.sendAll(Topic.INTERACTIONS, events(new Random(3), 0, 50));
            job.start(1);
            SnapshotManifest first = job.awaitManifest();
            Set<String> snapshots = kafka.table(Topic.GRAPH_SNAPSHOTS).keySet();
            Thread.sleep(2500);
            assertThat(kafka.table(Topic.GRAPH_SNAPSHOTS)).containsOnlyKeys(snapshots);
            kafka.sendBytes("control", null, bytes("no command"));
            kafka.send(
                    Topic.CONTROL,
                    "SNAPSHOT",
                    Control.newBuilder()
                            .setCommand(Command.SNAPSHOT)
                            .setRequestedAt(Instant.now())
                            .build());
            SnapshotManifest second = kafka.awaitRecord(
                            Topic.GRAPH_SNAPSHOTS,
                            record -> !snapshots.contains(record.value().getSnapshotId()),
                            Duration.ofSeconds(60))
                    .value();
            assertThat(second.getFiles()).isEqualTo(first.getFiles());
            assertThat(second.getCounts()).isEqualTo(first.getCounts());
        }
    }

    @Test
    void measuresTheRecallOfListsByContent() throws Exception {
        int port = Ports.free(1)[0];
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.sendAll(Topic.ITEMS, items(0, 20));
            job.start("--metrics-port", Integer.toString(port));
            job.awaitManifest();
            String name = JobMetric.KNN_RECALL.prometheusName();
            Instant deadline = Instant.now().plusSeconds(60);
            List<String> samples = List.of();
            while (samples.isEmpty()) {
                assertThat(Instant.now()).as("no " + name).isBefore(deadline);
                Thread.sleep(100);
                samples = metrics(port)
                        .lines()
                        .filter(line -> line.startsWith(name + '{'))
                        .toList();
            }
            assertThat(samples)
                    .allSatisfy(sample ->
                            assertThat(sample).contains("graph=\"item_content_").endsWith(" 1.0"));
        }
    }

    private static String metrics(int port) throws Exception {
        URI address = URI.create("http://127.0.0.1:" + port + "/metrics");
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void saysInOneLineWhyItCannotStart() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "no folder");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                JobUnderTest job = new JobUnderTest(kafka, folder)) {
            assertThat(job.refuse(2, "--top-k", "0"))
                    .singleElement()
                    .asString()
                    .isEqualTo("graph-job: top-k is 0; it must be at least 1; see --help");
            assertThat(job.refuse(2, "--checkpoint-interval", "soon"))
                    .singleElement()
                    .asString()
                    .contains("'soon' is no time");
            assertThat(job.refuse(1, "--rest-port", Integer.toString(taken.getLocalPort())))
                    .singleElement()
                    .asString()
                    .contains("port " + taken.getLocalPort() + " is taken");
            assertThat(job.refuse(1, "--state", file.resolve("state").toString()))
                    .singleElement()
                    .asString()
                    .contains("cannot write to " + file.resolve("state"));
            assertThat(job.refuse(2, "--snapshot-retention", "1ms"))
                    .singleElement()
                    .asString()
                    .contains("--snapshot-retention is shorter than 10s");
            assertThat(job.refuse(2, "--registry", "http://127.0.0.1:9"))
                    .singleElement()
                    .asString()
                    .startsWith("graph-job: --registry: the schema registry http://127.0.0.1:9 does not answer");
            assertThat(job.refuse(1, "--bootstrap", "no-such-host.invalid:1"))
                    .last()
                    .asString()
                    .startsWith("graph-job: Kafka's address no-such-host.invalid:1 cannot be used");
            assertThat(job.refuse(1, "--snapshots", file.toString()))
                    .singleElement()
                    .asString()
                    .contains("cannot write to " + file);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package dev.freshet.graphjob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.codec.Vectors;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import dev.freshet.graph.GraphNames;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.process.Installation;
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

/** The job as a process against a real broker: its snapshots equal the batch graphs, whatever happens to it. */
class GraphJobIT {

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    Path folder;

    private final TestKafka kafka = TestKafka.shared();

    @BeforeEach
    void topics() {
        kafka.freshTopics(3);
    }

    @Test
    void equalsTheBatchGraphsOverStopsKillsAndRescales() throws Exception {
        Random random = new Random(11);
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.sendAll(Topic.ITEMS, items(0, 40));
            kafka.sendAll(Topic.INTERACTIONS, events(random, 0, 2000));
            job.start(1);
            GraphSnapshot first = job.awaitEqual();
            assertThat(first.items()).hasSize(40);
            assertThat(first.manifest().getSettings()).isEqualTo(JobUnderTest.SETTINGS.toMap());
            assertThat(first.manifest().getWatermark()).isBetween(START, START.plusSeconds(4000));

            // A stop takes a savepoint, and the next start goes on from it, with another parallelism.
            job.stop();
            long neighborsBefore = listsByInteractions();
            kafka.send(Topic.ITEMS, "item-7", null);
            job.start(2);
            GraphSnapshot second = job.awaitEqual();
            assertThat(second.items()).hasSize(39).noneMatch(item -> item.getItem()
                    .equals("item-7"));
            assertThat(second.manifest().getCheckpointId())
                    .isGreaterThan(first.manifest().getCheckpointId());
            assertThat(second.manifest().getFeatureVersion())
                    .isEqualTo(first.manifest().getFeatureVersion() + 1);
            assertThat(listsByInteractions()).as("unchanged lists").isEqualTo(neighborsBefore);

            // Killed while it works, with vectors that are new, changed or gone before and after.
            kafka.sendAll(Topic.INTERACTIONS, events(random, 2000, 3000));
            kafka.sendAll(Topic.ITEMS, items(40, 20));
            kafka.send(Topic.ITEMS, "item-3", item("item-3", -1, 5, 2));
            Thread.sleep(700);
            job.kill();
            kafka.sendAll(Topic.INTERACTIONS, events(random, 5000, 500));
            kafka.send(Topic.ITEMS, "item-5", null);
            kafka.send(
                    Topic.ITEMS, "item-4", Item.newBuilder().setItem("item-4").build());
            kafka.send(Topic.ITEMS, "item-8", item("item-8", 0, 0, 1));
            job.start(3);
            GraphSnapshot third = job.awaitEqual();

            job.stop();
            job.start(2);
            // In no graph.
            kafka.send(Topic.ITEMS, "plain", Item.newBuilder().setItem("plain").build());
            GraphSnapshot fourth = job.awaitEqual();
            assertThat(fourth.interactions()).isEqualTo(third.interactions());
            assertThat(fourth.graphs()).as("rows, versions included").isEqualTo(third.graphs());
            job.stop();
            assertThat(job.refuse(1, "--k-max", "20"))
                    .last()
                    .asString()
                    .isEqualTo("graph-job: the job ended: the state was made with {content-top-k=3, f-max=40, k-max=60,"
                            + " user-cooccurrence=on, window=PT7200H}, this job has {content-top-k=3, f-max=40, k-max=20,"
                            + " user-cooccurrence=on, window=PT7200H}: go on with the same, or start with an empty state,"
                            + " which is made anew from the topics");
        }
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
    void realDataEqualsTheBatchGraphsAfterKills() throws Exception {
        Path data = Installation.find().home().resolve("../shared/data/movielens-100k");
        assumeTrue(Files.isDirectory(data), "no data set " + data);
        List<Map.Entry<String, Interaction>> events = new ArrayList<>();
        Feed feed = DataSets.open(data, BadRows.fatal());
        try (Feed.Cursor cursor = feed.open(0)) {
            for (FeedEvent event = cursor.next(); event != null; event = cursor.next()) {
                if (event instanceof FeedEvent.OfInteraction interaction) {
                    events.add(Map.entry(interaction.interaction().getUser(), interaction.interaction()));
                }
            }
        }
        assertThat(events).hasSizeGreaterThan(90_000);
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            job.start(1);
            int part = events.size() / 3;
            kafka.sendAll(Topic.INTERACTIONS, events.subList(0, part));
            job.awaitManifest();
            kafka.sendAll(Topic.INTERACTIONS, events.subList(part, 2 * part));
            job.kill();
            job.start(1);
            kafka.sendAll(Topic.INTERACTIONS, events.subList(2 * part, events.size()));
            job.awaitEqual();
        }
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
    void goesOnNumberingSnapshotsWhereItsStateIsLost() throws Exception {
        try (JobUnderTest job = new JobUnderTest(kafka, folder)) {
            kafka.sendAll(Topic.INTERACTIONS, events(new Random(5), 0, 60));
            job.start(1);
            SnapshotManifest before = job.awaitManifest();
            job.kill();
            Path state = job.state();
            Files.move(state, folder.resolve("lost"));
            kafka.sendAll(Topic.INTERACTIONS, events(new Random(6), 60, 60));
            // One with lists that nobody takes back but who finds them on the topic.
            String forgotten = kafka.table(Topic.NEIGHBORS).values().stream()
                    .filter(list -> list.getGraph().equals(GraphNames.USER_JACCARD))
                    .findFirst()
                    .orElseThrow()
                    .getNode();
            kafka.send(Topic.ERASURES, "user:" + forgotten, new Erasure(NodeKind.USER, forgotten, Instant.now()));
            job.start(1);

            assertThat(job.awaitEqual().manifest().getSnapshotId()).isGreaterThan(before.getSnapshotId());
            job.kill();

            // Moved, a checkpoint names files that are not there: nothing may be thrown away for that.
            Path moved = Files.move(state, folder.resolve("moved"));
            assertThat(job.refuse(1, "--state", moved.toString()))
                    .last()
                    .asString()
                    .startsWith("graph-job: none of the")
                    .contains("move it back");
            Files.move(moved, state);
            job.start(1);
            job.awaitLog("going on from " + state);
            job.stop();
        }
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

    private long listsByInteractions() {
        return kafka.drain(Topic.NEIGHBORS).stream()
                .filter(list -> List.of(GraphNames.ITEM_JACCARD, GraphNames.USER_JACCARD, GraphNames.ITEM_COOCCURRENCE)
                        .contains(list.key().substring(0, list.key().indexOf(':'))))
                .count();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<Map.Entry<String, Item>> items(int from, int count) {
        List<Map.Entry<String, Item>> items = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            items.add(Map.entry("item-" + i, item("item-" + i, i, 1, 2)));
        }
        return items;
    }

    private static Item item(String id, float... vector) {
        return Item.newBuilder()
                .setItem(id)
                .setTitle("Item " + id)
                .setFeatures(Map.of("image", Vectors.toList(vector)))
                .build();
    }

    private static List<Map.Entry<String, Interaction>> events(Random random, int from, int count) {
        List<Map.Entry<String, Interaction>> events = new ArrayList<>();
        for (int e = from; e < from + count; e++) {
            String user = "user-" + (int) (60 * Math.pow(random.nextDouble(), 1.5));
            String item = "item-" + (int) (80 * Math.pow(random.nextDouble(), 2));
            String action = random.nextInt(4) == 0 ? "remove" : random.nextBoolean() ? "view" : "purchase";
            // Out of order by up to a hundred seconds.
            events.add(Map.entry(user, interaction(user, item, action, START.plusSeconds(e + random.nextInt(100)))));
        }
        return events;
    }

    private static Interaction interaction(String user, String item, String action, Instant time) {
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction(action)
                .setEventTime(time)
                .build();
    }
}

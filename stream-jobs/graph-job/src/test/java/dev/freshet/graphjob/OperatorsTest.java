package dev.freshet.graphjob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.batch.BatchContent;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.batch.LiveInteractions;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotReader;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Intake;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.file.DataFileStream;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operators in Flink's test harness. */
class OperatorsTest {

    private static final GraphSettings SETTINGS = new GraphSettings(4, 2, 3)
            .withCuts(10, 8)
            .withWindow(Duration.ofMillis(1500))
            .withContent(5, 1000);
    private static final Duration LONG = Duration.ofHours(1);

    /** Items as a later version may have them. */
    private static final Schema NEWER = newer();

    @TempDir
    Path folder;

    private GraphSettings settings = SETTINGS;
    private final Random random = new Random(5);
    private final LiveInteractions live = new LiveInteractions();
    private final Map<String, Item> catalogue = new TreeMap<>();
    private final Map<String, Long> appended = new TreeMap<>();
    private final Map<String, Long> erasedItems = new TreeMap<>();
    private final Map<String, NeighborList> neighbors = new TreeMap<>();
    private long offset;

    private HarnessPipeline pipeline(int parallelism, Duration retention, HarnessPipeline.Checkpoint from)
            throws Exception {
        return new HarnessPipeline(folder.toUri().toString(), settings, retention, parallelism, from);
    }

    @Test
    void snapshotsEqualTheBatchGraphsOverRestoresAndRescales() throws Exception {
        HarnessPipeline.Checkpoint checkpoint = null;
        long id = 0;
        for (int parallelism : new int[] {1, 2, 3, 3, 1}) {
            HarnessPipeline pipeline = pipeline(parallelism, LONG, checkpoint);
            for (int round = 0; round < 8; round++) {
                feed(pipeline, 1 + random.nextInt(150));
                forgetSomeone(pipeline);
                feed(pipeline, 1 + random.nextInt(10));
                checkpoint = pipeline.checkpoint(++id);
                check(pipeline.takeSent());
            }
            // Lost in a crash: what came after the checkpoint, and the files that it began.
            LiveInteractions before = live;
            long offsetBefore = offset;
            pipeline.event(event("lost", "lost", "view", 0, before, false));
            pipeline.item(item("lost", "lost", 1, 2));
            offset = offsetBefore;
            pipeline.close();
        }
    }

    @Test
    void usersItemsCountFromTheFirstVectorOnHoweverLateItComes() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            feedEvents(pipeline, 200);
            pipeline.checkpoint(1);
            feedEvents(pipeline, 50);
            checkpoint = pipeline.checkpoint(2);
            assertThat(pipeline.linkBatches()).isZero();
        }
        try (HarnessPipeline pipeline = pipeline(2, LONG, checkpoint)) {
            feedEvents(pipeline, 20);
            pipeline.checkpoint(3);
            assertThat(pipeline.linkBatches()).isZero();
            feed(pipeline, 60);
            pipeline.takeSent();
            pipeline.checkpoint(4);
            checkWithoutTopic(pipeline.takeSent());
            feedEvents(pipeline, 60);
            checkpoint = pipeline.checkpoint(5);
            checkWithoutTopic(pipeline.takeSent());
        }
        try (HarnessPipeline pipeline = pipeline(1, LONG, checkpoint)) {
            feedEvents(pipeline, 60);
            pipeline.checkpoint(6);
            checkWithoutTopic(pipeline.takeSent());
        }
    }

    @Test
    void snapshotsEqualTheBatchGraphsWithoutCutsAndWindow() throws Exception {
        GraphSettings exact = new GraphSettings(4, 2, 3)
                .withContent(5, 1000)
                .withUserCooccurrence(3)
                .withCuts(GraphSettings.UNLIMITED, GraphSettings.UNLIMITED);
        HarnessPipeline.Checkpoint checkpoint = null;
        long id = 0;
        // All but cuts and window may be others after a restart.
        for (GraphSettings next : List.of(
                exact,
                new GraphSettings(2, 1, 5)
                        .withContent(5, 1000)
                        .withUserCooccurrence(5)
                        .withCuts(GraphSettings.UNLIMITED, GraphSettings.UNLIMITED),
                exact)) {
            settings = next;
            try (HarnessPipeline pipeline = pipeline(1 + (int) id % 3, LONG, checkpoint)) {
                for (int round = 0; round < 4; round++) {
                    feed(pipeline, 1 + random.nextInt(150));
                    forgetSomeone(pipeline);
                    checkpoint = pipeline.checkpoint(++id);
                    check(pipeline.takeSent());
                }
            }
        }
    }

    @Test
    void aCheckpointThatIsGivenUpIsMadeGoodByTheNext() throws Exception {
        try (HarnessPipeline pipeline = pipeline(2, LONG, null)) {
            for (long id = 1; id <= 9; id += 3) {
                feed(pipeline, 100);
                pipeline.checkpoint(id);
                check(pipeline.takeSent());
                feed(pipeline, 50);
                forgetSomeone(pipeline);
                pipeline.barrier(id + 1);
                feed(pipeline, 50);
                pipeline.checkpoint(id + 2);
                List<Outbound> sent = new ArrayList<>(pipeline.takeSent());
                // The manifest of the one given up goes out with that of the next.
                sent.remove(sent.stream()
                        .filter(record -> record.topic.equals(Topic.GRAPH_SNAPSHOTS.name()))
                        .findFirst()
                        .orElseThrow());
                check(sent);
            }
        }
    }

    @Test
    void saysWhichSettingsAreFixed() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            feed(pipeline, 50);
            checkpoint = pipeline.checkpoint(1);
        }
        for (GraphSettings other : List.of(
                SETTINGS.withCuts(10, 9),
                SETTINGS.withWindow(null),
                SETTINGS.withContent(6, 1000),
                SETTINGS.withUserCooccurrence(1))) {
            settings = other;
            assertThatThrownBy(() -> pipeline(1, LONG, checkpoint))
                    .hasRootCauseInstanceOf(IllegalStateException.class)
                    .rootCause()
                    .hasMessageContaining("content-top-k=5, f-max=10, k-max=8, user-cooccurrence=off, window=PT1.5S")
                    .hasMessageContaining("go on with the same");
        }
    }

    @Test
    void nothingIsPublishedWhereNothingChanged() throws Exception {
        try (HarnessPipeline first = pipeline(1, LONG, null)) {
            feed(first, 50);
            HarnessPipeline.Checkpoint checkpoint = first.checkpoint(1);
            assertThat(HarnessPipeline.manifests(first.takeSent())).hasSize(1);
            first.checkpoint(2);
            assertThat(first.takeSent()).isEmpty();

            CutPart request = new CutPart();
            request.requested = true;
            first.cutPart(request);
            first.checkpoint(3);
            assertThat(HarnessPipeline.manifests(first.takeSent())).containsOnlyKeys("snapshot-000000000002");

            try (HarnessPipeline restored = pipeline(1, LONG, checkpoint)) {
                restored.checkpoint(4);
                assertThat(restored.takeSent()).isEmpty();
            }
        }
    }

    @Test
    void deltasFollowTheirBaseUntilTheyOutgrowIt() throws Exception {
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            feed(pipeline, 300);
            pipeline.checkpoint(1);
            for (long id = 2; id < 200; id++) {
                feed(pipeline, 1);
                pipeline.checkpoint(id);
            }
            for (SnapshotManifest manifest :
                    HarnessPipeline.manifests(pipeline.takeSent()).values()) {
                Map<String, List<SnapshotFile>> byContent = new TreeMap<>();
                manifest.getFiles().forEach(file -> byContent
                        .computeIfAbsent(file.getContent(), content -> new ArrayList<>())
                        .add(file));
                byContent.forEach((content, files) -> {
                    assertThat(files).as(content).hasSizeBetween(1, 32);
                    assertThat(files.get(0).getBase()).isTrue();
                    assertThat(files.subList(1, files.size())).noneMatch(SnapshotFile::getBase);
                    assertThat(files.stream()
                                    .mapToLong(SnapshotFile::getRecords)
                                    .sum())
                            .isLessThanOrEqualTo(4 * files.get(0).getRecords());
                });
            }
        }
    }

    @Test
    void supersededSnapshotsGoWithTheirFiles() throws Exception {
        Map<String, SnapshotManifest> manifests = new TreeMap<>();
        try (HarnessPipeline pipeline = pipeline(2, Duration.ZERO, null)) {
            for (long id = 1; id <= 60; id++) {
                feed(pipeline, 20);
                pipeline.checkpoint(id);
                take(pipeline, manifests);
            }
        }
        assertThat(manifests).hasSize(3).containsKey("snapshot-000000000060");
        assertThat(files()).containsExactlyInAnyOrderElementsOf(named(manifests));
    }

    @Test
    void supersededSnapshotsGoWithTheirFilesAfterARestart() throws Exception {
        Map<String, SnapshotManifest> manifests = new TreeMap<>();
        HarnessPipeline.Checkpoint checkpoint = null;
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            for (long id = 1; id <= 10; id++) {
                feed(pipeline, 100);
                checkpoint = pipeline.checkpoint(id);
                take(pipeline, manifests);
            }
        }
        try (HarnessPipeline pipeline = pipeline(1, LONG, checkpoint)) {
            pipeline.checkpoint(11);
            assertThat(files()).containsExactlyInAnyOrderElementsOf(named(manifests));
            pipeline.pass(LONG);
            pipeline.checkpoint(12);
            take(pipeline, manifests);
        }
        assertThat(manifests).hasSize(3);
        assertThat(files()).containsExactlyInAnyOrderElementsOf(named(manifests));
    }

    /** Notes which manifests there are. */
    private static void take(HarnessPipeline pipeline, Map<String, SnapshotManifest> manifests) {
        HarnessPipeline.manifests(pipeline.takeSent()).forEach((key, manifest) -> {
            if (manifest == null) {
                assertThat(manifests.remove(key)).as("retired once").isNotNull();
            } else {
                manifests.put(key, manifest);
            }
        });
    }

    private static Set<String> named(Map<String, SnapshotManifest> manifests) {
        return manifests.values().stream()
                .flatMap(manifest -> manifest.getFiles().stream())
                .map(SnapshotFile::getPath)
                .collect(Collectors.toSet());
    }

    @Test
    void whatACrashedAttemptHasWrittenGoesAfterTheRetention() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        List<String> named;
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            feed(pipeline, 100);
            checkpoint = pipeline.checkpoint(1);
            named = files();
            feed(pipeline, 100);
            pipeline.checkpoint(2);
        }
        List<String> orphans = new ArrayList<>(files());
        orphans.removeAll(named);
        Path foreign = Files.createFile(folder.resolve("someone-elses.avro"));
        Files.setLastModifiedTime(foreign, FileTime.fromMillis(0));
        try (HarnessPipeline pipeline = pipeline(1, LONG, checkpoint)) {
            feed(pipeline, 5);
            pipeline.checkpoint(3);
            assertThat(files()).containsAll(orphans);
            pipeline.pass(LONG);
            pipeline.checkpoint(4);
            assertThat(orphans).isNotEmpty();
            assertThat(files()).containsAll(named).doesNotContainAnyElementsOf(orphans);
            assertThat(foreign).exists();
        }
    }

    @Test
    void aBaseIsWrittenAnewWhereTheFilesAreGone() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            feed(pipeline, 100);
            checkpoint = pipeline.checkpoint(1);
            check(pipeline.takeSent());
        }
        for (String file : files()) {
            Files.delete(folder.resolve(file));
        }
        try (HarnessPipeline pipeline = pipeline(1, LONG, checkpoint)) {
            feed(pipeline, 1);
            pipeline.checkpoint(2);
            check(pipeline.takeSent());
        }
    }

    @Test
    void whoIsForgottenIsFoundInNoFileAndNoList() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = pipeline(2, Duration.ZERO, null)) {
            for (long id = 1; id <= 5; id++) {
                feed(pipeline, 60);
                pipeline.event(event("Anna", "i" + id, "view", offset, live, true));
                pipeline.event(event("u" + id, "Chair", "view", offset, live, true));
                CatalogItem chair = item("Chair", "Chair", id, 1);
                chair.appended = offset;
                pipeline.item(chair);
                pipeline.checkpoint(id);
            }
            assertThat(mentions("Anna")).isNotEmpty();
            assertThat(mentions("Chair")).isNotEmpty();
            for (Erasure erasure : List.of(
                    new Erasure(NodeKind.USER, "Anna", Instant.ofEpochMilli(offset)),
                    new Erasure(NodeKind.ITEM, "Chair", Instant.ofEpochMilli(offset)))) {
                pipeline.erase(erasure);
                live.erase(erasure);
            }
            pipeline.takeSent();
            pipeline.checkpoint(6);
            List<Outbound> sent = pipeline.takeSent();
            assertThat(sent)
                    .filteredOn(record -> record.topic.equals(Topic.NEIGHBORS.name()))
                    .allSatisfy(record -> {
                        if (mentions(record.key, "Anna") || mentions(record.key, "Chair")) {
                            assertThat(record.value).isNull();
                        } else if (record.value != null) {
                            assertThat(mentions(record.value, "Anna") || mentions(record.value, "Chair"))
                                    .isFalse();
                        }
                    })
                    .anySatisfy(
                            record -> assertThat(mentions(record.key, "Anna")).isTrue())
                    .anySatisfy(
                            record -> assertThat(mentions(record.key, "Chair")).isTrue());
            assertThat(newest(sent.stream()
                                    .filter(record -> record.value != null)
                                    .toList())
                            .items())
                    .extracting(Item::getItem)
                    .doesNotContain("Chair");
            // What came before is superseded; the next checkpoint lets it go, though nothing has changed.
            checkpoint = pipeline.checkpoint(7);
            assertThat(mentions("Anna")).isEmpty();
            assertThat(mentions("Chair")).isEmpty();
        }
        // A replay does not bring them back, what is new counts.
        try (HarnessPipeline pipeline = pipeline(3, Duration.ZERO, checkpoint)) {
            pipeline.event(event("Anna", "i1", "view", offset - 20, live, true));
            pipeline.event(event("u1", "Chair", "view", offset - 20, live, true));
            CatalogItem chair = item("Chair", "Chair", 9, 1);
            chair.appended = offset - 20;
            pipeline.item(chair);
            feed(pipeline, 20);
            pipeline.checkpoint(8);
            assertThat(mentions("Anna")).isEmpty();
            assertThat(mentions("Chair")).isEmpty();
            pipeline.takeSent();
            pipeline.event(event("Anna", "i1", "view", offset + 20, live, true));
            pipeline.event(event("u1", "Chair", "view", offset + 20, live, true));
            pipeline.checkpoint(9);
            assertThat(newest(pipeline.takeSent().stream()
                                    .filter(record -> record.value != null)
                                    .toList())
                            .interactions())
                    .isEqualTo(live.live(settings))
                    .anyMatch(pair -> pair.getUser().equals("Anna"))
                    .anyMatch(pair -> pair.getItem().equals("Chair"));
        }
    }

    @Test
    void anItemIsForgottenWhereItsRecordWentBeforeOrCameAgain() throws Exception {
        try (HarnessPipeline pipeline = pipeline(2, Duration.ZERO, null)) {
            feed(pipeline, 100);
            pipeline.item(item("Chair", "Chair", 1, 2));
            pipeline.item(item("Table", "Old", 1, 3));
            pipeline.checkpoint(1);
            assertThat(mentions("Chair")).isNotEmpty();
            assertThat(mentions("Old")).isNotEmpty();
            pipeline.item(withdrawn("Chair"));
            CatalogItem again = item("Table", "New", 2, 3);
            again.appended = 20;
            pipeline.item(again);
            pipeline.checkpoint(2);
            for (String id : List.of("Chair", "Table")) {
                pipeline.erase(new Erasure(NodeKind.ITEM, id, Instant.ofEpochMilli(10)));
            }
            pipeline.checkpoint(3);
            pipeline.checkpoint(4);
            assertThat(mentions("Chair")).isEmpty();
            assertThat(mentions("Old")).isEmpty();
            assertThat(mentions("New")).isNotEmpty();
        }
    }

    @Test
    void anItemIsForgottenWhereNoVectorsAreLeft() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = pipeline(1, Duration.ZERO, null)) {
            for (String id : List.of("Chair", "Table", "Lamp")) {
                pipeline.item(item(id, id, id.length(), 2));
            }
            pipeline.checkpoint(1);
            for (String id : List.of("Chair", "Table", "Lamp")) {
                pipeline.item(item(id, id));
            }
            checkpoint = pipeline.checkpoint(2);
        }
        try (HarnessPipeline pipeline = pipeline(1, Duration.ZERO, checkpoint)) {
            pipeline.erase(new Erasure(NodeKind.ITEM, "Chair", Instant.ofEpochMilli(10)));
            pipeline.checkpoint(3);
            pipeline.checkpoint(4);
            assertThat(mentions("Chair")).isEmpty();
            assertThat(mentions("Lamp")).isNotEmpty();
        }
    }

    @Test
    void aUserIsForgottenWhoHasExpired() throws Exception {
        try (HarnessPipeline pipeline = pipeline(2, Duration.ZERO, null)) {
            for (int item = 0; item < 5; item++) {
                pipeline.event(event("Anna", "a" + item, "view", offset, live, true));
                pipeline.event(event("Bert", "a" + item, "view", offset, live, true));
            }
            feed(pipeline, 200);
            pipeline.checkpoint(1);
            pipeline.event(event("u1", "i1", "view", 1510, live, true));
            pipeline.checkpoint(2);
            assertThat(live.live(settings)).noneMatch(pair -> pair.getUser().equals("Anna"));
            assertThat(mentions("Anna")).hasSizeGreaterThan(1);
            pipeline.erase(new Erasure(NodeKind.USER, "Anna", Instant.ofEpochMilli(2000)));
            pipeline.checkpoint(3);
            pipeline.checkpoint(4);
            assertThat(mentions("Anna")).isEmpty();
        }
    }

    /** Snapshot files that hold a text. */
    private List<String> mentions(String text) throws IOException {
        List<String> found = new ArrayList<>();
        for (String file : files()) {
            try (DataFileStream<GenericRecord> rows =
                    new DataFileStream<>(Files.newInputStream(folder.resolve(file)), new GenericDatumReader<>())) {
                for (GenericRecord row : rows) {
                    if (row.toString().contains(text)) {
                        found.add(file);
                        break;
                    }
                }
            }
        }
        return found;
    }

    private static boolean mentions(byte[] bytes, String text) {
        return new String(bytes, StandardCharsets.ISO_8859_1).contains(text);
    }

    @Test
    void theCatalogKeepsTheLastRecordAndCountsChangedFeatures() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = pipeline(2, LONG, null)) {
            pipeline.item(item("a", "first", 1, 2));
            pipeline.item(item("b", "second", 3, 4));
            pipeline.item(item("a", "renamed", 1, 2));
            checkpoint = pipeline.checkpoint(1);
            GraphSnapshot snapshot = newest(pipeline.takeSent());
            assertThat(snapshot.items()).extracting(Item::getTitle).containsExactly("renamed", "second");
            assertThat(snapshot.manifest().getFeatureVersion()).isEqualTo(2);
        }
        try (HarnessPipeline pipeline = pipeline(1, LONG, checkpoint)) {
            pipeline.item(item("a", "renamed", 1, 5));
            pipeline.item(withdrawn("b"));
            pipeline.item(withdrawn("never seen"));
            pipeline.checkpoint(2);
            GraphSnapshot snapshot = newest(pipeline.takeSent());
            assertThat(snapshot.items())
                    .extracting(i -> i.getFeatures().get("image"))
                    .containsExactly(List.of(1f, 5f));
            assertThat(snapshot.manifest().getFeatureVersion()).isEqualTo(4);
            assertThat(snapshot.manifest().getCounts()).containsEntry("catalog", 1L);
        }
    }

    @Test
    void itemsOfAnotherVersionAreReadWithItsSchema() throws Exception {
        CatalogItem update = new CatalogItem();
        update.item = "a";
        ByteBuffer value = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), NEWER)
                .encode(new GenericRecordBuilder(NEWER)
                        .set("item", "a")
                        .set("title", "newer")
                        .build());
        update.value = Arrays.copyOf(value.array(), value.remaining());
        try (HarnessPipeline pipeline = new HarnessPipeline(
                folder.toUri().toString(),
                settings,
                LONG,
                1,
                null,
                Long.MAX_VALUE,
                HarnessPipeline.NOTHING,
                OperatorsTest::loadNewer)) {
            pipeline.item(update);
            pipeline.checkpoint(1);
            assertThat(newest(pipeline.takeSent()).items())
                    .extracting(Item::getTitle)
                    .containsExactly("newer");
        }
    }

    private static Schema newer() {
        Schema schema = Item.getClassSchema();
        List<Schema.Field> fields = new ArrayList<>();
        schema.getFields().forEach(field -> fields.add(new Schema.Field(field, field.schema())));
        fields.add(new Schema.Field("added", Schema.create(Schema.Type.STRING), "Added.", "x"));
        return Schema.createRecord(schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
    }

    private static void loadNewer() {
        TopicPartition partition = new TopicPartition(SchemaTopic.NAME, 0);
        Node node = new Node(0, "host", 1);
        try (MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none")) {
            consumer.updatePartitions(
                    SchemaTopic.NAME, List.of(new PartitionInfo(SchemaTopic.NAME, 0, node, new Node[0], new Node[0])));
            consumer.updateBeginningOffsets(Map.of(partition, 0L));
            consumer.updateEndOffsets(Map.of(partition, 1L));
            consumer.schedulePollTask(() -> consumer.addRecord(new ConsumerRecord<>(
                    SchemaTopic.NAME, 0, 0, null, NEWER.toString().getBytes(StandardCharsets.UTF_8))));
            SchemaTopic.load(consumer);
        }
    }

    @Test
    void offsetsAndWatermarkAddUpOverPartsAndRestores() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            pipeline.cutPart(position(0, 10, 5000));
            pipeline.cutPart(position(1, 20, 9000));
            checkpoint = pipeline.checkpoint(1);
            SnapshotManifest manifest = newest(pipeline.takeSent()).manifest();
            assertThat(manifest.getWatermark()).isEqualTo(Instant.ofEpochMilli(9000));
        }
        try (HarnessPipeline pipeline = pipeline(1, LONG, checkpoint)) {
            pipeline.cutPart(position(0, 12, 7000));
            pipeline.checkpoint(2);
            SnapshotManifest manifest = newest(pipeline.takeSent()).manifest();
            assertThat(manifest.getOffsets())
                    .containsExactly(new TopicOffset("interactions", 0, 12L), new TopicOffset("interactions", 1, 20L));
            assertThat(manifest.getWatermark()).isEqualTo(Instant.ofEpochMilli(9000));
        }
    }

    @Test
    void contentStaysBehindWhileMuchComesIn() throws Exception {
        Map<String, Item> none = Map.of();
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = new HarnessPipeline(
                folder.toUri().toString(), settings, LONG, 1, null, 100, HarnessPipeline.NOTHING, () -> {})) {
            feed(pipeline, 100);
            pipeline.checkpoint(1);
            assertThat(HarnessPipeline.manifests(pipeline.takeSent()))
                    .as("while it is behind")
                    .isEqualTo(none);
            feed(pipeline, 100);
            checkpoint = pipeline.checkpoint(2);
            assertThat(HarnessPipeline.manifests(pipeline.takeSent())).isEqualTo(none);
            pipeline.checkpoint(3);
            assertThat(HarnessPipeline.manifests(pipeline.takeSent()))
                    .as("while it is computed")
                    .isEqualTo(none);
            pipeline.awaitContent();
            pipeline.checkpoint(4);
            checkWithoutTopic(pipeline.takeSent());
        }
        try (HarnessPipeline restored = new HarnessPipeline(
                folder.toUri().toString(), settings, LONG, 2, checkpoint, 100, HarnessPipeline.NOTHING, () -> {})) {
            // All that the lists in the state do not cover is computed beside the stream, too.
            restored.checkpoint(4);
            restored.checkpoint(5);
            assertThat(HarnessPipeline.manifests(restored.takeSent())).isEqualTo(none);
            restored.awaitContent();
            restored.checkpoint(6);
            checkWithoutTopic(restored.takeSent());
        }
    }

    @Test
    void lateCutsEqualTheBatchGraphsOfTheirOwn() throws Exception {
        Map<Long, Map<String, List<NeighborList>>> expected = new TreeMap<>();
        Map<Long, List<LiveInteraction>> interactions = new TreeMap<>();
        Map<String, SnapshotManifest> manifests = new TreeMap<>();
        HarnessPipeline.Checkpoint checkpoint = null;
        int late = 0;
        long id = 0;
        for (int parallelism : new int[] {1, 2, 1}) {
            // Every change takes longer than a barrier may.
            HarnessPipeline pipeline = new HarnessPipeline(
                    folder.toUri().toString(),
                    settings,
                    Duration.ZERO,
                    parallelism,
                    checkpoint,
                    0,
                    HarnessPipeline.NOTHING,
                    () -> {});
            feed(pipeline, 200);
            for (int round = 0; round < 40; round++) {
                // Without a change, what was put off is due.
                if (round % 2 == 0) {
                    feed(pipeline, 1 + random.nextInt(20));
                }
                if (round % 8 == 6) {
                    forgetSomeone(pipeline);
                }
                if (random.nextBoolean()) {
                    pipeline.awaitContent();
                }
                checkpoint = pipeline.checkpoint(++id);
                expected.put(id, BatchGraphs.all(live.live(settings), catalogue.values(), settings));
                interactions.put(id, live.live(settings));
                Map<String, SnapshotManifest> found = HarnessPipeline.manifests(pipeline.takeSent());
                for (Map.Entry<String, SnapshotManifest> entry : found.entrySet()) {
                    SnapshotManifest manifest = entry.getValue();
                    if (manifest == null) {
                        assertThat(manifests.remove(entry.getKey())).isNotNull();
                        continue;
                    }
                    manifests.put(entry.getKey(), manifest);
                    late += manifest.getCheckpointId() < id ? 1 : 0;
                    GraphSnapshot snapshot = SnapshotReader.read(manifest);
                    Map<String, List<NeighborList>> graphs = new TreeMap<>(snapshot.graphs());
                    graphs.values().removeIf(List::isEmpty);
                    assertThat(unversioned(graphs)).isEqualTo(expected.get(manifest.getCheckpointId()));
                    assertThat(snapshot.interactions()).isEqualTo(interactions.get(manifest.getCheckpointId()));
                }
                // What is retained can be read.
                assertThat(files()).containsAll(named(manifests));
            }
            pipeline.close();
        }
        assertThat(late).isGreaterThan(10);
    }

    @Test
    void whatIsErasedWhileItIsComputedDoesNotGoOutAgain() throws Exception {
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline = new HarnessPipeline(
                folder.toUri().toString(), settings, LONG, 1, null, 0, HarnessPipeline.NOTHING, () -> {})) {
            feed(pipeline, 300);
            pipeline.checkpoint(1);
            pipeline.checkpoint(2);
            pipeline.awaitContent();
            pipeline.checkpoint(3);
            assertThat(namesInContentFiles(newest(pipeline.takeSent()).manifest()))
                    .contains("i0");
            feed(pipeline, 40);
            pipeline.checkpoint(4);
            pipeline.checkpoint(5);
            pipeline.takeSent();
            Erasure erasure = new Erasure(NodeKind.ITEM, "i0", Instant.ofEpochMilli(offset + 100));
            live.erase(erasure);
            catalogue.remove("i0");
            pipeline.erase(erasure);
            checkpoint = pipeline.checkpoint(6);
            for (long id = 7; id < 10; id++) {
                pipeline.awaitContent();
                pipeline.checkpoint(id);
            }
            List<Outbound> sent = pipeline.takeSent();
            doNotName("i0", sent);
            for (Outbound record : sent) {
                if (record.topic.equals(Topic.NEIGHBORS.name()) && record.value != null) {
                    NeighborList list = Topic.NEIGHBORS.codec().decode(record.value);
                    assertThat(list.getNode()).isNotEqualTo("i0");
                    assertThat(list.getNeighbors())
                            .noneMatch(neighbor -> neighbor.getId().equals("i0"));
                }
            }
        }
        try (HarnessPipeline restored = new HarnessPipeline(
                folder.toUri().toString(), settings, LONG, 1, checkpoint, 0, HarnessPipeline.NOTHING, () -> {})) {
            restored.event(event("u1", "i2", "view", offset, live, true));
            for (long id = 10; id < 16; id++) {
                restored.checkpoint(id);
                restored.awaitContent();
            }
            doNotName("i0", restored.takeSent());
        }
    }

    private void doNotName(String item, List<Outbound> sent) throws IOException {
        Map<String, SnapshotManifest> manifests = HarnessPipeline.manifests(sent);
        manifests.values().removeIf(Objects::isNull);
        assertThat(manifests).isNotEmpty();
        for (SnapshotManifest manifest : manifests.values()) {
            assertThat(namesInContentFiles(manifest)).doesNotContain(item);
        }
    }

    /** Nodes and neighbors in the rows of the graphs by content, in force or not. */
    private Set<String> namesInContentFiles(SnapshotManifest manifest) throws IOException {
        Set<String> names = new TreeSet<>();
        for (SnapshotFile file : manifest.getFiles()) {
            if (file.getContent().startsWith("item-content-")) {
                try (InputStream in = Files.newInputStream(folder.resolve(file.getPath()))) {
                    SnapshotReader.forEachList(in, list -> {
                        names.add(list.getNode());
                        list.getNeighbors().forEach(neighbor -> names.add(neighbor.getId()));
                    });
                }
            }
        }
        return names;
    }

    @Test
    void whatALostStateHasLeftIsTakenOverOrWithdrawn() throws Exception {
        SnapshotManifest foreign;
        try (HarnessPipeline pipeline = pipeline(1, LONG, null)) {
            feed(pipeline, 10);
            pipeline.checkpoint(1);
            foreign = newest(pipeline.takeSent()).manifest();
        }
        foreign.setSnapshotId("by-hand");
        HarnessPipeline.Before before = new HarnessPipeline.Before(
                List.of(foreign), Set.of("item-jaccard:gone", "user-jaccard:u0", "item-content-smell:gone"));
        HarnessPipeline.Checkpoint checkpoint;
        try (HarnessPipeline pipeline =
                new HarnessPipeline(folder.toUri().toString(), settings, LONG, 1, null, 100, before, () -> {})) {
            feed(pipeline, 100);
            checkpoint = pipeline.checkpoint(1);
            List<Outbound> sent = pipeline.takeSent();
            assertThat(HarnessPipeline.manifests(sent).keySet())
                    .as("while it is behind")
                    .isEmpty();
            assertThat(withdrawn(sent)).isEmpty();
        }
        try (HarnessPipeline pipeline =
                new HarnessPipeline(folder.toUri().toString(), settings, LONG, 1, checkpoint, 100, before, () -> {})) {
            pipeline.checkpoint(2);
            pipeline.checkpoint(3);
            // A list that has gone out since the cut that is held is not withdrawn.
            pipeline.event(event("u0", "i1", "view", offset + 30, live, true));
            pipeline.event(event("u0", "i2", "view", offset + 30, live, true));
            pipeline.checkpoint(4);
            pipeline.awaitContent();
            pipeline.checkpoint(5);
            List<Outbound> sent = pipeline.takeSent();
            assertThat(HarnessPipeline.manifests(sent)).containsKey("snapshot-000000000001");
            assertThat(withdrawn(sent))
                    .contains("item-jaccard:gone", "item-content-smell:gone")
                    .doesNotContain("user-jaccard:u0");
            pipeline.cutPart(position(0, 1000, 0));
            pipeline.checkpoint(6);
            assertThat(withdrawn(pipeline.takeSent())).isEmpty();
        }
    }

    /** Keys of lists that were taken back. */
    private static List<String> withdrawn(List<Outbound> sent) {
        return sent.stream()
                .filter(record -> record.topic.equals(Topic.NEIGHBORS.name()) && record.value == null)
                .map(record -> new String(record.key, StandardCharsets.UTF_8))
                .toList();
    }

    /** The lists of other graphs went out with earlier checkpoints. */
    private void checkWithoutTopic(List<Outbound> sent) throws Exception {
        Map<String, List<NeighborList>> graphs = new TreeMap<>(newest(sent).graphs());
        graphs.values().removeIf(List::isEmpty);
        assertThat(unversioned(graphs)).isEqualTo(BatchGraphs.all(live.live(settings), catalogue.values(), settings));
    }

    private static CutPart position(int partition, long next, long eventTime) {
        CutPart part = new CutPart();
        part.manifest = Cut.manifest(List.of(), Map.of(), List.of(new TopicOffset("interactions", partition, next)));
        part.eventTimes = new long[] {eventTime};
        return part;
    }

    private void feed(HarnessPipeline pipeline, int events) throws Exception {
        for (int e = 0; e < events; e++) {
            if (random.nextInt(4) == 0) {
                change(pipeline, "i" + random.nextInt(50));
            }
            feedEvents(pipeline, 1);
        }
    }

    private void feedEvents(HarnessPipeline pipeline, int events) throws Exception {
        for (int e = 0; e < events; e++) {
            String user = "u" + (int) (40 * Math.pow(random.nextDouble(), 1.5));
            String item = "i" + (int) (50 * Math.pow(random.nextDouble(), 2));
            String action = random.nextInt(3) == 0 ? "remove" : "view";
            pipeline.event(event(user, item, action, offset + random.nextInt(30), live, true));
        }
    }

    private void forgetSomeone(HarnessPipeline pipeline) throws Exception {
        boolean ofUser = random.nextBoolean();
        Erasure erasure = new Erasure(
                ofUser ? NodeKind.USER : NodeKind.ITEM,
                (ofUser ? "u" : "i") + random.nextInt(40),
                Instant.ofEpochMilli(offset - random.nextInt(50)));
        live.erase(erasure);
        long upTo = erasure.getRequestedAt().toEpochMilli();
        if (!ofUser && appended.getOrDefault(erasure.getId(), Long.MAX_VALUE) <= upTo) {
            catalogue.remove(erasure.getId());
        }
        if (!ofUser) {
            erasedItems.merge(erasure.getId(), upTo, Math::max);
        }
        pipeline.erase(erasure);
    }

    /** Gives an item vectors, other ones, fewer ones or none, or withdraws it. */
    private void change(HarnessPipeline pipeline, String id) throws Exception {
        CatalogItem update = new CatalogItem();
        update.item = id;
        update.appended = offset;
        boolean counts = offset > erasedItems.getOrDefault(id, Long.MIN_VALUE);
        if (counts) {
            appended.put(id, offset);
        }
        if (random.nextInt(6) == 0) {
            if (counts) {
                catalogue.remove(id);
            }
        } else {
            Map<String, List<Float>> features = new TreeMap<>();
            if (random.nextInt(5) > 0) {
                features.put("image", Vectors.toList(random.nextInt(3) - 1, random.nextFloat()));
            }
            if (random.nextInt(5) > 0) {
                features.put("text", Vectors.toList(random.nextInt(3), random.nextInt(3), random.nextFloat()));
            }
            Item item = Item.newBuilder().setItem(id).setFeatures(features).build();
            if (counts) {
                catalogue.put(id, item);
            }
            update.value = Topic.ITEMS.codec().encode(item);
        }
        pipeline.item(update);
    }

    private Event event(String user, String item, String action, long time, LiveInteractions to, boolean counts) {
        Interaction interaction = new Interaction(user, item, action, 1.0, Instant.ofEpochMilli(time), null);
        Event event = new Event();
        event.user = user;
        event.item = item;
        event.itemId = -1;
        event.live = !Intake.isRemoval(interaction);
        event.action = action;
        event.weight = 1;
        event.eventTime = time;
        event.partition = 0;
        event.offset = offset++;
        if (counts) {
            to.add(interaction, 0, event.offset);
        }
        return event;
    }

    private void check(List<Outbound> sent) throws Exception {
        GraphSnapshot snapshot = newest(sent);
        List<LiveInteraction> interactions = live.live(settings);
        assertThat(snapshot.interactions()).isEqualTo(interactions);
        Map<String, List<NeighborList>> expected = BatchGraphs.all(interactions, catalogue.values(), settings);
        Map<String, List<NeighborList>> graphs = new TreeMap<>(snapshot.graphs());
        graphs.values().removeIf(List::isEmpty);
        assertThat(unversioned(graphs)).isEqualTo(expected);
        assertThat(snapshot.items()).isEqualTo(List.copyOf(catalogue.values()));
        assertThat(snapshot.manifest().getMeanCosines()).isEqualTo(BatchContent.meanCosines(catalogue.values()));
        for (Outbound record : sent) {
            if (record.topic.equals(Topic.NEIGHBORS.name())) {
                String key = new String(record.key, StandardCharsets.UTF_8);
                if (record.value == null) {
                    assertThat(neighbors.remove(key)).as("had a list").isNotNull();
                } else {
                    neighbors.put(key, Topic.NEIGHBORS.codec().decode(record.value));
                }
            }
        }
        Map<String, List<NeighborList>> published = new TreeMap<>();
        neighbors.values().forEach(list -> published
                .computeIfAbsent(list.getGraph(), graph -> new ArrayList<>())
                .add(list));
        published.values().forEach(lists -> lists.sort(Comparator.comparing(NeighborList::getNode)));
        assertThat(published).isEqualTo(graphs);
    }

    private static GraphSnapshot newest(List<Outbound> sent) throws IOException {
        Map<String, SnapshotManifest> manifests = HarnessPipeline.manifests(sent);
        assertThat(manifests).hasSize(1);
        return SnapshotReader.read(manifests.values().iterator().next());
    }

    private static Map<String, List<NeighborList>> unversioned(Map<String, List<NeighborList>> graphs) {
        Map<String, List<NeighborList>> unversioned = new TreeMap<>();
        graphs.forEach((graph, lists) -> unversioned.put(
                graph,
                lists.stream()
                        .map(list -> new NeighborList(
                                list.getGraph(), list.getNode(), list.getNeighbors(), list.getDegree(), 0L))
                        .toList()));
        return unversioned;
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".avro"))
                    .toList();
        }
    }

    private static CatalogItem item(String id, String title, float... vector) {
        CatalogItem item = new CatalogItem();
        item.item = id;
        item.value = Topic.ITEMS
                .codec()
                .encode(Item.newBuilder()
                        .setItem(id)
                        .setTitle(title)
                        .setFeatures(vector.length == 0 ? Map.of() : Map.of("image", Vectors.toList(vector)))
                        .build());
        return item;
    }

    private static CatalogItem withdrawn(String id) {
        CatalogItem item = new CatalogItem();
        item.item = id;
        return item;
    }
}

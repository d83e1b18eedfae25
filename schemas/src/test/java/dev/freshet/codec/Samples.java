package dev.freshet.codec;

import dev.freshet.schema.Command;
import dev.freshet.schema.Control;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.schema.Reason;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotItem;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecordBase;

/** One record of each kind with every field set but those that came after 0.1, which have their defaults: stored bytes of 0.1 are read as these. Maps have one entry, so that the encoding is one. */
public final class Samples {

    private static final Instant TIME = Instant.ofEpochMilli(1_700_000_000_123L);

    private Samples() {}

    /** Every kind of record that is written anywhere. */
    public static List<SpecificRecordBase> all() {
        Item item = new Item(
                "item-7",
                "Teapot “Grün”",
                "/photos/7.jpg",
                Map.of("brand", "Fjord"),
                true,
                Map.of("image", Vectors.toList(0.5f, -1.25f, Float.MIN_VALUE)));
        return List.of(
                new Interaction("user-1", "item-7", "purchase", 2.5, TIME, "event-9"),
                item,
                new Erasure(NodeKind.USER, "user-1", TIME),
                new NeighborList(
                        "item-jaccard",
                        "item-7",
                        List.of(new Neighbor("item-8", 1.0 / 3), new Neighbor("item-9", 0.25)),
                        3,
                        17L),
                new SnapshotManifest(
                        "snapshot-000000000017",
                        17L,
                        TIME,
                        TIME.minusMillis(5),
                        List.of(new TopicOffset("interactions", 1, 1234L)),
                        "file:///state/snapshots/",
                        List.of(new SnapshotFile(
                                "item-jaccard", "17/item-jaccard-0.avro", 17L, true, 5L, 321L, "ab12")),
                        Map.of("users", 4L),
                        2L,
                        Map.of(),
                        Map.of("top-k", "10"),
                        "0.1.0"),
                new ModelRelease(
                        "spumr",
                        "20260102T030405Z-spumr",
                        ReleaseAction.RELEASE,
                        TIME,
                        "snapshot-000000000017",
                        null,
                        List.of(),
                        Map.of("recall@20", 0.0875),
                        Map.of("layers", "2"),
                        "0.1.0",
                        999L,
                        64,
                        3L,
                        2L,
                        List.of(new OffsetRange(0, 10L, 15L)),
                        "file:///state/models/x.safetensors",
                        "cd34",
                        List.of()),
                new ModelEmbedding(
                        "20260102T030405Z-spumr",
                        NodeKind.ITEM,
                        "item-7",
                        Vectors.toList(1f, 2f),
                        Vectors.toList(0.5f, 0.25f),
                        Map.of("text", 0.75f),
                        null,
                        null),
                new Embedding(NodeKind.USER, "user-1", Vectors.toList(3f, -4f), "20260102T030405Z-spumr", TIME),
                new Recommendations(
                        "user-1",
                        List.of(new RecommendedItem(
                                "item-9", 0.875, List.of(new Reason("neighbor", "item-7", 0.25, Map.of(), null)))),
                        "20260102T030405Z-spumr",
                        17L,
                        TIME,
                        TIME.minusMillis(9)),
                new Evaluation(
                        "run-1",
                        EvaluationKind.GATE,
                        "spumr",
                        "20260102T030405Z-spumr",
                        "snapshot-000000000017",
                        TIME,
                        12,
                        100,
                        Map.of("ndcg@20", 0.04),
                        321L,
                        true,
                        "better",
                        Map.of()),
                new Control(Command.ROLLBACK, Map.of("model", "spumr"), TIME),
                new DeadLetter(
                        "interactions",
                        1,
                        77L,
                        ByteBuffer.wrap("user-1".getBytes(StandardCharsets.UTF_8)),
                        ByteBuffer.wrap(new byte[] {(byte) 0xc3, 1, 0}),
                        TIME,
                        "truncated",
                        "graph-job 0.1.0",
                        TIME),
                new LiveInteraction("user-1", "item-7", true, "purchase", 2.5, TIME, 1, 77L),
                new SnapshotItem("item-7", item));
    }

    /** The sample of a kind. */
    public static <T extends SpecificRecordBase> T of(Class<T> type) {
        return all().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no sample of " + type));
    }

    /** A codec of the sample's kind that knows no other version. */
    @SuppressWarnings("unchecked")
    public static RecordCodec<SpecificRecordBase> codec(SpecificRecordBase sample) {
        return (RecordCodec<SpecificRecordBase>) (RecordCodec<?>) SingleObjectCodec.of(sample.getClass());
    }
}

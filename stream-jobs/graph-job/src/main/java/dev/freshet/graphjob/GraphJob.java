package dev.freshet.graphjob;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.incremental.Shards;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicCatalogue;
import dev.freshet.topic.WireFormat;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The graph job.
 *
 * <pre>
 * interactions → intake → ItemIds → UserSets ── memberships ──→ item sets ── user rows ──→ RowGraphs (users) ─┐
 *                            │         │                           └─ those that count → user sets ┐            │
 *                            │         ├─ or, where items are not cut, directly: ─────── item rows ┴→ RowGraphs (items) ─┤
 *                            │         └─ users' items ─→ VectorGraphs ─────────────────────────────────────────┤
 *                            └─ names, degrees: broadcast to RowGraphs      ↑ vectors                           ├→ topics
 * items → intake → ItemErasures → ItemCatalog ──────────────────────────────┴─ files, counts, offsets → ManifestAssembler ─┘
 *            └─ that there are vectors: broadcast to UserSets
 * erasures → intake → ItemIds, UserSets, ItemErasures
 * </pre>
 *
 * Items of a user are cut in UserSets, users of an item in the item sets. What is left after both cuts makes the item rows: where
 * users are cut, these come from the sets of users once more. Nothing flows back.
 *
 * Everything that is put off is sent in {@code prepareSnapshotPreBarrier}, before the barrier: so what goes out with a checkpoint
 * belongs to its cut.
 */
public final class GraphJob {

    private static final String GROUP = "freshet-graph-job";

    /** Bytes of interactions that are fetched without waiting for more. */
    private static final int FETCH_BYTES = 1 << 16;

    /** Longest that a fetch waits for them. */
    private static final Duration FETCH_WAIT = Duration.ofMillis(100);

    private GraphJob() {}

    /**
     * What the job needs to know.
     *
     * @param bootstrap Kafka's address
     * @param format how the records from outside are framed
     * @param snapshots URI of the folder of snapshot files
     * @param graphs what shapes the graphs
     * @param snapshotRetention how long superseded snapshots stay readable
     * @param transactionTimeout when the broker gives up a transaction that the job has not ended
     */
    public record Settings(
            String bootstrap,
            WireFormat format,
            String snapshots,
            GraphSettings graphs,
            Duration snapshotRetention,
            Duration transactionTimeout) {}

    /** Adds the job to an environment. */
    public static void build(StreamExecutionEnvironment env, Settings settings) {
        env.setMaxParallelism(Shards.COUNT);
        env.getConfig().enableObjectReuse();
        env.getConfig().setAutoWatermarkInterval(0);
        // A barrier that overtakes records, or that is not waited for, would cut the graphs at different places.
        env.getCheckpointConfig().setCheckpointingConsistencyMode(CheckpointingMode.EXACTLY_ONCE);
        env.getCheckpointConfig().enableUnalignedCheckpoints(false);
        String folder = settings.snapshots();
        GraphSettings graphs = settings.graphs();
        Schemas schemas = Schemas.of(settings.bootstrap());

        SingleOutputStreamOperator<Event> interactions = source(env, settings, Topic.INTERACTIONS)
                .transform(
                        "interaction-intake",
                        Types.POJO(Event.class),
                        new InteractionIntake(schemas, settings.format()))
                .uid("interaction-intake");
        SingleOutputStreamOperator<CatalogItem> itemIntake = source(env, settings, Topic.ITEMS)
                .transform("item-intake", Types.POJO(CatalogItem.class), new ItemIntake(schemas, settings.format()))
                .uid("item-intake")
                .setParallelism(1);
        SingleOutputStreamOperator<Event> erasures = source(env, settings, Topic.ERASURES)
                .transform("erasure-intake", Types.POJO(Event.class), new ErasureIntake(schemas, settings.format()))
                .uid("erasure-intake")
                .setParallelism(1);
        DataStream<CatalogItem> items = itemIntake
                .union(erasures.filter(ErasureIntake::isOfItem)
                        .map(ErasureIntake::withdrawal)
                        .returns(Types.POJO(CatalogItem.class)))
                .keyBy(item -> ShardKeys.of(Shards.of(item.item)), Types.INT)
                .transform("item-erasures", Types.POJO(CatalogItem.class), new ItemErasures())
                .uid("item-erasures");
        SingleOutputStreamOperator<CutPart> requests = source(env, settings, Topic.CONTROL)
                .transform("snapshot-requests", Types.POJO(CutPart.class), new SnapshotRequests(schemas))
                .uid("snapshot-requests")
                .setParallelism(1);

        SingleOutputStreamOperator<Event> identified = interactions
                .union(erasures.filter(ErasureIntake::isOfItem))
                .keyBy(event -> ShardKeys.of(Shards.of(event.item)), Types.INT)
                .transform("item-ids", Types.POJO(Event.class), new ItemIds())
                .uid("item-ids");
        DataStream<NodeBatch> itemNames = identified.getSideOutput(ItemIds.NAMES);

        SingleOutputStreamOperator<ShardBatch> userSets = identified
                .union(erasures.filter(ErasureIntake::isOfUser))
                .keyBy(event -> ShardKeys.of(Shards.of(event.user)), Types.INT)
                .connect(itemNames
                        .union(
                                interactions.getSideOutput(InteractionIntake.TIMES),
                                itemIntake.getSideOutput(ItemIntake.VECTORS))
                        .broadcast())
                .transform("user-sets", Types.POJO(ShardBatch.class), new UserSets(folder, graphs))
                .uid("user-sets");
        SingleOutputStreamOperator<ShardBatch> itemSets = byShard(userSets.getSideOutput(UserSets.MEMBERSHIPS))
                .transform("item-sets", Types.POJO(ShardBatch.class), new SetPairs(graphs.fMax(), "items"))
                .uid("item-sets");
        SingleOutputStreamOperator<ShardBatch> countedSets = byShard(itemSets.getSideOutput(SetPairs.COUNTED))
                .transform("counted-sets", Types.POJO(ShardBatch.class), new SetPairs(GraphSettings.UNLIMITED, null))
                .uid("counted-sets");

        SingleOutputStreamOperator<Outbound> itemGraphs = byShard(userSets.union(countedSets))
                .connect(itemNames
                        .union(itemSets.getSideOutput(SetPairs.DEGREES))
                        .broadcast())
                .transform("item-graphs", Types.POJO(Outbound.class), new RowGraphs(folder, ofItems(graphs)))
                .uid("item-graphs");
        SingleOutputStreamOperator<Outbound> userGraphs = byShard(itemSets)
                .connect(userSets.getSideOutput(UserSets.USERS)
                        .union(countedSets.getSideOutput(SetPairs.DEGREES))
                        .broadcast())
                .transform("user-graphs", Types.POJO(Outbound.class), new RowGraphs(folder, ofUsers(graphs)))
                .uid("user-graphs");

        SingleOutputStreamOperator<CutPart> catalog = items.keyBy(item -> ShardKeys.of(Shards.of(item.item)), Types.INT)
                .transform("item-catalog", Types.POJO(CutPart.class), new ItemCatalog(folder, schemas))
                .uid("item-catalog");
        SingleOutputStreamOperator<Outbound> contentGraphs = catalog.getSideOutput(ItemCatalog.VECTORS)
                .keyBy(vector -> ShardKeys.of(Shards.of(vector.item)), Types.INT)
                .connect(userSets.getSideOutput(UserSets.LINKS).broadcast())
                .transform("content-graphs", Types.POJO(Outbound.class), new VectorGraphs(folder, graphs))
                .uid("content-graphs")
                .setParallelism(1);

        DataStream<Outbound> manifests = requests.union(
                        catalog,
                        requests.getSideOutput(Cut.TAG),
                        interactions.getSideOutput(Cut.TAG),
                        itemIntake.getSideOutput(Cut.TAG),
                        erasures.getSideOutput(Cut.TAG),
                        userSets.getSideOutput(Cut.TAG),
                        itemSets.getSideOutput(Cut.TAG),
                        itemGraphs.getSideOutput(Cut.TAG),
                        userGraphs.getSideOutput(Cut.TAG),
                        contentGraphs.getSideOutput(Cut.TAG))
                .transform(
                        "manifests",
                        Types.POJO(Outbound.class),
                        new ManifestAssembler(
                                folder,
                                graphs.toMap(),
                                settings.snapshotRetention(),
                                schemas,
                                new EarlierOutput(settings.bootstrap())))
                .uid("manifests")
                .setParallelism(1)
                .setMaxParallelism(1);

        itemGraphs
                .union(
                        userGraphs,
                        contentGraphs,
                        manifests,
                        interactions.getSideOutput(DeadLetters.TAG),
                        itemIntake.getSideOutput(DeadLetters.TAG),
                        erasures.getSideOutput(DeadLetters.TAG))
                .sinkTo(sink(settings))
                .name("topics")
                .uid("topics");
    }

    static List<RowGraphs.Graph> ofItems(GraphSettings settings) {
        return List.of(
                new RowGraphs.Graph(GraphNames.ITEM_JACCARD, 0, settings.topK()),
                new RowGraphs.Graph(
                        GraphNames.ITEM_COOCCURRENCE, settings.cooccurrenceMin(), settings.cooccurrenceTopK()));
    }

    static List<RowGraphs.Graph> ofUsers(GraphSettings settings) {
        RowGraphs.Graph jaccard = new RowGraphs.Graph(GraphNames.USER_JACCARD, 0, settings.topK());
        return settings.userCooccurrenceTopK() == 0
                ? List.of(jaccard)
                : List.of(
                        jaccard, new RowGraphs.Graph(GraphNames.USER_COOCCURRENCE, 1, settings.userCooccurrenceTopK()));
    }

    private static KeyedStream<ShardBatch, Integer> byShard(DataStream<ShardBatch> batches) {
        return batches.keyBy(batch -> ShardKeys.of(batch.shard), Types.INT);
    }

    private static SingleOutputStreamOperator<RawRecord> source(
            StreamExecutionEnvironment env, Settings settings, Topic<?> topic) {
        KafkaSourceBuilder<RawRecord> source = KafkaSource.<RawRecord>builder()
                .setBootstrapServers(settings.bootstrap())
                .setTopics(topic.name())
                .setGroupId(GROUP)
                .setClientIdPrefix(GROUP + '-' + topic.name())
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new RawRecords())
                .setProperty("isolation.level", "read_committed")
                .setProperty("partition.discovery.interval.ms", "60000");
        if (topic.equals(Topic.INTERACTIONS)) {
            // Nothing goes out before a checkpoint: a fetch for every interaction would be work for nothing.
            source.setProperty("fetch.min.bytes", Integer.toString(FETCH_BYTES))
                    .setProperty("fetch.max.wait.ms", Long.toString(FETCH_WAIT.toMillis()));
        }
        TypeInformation<RawRecord> type = Types.POJO(RawRecord.class);
        SingleOutputStreamOperator<RawRecord> stream = env.fromSource(
                        source.build(), WatermarkStrategy.noWatermarks(), topic.name(), type)
                .uid(topic.name());
        return topic.equals(Topic.INTERACTIONS) ? stream : stream.setParallelism(1);
    }

    private static KafkaSink<Outbound> sink(Settings settings) {
        return KafkaSink.<Outbound>builder()
                .setBootstrapServers(settings.bootstrap())
                .setRecordSerializer(new OutboundSchema(
                        Topic.NEIGHBORS.name(), Topic.GRAPH_SNAPSHOTS.name(), Topic.DEAD_LETTERS.name()))
                .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                .setTransactionalIdPrefix(GROUP)
                .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
                .setProperty(
                        "transaction.timeout.ms",
                        Long.toString(settings.transactionTimeout().toMillis()))
                .setProperty("max.request.size", Integer.toString(TopicCatalogue.MAX_DEAD_LETTER_BYTES))
                .setProperty("compression.type", "lz4")
                .setProperty("linger.ms", "20")
                .setProperty("batch.size", Integer.toString(1 << 17))
                .build();
    }
}

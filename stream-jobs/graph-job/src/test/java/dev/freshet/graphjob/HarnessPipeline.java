package dev.freshet.graphjob;

import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.incremental.Shards;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;

/**
 * The operators behind the intakes, each in Flink's test harness, wired as {@link GraphJob} wires them, at any parallelism: with
 * checkpoints, restores and rescales, on one thread.
 */
final class HarnessPipeline implements AutoCloseable {

    private static final int STAGES = 9;

    private final int parallelism;
    private final List<KeyedOneInputStreamOperatorTestHarness<Integer, Event, Event>> itemIds = new ArrayList<>();
    private final List<KeyedTwoInputStreamOperatorTestHarness<Integer, Event, NodeBatch, ShardBatch>> userSets =
            new ArrayList<>();
    private final List<KeyedOneInputStreamOperatorTestHarness<Integer, ShardBatch, ShardBatch>> itemSets =
            new ArrayList<>();
    private final List<KeyedTwoInputStreamOperatorTestHarness<Integer, ShardBatch, NodeBatch, Outbound>> itemGraphs =
            new ArrayList<>();
    private final List<KeyedTwoInputStreamOperatorTestHarness<Integer, ShardBatch, NodeBatch, Outbound>> userGraphs =
            new ArrayList<>();
    private final List<KeyedOneInputStreamOperatorTestHarness<Integer, ShardBatch, ShardBatch>> countedSets =
            new ArrayList<>();
    private final List<KeyedOneInputStreamOperatorTestHarness<Integer, CatalogItem, CatalogItem>> itemErasures =
            new ArrayList<>();
    private final List<KeyedOneInputStreamOperatorTestHarness<Integer, CatalogItem, CutPart>> catalog =
            new ArrayList<>();
    private final KeyedTwoInputStreamOperatorTestHarness<Integer, ItemVector, NodeBatch, Outbound> vectorGraphs;
    private final OneInputStreamOperatorTestHarness<CutPart, Outbound> manifests;
    private final List<Outbound> sent = new ArrayList<>();
    private long latest = Long.MIN_VALUE;
    private boolean vectors;
    private int linkBatches;
    private long clock;

    /** State of all operators at a checkpoint: per stage, of all subtasks together; the last is the assembler's; and of the intakes, which are not here, whether items had vectors. */
    record Checkpoint(int parallelism, boolean vectors, List<OperatorSubtaskState> stages) {}

    HarnessPipeline(String folder, GraphSettings settings, Duration retention, int parallelism, Checkpoint from)
            throws Exception {
        this(folder, settings, retention, parallelism, from, Long.MAX_VALUE, NOTHING, () -> {});
    }

    /** What the topics have before the first start. */
    record Before(List<SnapshotManifest> manifests, Set<String> lists) implements ManifestAssembler.Earlier {}

    static final Before NOTHING = new Before(List.of(), Set.of());

    /**
     * @param maxContentWork beyond which the graphs by content are computed beside the stream
     * @param schemas asked before state is read
     */
    HarnessPipeline(
            String folder,
            GraphSettings settings,
            Duration retention,
            int parallelism,
            Checkpoint from,
            long maxContentWork,
            ManifestAssembler.Earlier earlier,
            Schemas schemas)
            throws Exception {
        this.parallelism = parallelism;
        this.vectors = from != null && from.vectors();
        for (int subtask = 0; subtask < parallelism; subtask++) {
            itemIds.add(open(one(new ItemIds(), subtask, e -> ShardKeys.of(Shards.of(e.item))), 0, subtask, from));
            userSets.add(open(
                    two(new UserSets(folder, settings), subtask, e -> ShardKeys.of(Shards.of(e.user))),
                    1,
                    subtask,
                    from));
            itemSets.add(open(
                    one(new SetPairs(settings.fMax(), "items"), subtask, b -> ShardKeys.of(b.shard)),
                    2,
                    subtask,
                    from));
            countedSets.add(open(
                    one(new SetPairs(GraphSettings.UNLIMITED, null), subtask, b -> ShardKeys.of(b.shard)),
                    3,
                    subtask,
                    from));
            itemGraphs.add(open(
                    two(new RowGraphs(folder, GraphJob.ofItems(settings)), subtask, b -> ShardKeys.of(b.shard)),
                    4,
                    subtask,
                    from));
            userGraphs.add(open(
                    two(new RowGraphs(folder, GraphJob.ofUsers(settings)), subtask, b -> ShardKeys.of(b.shard)),
                    5,
                    subtask,
                    from));
            itemErasures.add(
                    open(one(new ItemErasures(), subtask, i -> ShardKeys.of(Shards.of(i.item))), 6, subtask, from));
            catalog.add(open(
                    one(new ItemCatalog(folder, schemas), subtask, i -> ShardKeys.of(Shards.of(i.item))),
                    7,
                    subtask,
                    from));
        }
        vectorGraphs = new KeyedTwoInputStreamOperatorTestHarness<>(
                new VectorGraphs(folder, settings, maxContentWork),
                v -> ShardKeys.of(Shards.of(v.item)),
                null,
                Types.INT,
                Shards.COUNT,
                1,
                0);
        if (from != null) {
            vectorGraphs.initializeState(from.stages().get(8));
        }
        vectorGraphs.open();
        manifests = new OneInputStreamOperatorTestHarness<>(
                new ManifestAssembler(folder, settings.toMap(), retention, schemas, earlier), 1, 1, 0);
        clock = System.currentTimeMillis();
        manifests.setProcessingTime(clock);
        if (from != null) {
            manifests.initializeState(from.stages().get(STAGES));
        }
        manifests.open();
    }

    private <IN, OUT> KeyedOneInputStreamOperatorTestHarness<Integer, IN, OUT> one(
            OneInputStreamOperator<IN, OUT> operator, int subtask, KeySelector<IN, Integer> key) throws Exception {
        return new KeyedOneInputStreamOperatorTestHarness<>(
                operator, key, Types.INT, Shards.COUNT, parallelism, subtask);
    }

    private <IN, OUT> KeyedTwoInputStreamOperatorTestHarness<Integer, IN, NodeBatch, OUT> two(
            TwoInputStreamOperator<IN, NodeBatch, OUT> operator, int subtask, KeySelector<IN, Integer> key)
            throws Exception {
        return new KeyedTwoInputStreamOperatorTestHarness<>(
                operator, key, null, Types.INT, Shards.COUNT, parallelism, subtask);
    }

    private <H extends AbstractStreamOperatorTestHarness<?>> H open(H harness, int stage, int subtask, Checkpoint from)
            throws Exception {
        if (from != null) {
            harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(
                    from.stages().get(stage), Shards.COUNT, from.parallelism(), parallelism, subtask));
        }
        harness.open();
        return harness;
    }

    void event(Event event) throws Exception {
        latest = Math.max(latest, event.eventTime);
        itemIds.get(owner(Shards.of(event.item))).processElement(new StreamRecord<>(event));
        pumpEvents();
    }

    void erase(Erasure erasure) throws Exception {
        Event event = ErasureIntake.event(erasure);
        if (ErasureIntake.isOfUser(event)) {
            userSets.get(owner(Shards.of(event.user))).processElement1(new StreamRecord<>(event));
        } else {
            itemIds.get(owner(Shards.of(event.item))).processElement(new StreamRecord<>(event));
            item(ErasureIntake.withdrawal(event));
        }
    }

    void item(CatalogItem item) throws Exception {
        vectors |= item.value != null
                && !Topic.ITEMS.codec().decode(item.value).getFeatures().isEmpty();
        itemErasures.get(owner(Shards.of(item.item))).processElement(new StreamRecord<>(item));
        for (KeyedOneInputStreamOperatorTestHarness<Integer, CatalogItem, CatalogItem> harness : itemErasures) {
            for (CatalogItem passed : drain(harness.getOutput(), CatalogItem.class)) {
                catalog.get(owner(Shards.of(passed.item))).processElement(new StreamRecord<>(passed));
            }
        }
    }

    /** Lets time pass between checkpoints, of which each takes a millisecond. */
    void pass(Duration time) {
        clock += time.toMillis();
    }

    void cutPart(CutPart part) throws Exception {
        manifests.processElement(new StreamRecord<>(part));
    }

    /** A checkpoint: a barrier through all operators, state, and the notice that it is complete. */
    Checkpoint checkpoint(long id) throws Exception {
        Checkpoint checkpoint = barrier(id);
        manifests.getOperator().notifyCheckpointComplete(id);
        return checkpoint;
    }

    /** A barrier through all operators, and state. */
    Checkpoint barrier(long id) throws Exception {
        manifests.setProcessingTime(++clock);
        NodeBatch time = new NodeBatch();
        time.eventTime = latest;
        time.vectors = vectors;
        broadcast(userSets::get, time);
        List<OperatorSubtaskState> states = new ArrayList<>();
        for (List<? extends AbstractStreamOperatorTestHarness<?>> stage : stages()) {
            for (AbstractStreamOperatorTestHarness<?> harness : stage) {
                harness.prepareSnapshotPreBarrier(id);
            }
            pump();
            OperatorSubtaskState[] subtasks = new OperatorSubtaskState[stage.size()];
            for (int subtask = 0; subtask < subtasks.length; subtask++) {
                subtasks[subtask] = stage.get(subtask).snapshot(id, id);
            }
            states.add(AbstractStreamOperatorTestHarness.repackageState(subtasks));
        }
        return new Checkpoint(parallelism, vectors, states);
    }

    private List<List<? extends AbstractStreamOperatorTestHarness<?>>> stages() {
        return List.of(
                itemIds,
                userSets,
                itemSets,
                countedSets,
                itemGraphs,
                userGraphs,
                itemErasures,
                catalog,
                List.of(vectorGraphs),
                List.of(manifests));
    }

    /** Waits until the graphs by content are computed, where that is done beside the stream. */
    void awaitContent() throws Exception {
        ((VectorGraphs) vectorGraphs.getOperator()).awaitRunning();
    }

    /** What went out to topics since the last call. */
    List<Outbound> takeSent() {
        List<Outbound> taken = List.copyOf(sent);
        sent.clear();
        return taken;
    }

    /** The manifests among records that went out, by id; null for a tombstone. */
    static Map<String, SnapshotManifest> manifests(List<Outbound> records) {
        Map<String, SnapshotManifest> found = new TreeMap<>();
        for (Outbound record : records) {
            if (record.topic.equals(Topic.GRAPH_SNAPSHOTS.name())) {
                found.put(
                        new String(record.key, StandardCharsets.UTF_8),
                        record.value == null ? null : Cut.manifest(record.value));
            }
        }
        return found;
    }

    /** Batches of users' items so far. */
    int linkBatches() {
        return linkBatches;
    }

    private int owner(int shard) {
        return KeyGroupRangeAssignment.assignKeyToParallelOperator(ShardKeys.of(shard), Shards.COUNT, parallelism);
    }

    private void pumpEvents() throws Exception {
        for (KeyedOneInputStreamOperatorTestHarness<Integer, Event, Event> harness : itemIds) {
            for (Event event : drain(harness.getOutput(), Event.class)) {
                userSets.get(owner(Shards.of(event.user))).processElement1(new StreamRecord<>(event));
            }
        }
    }

    private void pump() throws Exception {
        pumpEvents();
        for (KeyedOneInputStreamOperatorTestHarness<Integer, Event, Event> harness : itemIds) {
            for (NodeBatch batch : drain(harness.getSideOutput(ItemIds.NAMES), NodeBatch.class)) {
                broadcast(userSets::get, batch);
                broadcast(itemGraphs::get, batch);
            }
        }
        for (KeyedTwoInputStreamOperatorTestHarness<Integer, Event, NodeBatch, ShardBatch> harness : userSets) {
            for (ShardBatch batch : drain(harness.getOutput(), ShardBatch.class)) {
                itemGraphs.get(owner(batch.shard)).processElement1(new StreamRecord<>(batch));
            }
            for (ShardBatch batch : drain(harness.getSideOutput(UserSets.MEMBERSHIPS), ShardBatch.class)) {
                itemSets.get(owner(batch.shard)).processElement(new StreamRecord<>(batch));
            }
            for (NodeBatch batch : drain(harness.getSideOutput(UserSets.USERS), NodeBatch.class)) {
                broadcast(userGraphs::get, batch);
            }
            for (NodeBatch batch : drain(harness.getSideOutput(UserSets.LINKS), NodeBatch.class)) {
                linkBatches++;
                vectorGraphs.processElement2(new StreamRecord<>(batch));
            }
            toManifests(harness);
        }
        for (KeyedOneInputStreamOperatorTestHarness<Integer, ShardBatch, ShardBatch> harness : itemSets) {
            for (ShardBatch batch : drain(harness.getOutput(), ShardBatch.class)) {
                userGraphs.get(owner(batch.shard)).processElement1(new StreamRecord<>(batch));
            }
            for (NodeBatch batch : drain(harness.getSideOutput(SetPairs.DEGREES), NodeBatch.class)) {
                broadcast(itemGraphs::get, batch);
            }
            for (ShardBatch batch : drain(harness.getSideOutput(SetPairs.COUNTED), ShardBatch.class)) {
                countedSets.get(owner(batch.shard)).processElement(new StreamRecord<>(batch));
            }
            toManifests(harness);
        }
        for (KeyedOneInputStreamOperatorTestHarness<Integer, ShardBatch, ShardBatch> harness : countedSets) {
            for (ShardBatch batch : drain(harness.getOutput(), ShardBatch.class)) {
                itemGraphs.get(owner(batch.shard)).processElement1(new StreamRecord<>(batch));
            }
            for (NodeBatch batch : drain(harness.getSideOutput(SetPairs.DEGREES), NodeBatch.class)) {
                broadcast(userGraphs::get, batch);
            }
        }
        for (List<KeyedTwoInputStreamOperatorTestHarness<Integer, ShardBatch, NodeBatch, Outbound>> graphs :
                List.of(itemGraphs, userGraphs)) {
            for (KeyedTwoInputStreamOperatorTestHarness<Integer, ShardBatch, NodeBatch, Outbound> harness : graphs) {
                sent.addAll(drain(harness.getOutput(), Outbound.class));
                toManifests(harness);
            }
        }
        for (KeyedOneInputStreamOperatorTestHarness<Integer, CatalogItem, CutPart> harness : catalog) {
            for (CutPart part : drain(harness.getOutput(), CutPart.class)) {
                manifests.processElement(new StreamRecord<>(part));
            }
            for (ItemVector vector : drain(harness.getSideOutput(ItemCatalog.VECTORS), ItemVector.class)) {
                vectorGraphs.processElement1(new StreamRecord<>(vector));
            }
        }
        sent.addAll(drain(vectorGraphs.getOutput(), Outbound.class));
        toManifests(vectorGraphs);
        sent.addAll(drain(manifests.getOutput(), Outbound.class));
    }

    private void toManifests(AbstractStreamOperatorTestHarness<?> harness) throws Exception {
        for (CutPart part : drain(harness.getSideOutput(Cut.TAG), CutPart.class)) {
            manifests.processElement(new StreamRecord<>(part));
        }
    }

    private <IN> void broadcast(
            IntFunction<? extends KeyedTwoInputStreamOperatorTestHarness<Integer, IN, NodeBatch, ?>> to,
            NodeBatch batch)
            throws Exception {
        for (int subtask = 0; subtask < parallelism; subtask++) {
            to.apply(subtask).processElement2(new StreamRecord<>(batch));
        }
    }

    private static <T> List<T> drain(Queue<?> records, Class<T> type) {
        List<T> drained = new ArrayList<>();
        while (records != null && !records.isEmpty()) {
            drained.add(type.cast(((StreamRecord<?>) records.remove()).getValue()));
        }
        return drained;
    }

    @Override
    public void close() throws Exception {
        for (List<? extends AbstractStreamOperatorTestHarness<?>> stage : stages()) {
            for (AbstractStreamOperatorTestHarness<?> harness : stage) {
                harness.close();
            }
        }
    }
}

package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.Vectors;
import dev.freshet.graph.incremental.Shards;
import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.schema.Item;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotItem;
import dev.freshet.topic.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/** Holds the record in force of every item, keyed by the item's shard. Sends changes of vectors, and writes the items of snapshots. */
final class ItemCatalog extends AbstractStreamOperator<CutPart>
        implements OneInputStreamOperator<CatalogItem, CutPart> {

    private static final long serialVersionUID = 1L;

    /** Changes of vectors; all vectors after a restart. */
    static final OutputTag<ItemVector> VECTORS = new OutputTag<>("item-vectors", Types.POJO(ItemVector.class));

    private final String folder;
    private final Schemas schemas;
    private transient MapState<String, byte[]> items;
    private transient ChainStates chainStates;
    private transient SnapshotChain<SnapshotItem> chain;
    private transient boolean restored;
    private transient long size;
    private transient long featureChanges;

    ItemCatalog(String folder, Schemas schemas) {
        this.folder = folder;
        this.schemas = schemas;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        schemas.follow();
        items = context.getKeyedStateStore()
                .getMapState(new MapStateDescriptor<>("items", Types.STRING, KeyedStores.BYTES));
        chainStates = new ChainStates(context);
        chain = new SnapshotChain<>(
                SnapshotContent.ITEMS,
                SnapshotItem.class,
                folder,
                getRuntimeContext().getTaskInfo().getIndexOfThisSubtask(),
                getRuntimeContext().getTaskInfo().getNumberOfParallelSubtasks(),
                chainStates.restored());
        restored = context.isRestored();
    }

    private void greet() throws Exception {
        if (restored) {
            restored = false;
            forEachShard(() -> {
                for (Map.Entry<String, byte[]> item : items.entries()) {
                    size++;
                    sendChanges(item.getKey(), Map.of(), features(decode(item.getValue())));
                }
            });
        }
    }

    @Override
    public void processElement(StreamRecord<CatalogItem> element) throws Exception {
        greet();
        // Counting has moved the key.
        setCurrentKey(ShardKeys.of(Shards.of(element.getValue().item)));
        CatalogItem update = element.getValue();
        if (update.erased) {
            chain.rewrite();
            output.collect(VECTORS, new StreamRecord<>(ItemVector.erasure(update.item)));
            if (update.stays) {
                return;
            }
        }
        Item before = decode(items.get(update.item));
        Item now = decode(update.value);
        if (now == null) {
            if (before == null) {
                return;
            }
            items.remove(update.item);
        } else {
            items.put(update.item, update.value);
        }
        size += (now == null ? 0 : 1) - (before == null ? 0 : 1);
        if (sendChanges(update.item, features(before), features(now))) {
            featureChanges++;
        }
        chain.append(new SnapshotItem(update.item, now));
    }

    private static Map<String, List<Float>> features(Item item) {
        return item == null ? Map.of() : item.getFeatures();
    }

    private boolean sendChanges(String item, Map<String, List<Float>> before, Map<String, List<Float>> now) {
        boolean changed = false;
        Set<String> modalities = new TreeSet<>(before.keySet());
        modalities.addAll(now.keySet());
        for (String modality : modalities) {
            List<Float> vector = now.get(modality);
            if (!Objects.equals(before.get(modality), vector)) {
                changed = true;
                output.collect(
                        VECTORS,
                        new StreamRecord<>(
                                new ItemVector(item, modality, vector == null ? null : Vectors.toArray(vector))));
            }
        }
        return changed;
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        greet();
        CutPart part = new CutPart();
        List<SnapshotFile> files = new ArrayList<>();
        chain.cut(
                checkpointId,
                writer -> forEachShard(() -> {
                    for (Map.Entry<String, byte[]> item : items.entries()) {
                        writer.write(new SnapshotItem(item.getKey(), decode(item.getValue())));
                    }
                }),
                part,
                files);
        part.featureChanges = featureChanges;
        featureChanges = 0;
        part.manifest = Cut.manifest(files, Map.of("catalog", size), List.of());
        output.collect(new StreamRecord<>(part));
    }

    private static Item decode(byte[] bytes) {
        try {
            return bytes == null ? null : Topic.ITEMS.codec().decode(bytes);
        } catch (BadRecordException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    private void forEachShard(Step step) throws Exception {
        for (int shard : ((AbstractKeyedStateBackend<?>) getKeyedStateBackend()).getKeyGroupRange()) {
            setCurrentKey(ShardKeys.of(shard));
            step.run();
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        chainStates.save(List.of(chain));
    }

    @Override
    public void close() throws Exception {
        if (chain != null) {
            chain.abort();
        }
        super.close();
    }
}

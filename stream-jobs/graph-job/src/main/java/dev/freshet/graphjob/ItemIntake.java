package dev.freshet.graphjob;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Item;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/** Decodes and checks items. Runs once, for the first vector of a modality declares its length for all. */
final class ItemIntake extends RecordIntake<CatalogItem> {

    private static final long serialVersionUID = 1L;

    /** That there are vectors: once after each start, before the barrier that follows the first. */
    static final OutputTag<NodeBatch> VECTORS = new OutputTag<>("vectors-exist", Types.POJO(NodeBatch.class));

    private transient Map<String, Integer> dimensions;
    private transient ListState<Dimension> state;
    private transient boolean announced;

    private final WireFormat format;

    ItemIntake(Schemas schemas, WireFormat format) {
        super(schemas);
        this.format = format;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        dimensions = new TreeMap<>();
        state = context.getOperatorStateStore()
                .getListState(new ListStateDescriptor<>("dimensions", Types.POJO(Dimension.class)));
        for (Dimension dimension : state.get()) {
            dimensions.put(dimension.modality, dimension.length);
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        state.clear();
        for (Map.Entry<String, Integer> entry : dimensions.entrySet()) {
            Dimension dimension = new Dimension();
            dimension.modality = entry.getKey();
            dimension.length = entry.getValue();
            state.add(dimension);
        }
    }

    @Override
    long read(RawRecord record) {
        CatalogItem out = new CatalogItem();
        out.appended = record.timestamp;
        try {
            if (record.value == null) {
                out.item = key(record);
            } else {
                Item item = format.awaitDecoded(Topic.ITEMS, record.value);
                Intake.check(record.key, item, dimensions);
                item.getFeatures().forEach((modality, vector) -> dimensions.putIfAbsent(modality, vector.size()));
                out.item = item.getItem();
                out.value = Topic.ITEMS.codec().encode(item);
            }
        } catch (BadRecordException e) {
            refuse(record, e.getMessage());
            return Long.MIN_VALUE;
        }
        output.collect(new StreamRecord<>(out));
        return Long.MIN_VALUE;
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        if (!announced && !dimensions.isEmpty()) {
            announced = true;
            NodeBatch vectors = new NodeBatch();
            vectors.vectors = true;
            output.collect(VECTORS, new StreamRecord<>(vectors));
        }
        super.prepareSnapshotPreBarrier(checkpointId);
    }

    private static String key(RawRecord record) throws BadRecordException {
        if (record.key == null || record.key.length == 0) {
            throw new BadRecordException("Item: a tombstone without a key; its key is the id of the item to withdraw");
        }
        return new String(record.key, StandardCharsets.UTF_8);
    }
}

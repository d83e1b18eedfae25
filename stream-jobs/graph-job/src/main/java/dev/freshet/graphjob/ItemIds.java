package dev.freshet.graphjob;

import dev.freshet.graph.incremental.ErasedIds;
import dev.freshet.graph.incremental.ItemIndex;
import dev.freshet.graph.incremental.NodeUpdates;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/**
 * Gives items their dense ids, and drops events of erased ones. Keyed by the item's shard. News of items go out at the barrier, all names
 * after a restart.
 */
final class ItemIds extends AbstractStreamOperator<Event> implements OneInputStreamOperator<Event, Event> {

    private static final long serialVersionUID = 1L;

    static final OutputTag<NodeBatch> NAMES = new OutputTag<>("item-names", Types.POJO(NodeBatch.class));

    private transient ItemIndex items;
    private transient NodeUpdates names;
    private transient boolean restored;

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        KeyedStores stores = new KeyedStores(getKeyedStateBackend(), context.getKeyedStateStore());
        names = new NodeUpdates();
        items = new ItemIndex(
                stores.ids("item-ids"),
                stores.nodes("item-times"),
                new ErasedIds(stores.erasures("erased-items")),
                names);
        restored = context.isRestored();
    }

    private void greet() {
        if (restored) {
            restored = false;
            items.restore(() -> Batches.sendIfFull(names, NAMES, output));
        }
    }

    @Override
    public void processElement(StreamRecord<Event> element) {
        greet();
        Event event = element.getValue();
        if (ErasureIntake.isOfItem(event)) {
            items.erase(event.item, event.eventTime);
            return;
        }
        event.itemId = items.find(event.item, event.eventTime);
        if (event.itemId >= 0) {
            output.collect(element);
        }
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        greet();
        items.flush();
        Batches.send(names, NAMES, output);
    }
}

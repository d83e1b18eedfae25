package dev.freshet.graphjob;

import dev.freshet.graph.incremental.ErasedIds;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Passes items on but for those that are erased, keyed by the item's shard: an erasure withdraws the item, unless it was appended
 * to the topic after it, and records that were appended before it do not bring it back. Every erasure is passed on: what there is of the
 * item now does not tell what files hold.
 */
final class ItemErasures extends AbstractStreamOperator<CatalogItem>
        implements OneInputStreamOperator<CatalogItem, CatalogItem> {

    private static final long serialVersionUID = 1L;

    private transient ErasedIds erased;
    private transient MapState<String, Long> appended;

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        erased = new ErasedIds(
                new KeyedStores(getKeyedStateBackend(), context.getKeyedStateStore()).erasures("erased-items"));
        appended = context.getKeyedStateStore()
                .getMapState(new MapStateDescriptor<>("appended", Types.STRING, Types.LONG));
    }

    @Override
    public void processElement(StreamRecord<CatalogItem> element) throws Exception {
        CatalogItem update = element.getValue();
        Long before = appended.get(update.item);
        if (update.erased) {
            erased.erase(update.item, update.appended);
            update.stays = before != null && before > update.appended;
        } else if (erased.covers(update.item, update.appended)) {
            return;
        }
        if (update.value != null) {
            appended.put(update.item, update.appended);
        } else if (!update.stays) {
            appended.remove(update.item);
        }
        output.collect(element);
    }
}

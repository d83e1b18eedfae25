package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2LongMap;
import it.unimi.dsi.fastutil.ints.Int2LongMaps;
import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;

/**
 * The dense ids of the items that one instance owns, and which of their events were erased. An item that has no event after its
 * erasure is gone: its id too, and where it comes again, it is a new node. Not thread-safe.
 */
public final class ItemIndex {

    private final IdStore store;
    private final IdAssigner ids;
    private final ErasedIds erased;
    private final NodeStore latestStore;
    private final NodeUpdates news;
    /** Greatest event time of the items that had events since the last flush. */
    private final Int2LongOpenHashMap latest = new Int2LongOpenHashMap();

    /**
     * @param latest durable event times
     * @param news takes names, erasures and who is gone
     */
    public ItemIndex(IdStore ids, NodeStore latest, ErasedIds erased, NodeUpdates news) {
        this.store = ids;
        this.ids = new IdAssigner(ids);
        this.latestStore = latest;
        this.erased = erased;
        this.news = news;
    }

    /** The dense id of an event's item, or -1 if the event is erased. */
    public int find(String item, long eventTime) {
        if (erased.covers(item, eventTime)) {
            return -1;
        }
        int id = ids.find(item);
        if (id < 0) {
            id = ids.assign(item);
            news.name(id, item);
        }
        latest.mergeLong(id, eventTime, Math::max);
        return id;
    }

    /** Erases an item's events up to a time. */
    public void erase(String item, long upTo) {
        int id = ids.find(item);
        if (!erased.erase(item, upTo) || id < 0) {
            return;
        }
        news.erased(id, upTo);
        if (latest(id) <= upTo) {
            ids.forget(item);
            latestStore.remove(id);
            latest.remove(id);
            news.gone(id);
        }
    }

    private long latest(int id) {
        byte[] stored = latestStore.get(id);
        long flushed = stored == null ? Long.MIN_VALUE : Buffer.reading(stored).getFixedLong();
        return latest.containsKey(id) ? Math.max(flushed, latest.get(id)) : flushed;
    }

    /** Makes the event times durable. */
    public void flush() {
        for (Int2LongMap.Entry entry : Int2LongMaps.fastIterable(latest)) {
            Buffer out = new Buffer(8);
            out.putFixedLong(latest(entry.getIntKey()));
            latestStore.put(entry.getIntKey(), out.toBytes());
        }
        latest.clear();
    }

    /** Passes on all names: to be called at a restart, before anything else. */
    public void restore(Runnable afterEach) {
        store.forEach((name, id) -> {
            news.name(id, name);
            afterEach.run();
        });
    }
}

package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;

/**
 * Gives each outside id a dense integer: unique across instances, since a shard has one owner, and never given twice, also where the
 * outside id was forgotten meanwhile. Not thread-safe.
 */
public final class IdAssigner {

    private static final int CACHE = 1 << 17;

    private final IdStore store;
    private final Object2IntOpenHashMap<String> cache = new Object2IntOpenHashMap<>();

    public IdAssigner(IdStore store) {
        this.store = store;
        cache.defaultReturnValue(-1);
    }

    /** The dense id of a known outside id, or -1. */
    public int find(String name) {
        int id = cache.getInt(name);
        if (id < 0) {
            id = store.get(name);
            if (id >= 0) {
                remember(name, id);
            }
        }
        return id;
    }

    /** Gives an outside id that {@link #find} does not know the next dense id of its shard. */
    public int assign(String name) {
        int shard = Shards.of(name);
        int id = Shards.id(store.added(shard), shard);
        store.put(name, id);
        remember(name, id);
        return id;
    }

    /** Forgets an outside id; should it come again, it gets another dense id. */
    public void forget(String name) {
        cache.removeInt(name);
        store.remove(name);
    }

    private void remember(String name, int id) {
        if (cache.size() >= CACHE) {
            cache.clear();
        }
        cache.put(name, id);
    }
}

package dev.freshet.graphjob;

import dev.freshet.graph.content.ListStore;
import java.util.LinkedHashMap;
import java.util.Map;

/** Keeps what is written to a store until it may be: state belongs to the task's thread. Visits pass through. */
final class PutOffLists implements ListStore {

    private record Key(String graph, String id) {}

    private final ListStore store;
    /** Null for a list that goes. */
    private final Map<Key, byte[]> writes = new LinkedHashMap<>();

    PutOffLists(ListStore store) {
        this.store = store;
    }

    @Override
    public void put(String graph, String id, byte[] bytes) {
        writes.put(new Key(graph, id), bytes);
    }

    @Override
    public void remove(String graph, String id) {
        writes.put(new Key(graph, id), null);
    }

    @Override
    public void forEach(Visitor visitor) {
        store.forEach(visitor);
    }

    /** Writes it all. */
    void write() {
        writes.forEach((key, bytes) -> {
            if (bytes == null) {
                store.remove(key.graph(), key.id());
            } else {
                store.put(key.graph(), key.id(), bytes);
            }
        });
        writes.clear();
    }
}

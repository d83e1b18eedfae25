package dev.freshet.graph.content;

import dev.freshet.codec.BadRecordException;
import dev.freshet.graph.incremental.ListSink;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.topic.Topic;
import it.unimi.dsi.fastutil.objects.Object2ObjectOpenHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The lists of a graph that are computed elsewhere: passed on when they differ from what was passed on last, and durable. */
final class PublishedLists implements GraphLists {

    private final String graph;
    private final ListStore store;
    private final Map<String, NeighborList> lists = new Object2ObjectOpenHashMap<>();
    private long edges;

    PublishedLists(String graph, ListStore store) {
        this.graph = graph;
        this.store = store;
    }

    /** Takes a list as the store has it. */
    void restore(String id, byte[] bytes) {
        try {
            NeighborList list = Topic.NEIGHBORS.codec().decode(bytes);
            lists.put(id, list);
            edges += list.getNeighbors().size();
        } catch (BadRecordException e) {
            throw new IllegalStateException(graph + ", the list of " + id + ": " + e.getMessage(), e);
        }
    }

    /** The neighbors of an id; none if it has no list. */
    List<Neighbor> neighbors(String id) {
        NeighborList list = lists.get(id);
        return list == null ? List.of() : list.getNeighbors();
    }

    /** Passes a list on if it changed; an empty one where there is none any more. */
    void pass(String id, List<Neighbor> neighbors, long version, ListSink sink) {
        List<Neighbor> had = neighbors(id);
        if (neighbors.equals(had)) {
            return;
        }
        NeighborList list = new NeighborList(graph, id, neighbors, 0, version);
        edges += neighbors.size() - had.size();
        if (neighbors.isEmpty()) {
            lists.remove(id);
            store.remove(graph, id);
        } else {
            lists.put(id, list);
            store.put(graph, id, Topic.NEIGHBORS.codec().encode(list));
        }
        sink.list(list);
    }

    /** Takes the lists of all but some ids away. */
    void retain(Set<String> ids, long version, ListSink sink) {
        for (String id : List.copyOf(lists.keySet())) {
            if (!ids.contains(id)) {
                pass(id, List.of(), version, sink);
            }
        }
    }

    @Override
    public int nodes() {
        return lists.size();
    }

    @Override
    public long edges() {
        return edges;
    }

    @Override
    public void forEach(ListSink sink) {
        lists.values().forEach(sink::list);
    }
}

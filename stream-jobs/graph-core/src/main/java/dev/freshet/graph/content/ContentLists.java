package dev.freshet.graph.content;

import dev.freshet.graph.incremental.ListSink;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import it.unimi.dsi.fastutil.objects.Object2ObjectOpenHashMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The lists of one graph over vectors: passed on when they change, and durable. */
final class ContentLists implements GraphLists {

    private final String graph;
    private final ContentNeighbors neighbors;
    private final ListStore store;
    /** Of the lists that are not empty. */
    private final Map<String, Passed> passed = new Object2ObjectOpenHashMap<>();

    private long edges;

    /** What was passed on of a list. */
    private record Passed(long version, int size) {}

    ContentLists(String graph, ContentNeighbors neighbors, ListStore store) {
        this.graph = graph;
        this.neighbors = neighbors;
        this.store = store;
    }

    ContentNeighbors neighbors() {
        return neighbors;
    }

    /** Takes a list as the store has it, once every vector is set; see {@link ContentNeighbors#restoreList}. */
    void restore(String id, byte[] bytes) {
        ByteBuffer head = ByteBuffer.wrap(bytes);
        try {
            head.getInt();
            pass(id, head.getLong(), head.getInt());
            neighbors.restoreList(id, Arrays.copyOfRange(bytes, head.position(), bytes.length));
        } catch (IOException e) {
            throw new UncheckedIOException(graph + ", " + e.getMessage(), e);
        }
    }

    /** Length of the vectors that a stored list is of. */
    static int dimension(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getInt();
    }

    /** Brings the lists up to date, and passes on those that changed; an empty one where there is none any more. */
    void flush(long version, ListSink sink) {
        ListChanges changes = neighbors.flush();
        for (String id : changes.lists()) {
            List<Neighbor> list = neighbors.neighbors(id);
            pass(id, version, list.size());
            sink.list(new NeighborList(graph, id, list, 0, version));
        }
        for (String id : changes.states()) {
            byte[] state = neighbors.listState(id);
            if (state == null) {
                store.remove(graph, id);
            } else {
                Passed head = passed.getOrDefault(id, new Passed(0, 0));
                store.put(
                        graph,
                        id,
                        ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + state.length)
                                .putInt(neighbors.dimension())
                                .putLong(head.version())
                                .putInt(head.size())
                                .put(state)
                                .array());
            }
        }
    }

    private void pass(String id, long version, int size) {
        Passed before = size == 0 ? passed.remove(id) : passed.put(id, new Passed(version, size));
        edges += size - (before == null ? 0 : before.size());
    }

    @Override
    public void forEach(ListSink sink) {
        passed.forEach(
                (id, head) -> sink.list(new NeighborList(graph, id, neighbors.neighbors(id), 0, head.version())));
    }

    @Override
    public int nodes() {
        return passed.size();
    }

    @Override
    public long edges() {
        return edges;
    }
}

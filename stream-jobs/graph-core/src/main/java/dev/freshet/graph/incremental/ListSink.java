package dev.freshet.graph.incremental;

import dev.freshet.schema.NeighborList;

/** Receives neighbor lists. */
@FunctionalInterface
public interface ListSink {
    void list(NeighborList list);
}

package dev.freshet.graph.content;

import dev.freshet.graph.incremental.ListSink;

/** The lists of a graph as they were passed on last. */
interface GraphLists {

    /** Lists that are not empty. */
    int nodes();

    /** Neighbors in all lists. */
    long edges();

    /** Passes on every list that is not empty. */
    void forEach(ListSink sink);
}

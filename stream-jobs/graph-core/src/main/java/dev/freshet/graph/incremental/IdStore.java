package dev.freshet.graph.incremental;

/** Durable dense ids by outside id, for the shards that one instance owns. */
public interface IdStore {

    /** The dense id, or -1. */
    int get(String name);

    /** Adds an id. */
    void put(String name, int id);

    /** Forgets an id. */
    void remove(String name);

    /** How many ids were ever added to the shard. */
    int added(int shard);

    /** Visits every id in no particular order; the store is not changed meanwhile. */
    void forEach(Visitor visitor);

    /** Sees an id. */
    @FunctionalInterface
    interface Visitor {
        void visit(String name, int id);
    }
}

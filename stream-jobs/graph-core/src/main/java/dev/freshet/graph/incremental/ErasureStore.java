package dev.freshet.graph.incremental;

/** Durable times by the digest of an outside id, for the shards that one instance owns. */
public interface ErasureStore {

    /** Sets the time of a digest in the shard of its id. */
    void put(int shard, String digest, long upTo);

    /** Visits every digest in no particular order; the store is not changed meanwhile. */
    void forEach(Visitor visitor);

    /** Sees a digest. */
    @FunctionalInterface
    interface Visitor {
        void visit(String digest, long upTo);
    }
}

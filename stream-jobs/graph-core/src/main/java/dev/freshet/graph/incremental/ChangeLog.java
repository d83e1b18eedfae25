package dev.freshet.graph.incremental;

/** Durable changes of rows that are put off, by shard, for the shards that one instance owns. */
public interface ChangeLog {

    /** Appends a batch of a shard's changes; the array is not touched afterwards. */
    void append(int shard, byte[] batch);

    /** Forgets a shard's changes. */
    void clear(int shard);

    /** Visits all batches, those of a shard in the order they came. */
    void forEach(Visitor visitor);

    /** Sees a batch of a shard's changes. */
    @FunctionalInterface
    interface Visitor {
        void visit(int shard, byte[] batch);
    }
}

package dev.freshet.graph.incremental;

/**
 * Splits nodes into a fixed number of shards, the unit in which state moves between instances. A node's dense id holds its
 * shard in the low bits, so that whoever has the id knows where the node lives, and ids stay nearly dense.
 */
public final class Shards {

    /** Number of shards; the most instances that can share a graph. Part of the format of the state. */
    public static final int COUNT = 128;

    private static final int BITS = 7;

    private Shards() {}

    /** Shard of a node by its outside id. */
    public static int of(String name) {
        // Fibonacci hashing: String.hashCode of numbered ids differs in the low bits alone.
        return (name.hashCode() * 0x9E3779B9) >>> (32 - BITS);
    }

    /** Shard of a node by its dense id. */
    public static int of(int id) {
        return id & (COUNT - 1);
    }

    /**
     * The dense id of the node that came {@code rank}-th into its shard.
     *
     * @throws IllegalStateException if the shard is full, at 16.7 million nodes
     */
    static int id(int rank, int shard) {
        if (rank >= 1 << (31 - BITS)) {
            throw new IllegalStateException("shard " + shard + " is full: it has " + rank + " nodes");
        }
        return (rank << BITS) | shard;
    }

    /** The rank of a dense id within its shard. */
    static int rank(int id) {
        return id >>> BITS;
    }
}

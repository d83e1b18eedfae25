package dev.freshet.graph.incremental;

/**
 * The members of each set, for the sets that one instance owns: the users of items, or the items of users. Takes single changes of
 * membership, and turns them into changes of the members' co-occurrence at {@link #flush}.
 */
public interface NodeSets {

    /** Sees the new size of a changed set. */
    @FunctionalInterface
    interface DegreeSink {
        void degree(int set, int size);
    }

    /** Receives what changed. */
    @FunctionalInterface
    interface Sink extends DegreeSink {

        /** Where sets are cut: a member of a set began to count ({@code add}), or no longer does. */
        default void counted(int set, int member, boolean add) {}
    }

    /** Takes a batch of changes for the sets of a shard, as {@link SetChanges} packs them. */
    void add(int shard, byte[] batch);

    /** Changes taken since the last flush. */
    long buffered();

    /** Ordered pairs whose count changed, one by one, since the start. */
    long pairUpdates();

    /** Sets with a member, as of the last flush. */
    long liveSets();

    /** Applies the changes: the changed sets go to {@code pairs}, what else they mean to {@code sink}. */
    void flush(PairDeltas pairs, Sink sink);

    /** Sees the size of every set, without what is not flushed, and sets the total by it: to be called at a restart. */
    void restore(DegreeSink sink);

    /** Ordered pairs that change when members are added to a set one by one, and then removed. */
    static long pairUpdates(int before, long added, long removed) {
        long full = before + added;
        long rest = full - removed;
        return full * (full - 1) - (long) before * (before - 1) + full * (full - 1) - rest * (rest - 1);
    }
}

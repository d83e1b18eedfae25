package dev.freshet.graph.incremental;

/**
 * Packs changes of membership per shard of the set: a sequence of rank of the set in its shard, member and whether it is added, and the
 * pair's {@link dev.freshet.graph.PairRank} where the receiver cuts.
 */
public final class SetChanges {

    private final boolean ranked;
    private final Buffer[] batches = new Buffer[Shards.COUNT];

    /** Sees a change. */
    @FunctionalInterface
    interface Sink {
        void change(int set, int member, long rank, boolean add);
    }

    /** @param ranked whether the receiver cuts */
    public SetChanges(boolean ranked) {
        this.ranked = ranked;
    }

    /** Adds a change. */
    public void change(int set, int member, long rank, boolean add) {
        int shard = Shards.of(set);
        if (batches[shard] == null) {
            batches[shard] = new Buffer(1 << 8);
        }
        batches[shard].putInt(Shards.rank(set));
        batches[shard].putLong((long) member << 1 | (add ? 1 : 0));
        if (ranked) {
            batches[shard].putFixedLong(rank);
        }
    }

    /** Passes on all changes, and forgets them. */
    public void flush(DeltaBatches.Sink sink) {
        for (int shard = 0; shard < Shards.COUNT; shard++) {
            if (batches[shard] != null && batches[shard].size > 0) {
                sink.batch(shard, batches[shard].toBytes());
                batches[shard].clear();
            }
        }
    }

    static void read(int shard, byte[] batch, boolean ranked, Sink sink) {
        Buffer in = Buffer.reading(batch);
        while (in.hasMore()) {
            int set = Shards.id(in.getInt(), shard);
            long change = in.getLong();
            sink.change(set, (int) (change >>> 1), ranked ? in.getFixedLong() : 0, (change & 1) == 1);
        }
    }
}

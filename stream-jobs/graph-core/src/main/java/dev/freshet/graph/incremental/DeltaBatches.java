package dev.freshet.graph.incremental;

/**
 * Packs changed rows into batches of bytes per shard. A batch is a sequence of: rank of the row in its shard, length of the entries,
 * entries as {@link PackedRow} writes them.
 */
public final class DeltaBatches implements PairDeltas.RowSink {

    private final int batchBytes;
    private final Sink sink;
    private final Buffer[] batches = new Buffer[Shards.COUNT];
    private final Buffer row = new Buffer(1 << 10);

    /** Receives a batch. */
    @FunctionalInterface
    public interface Sink {
        void batch(int shard, byte[] batch);
    }

    /** @param batchBytes length from which a batch is passed on */
    public DeltaBatches(int batchBytes, Sink sink) {
        this.batchBytes = batchBytes;
        this.sink = sink;
    }

    @Override
    public void row(int node, int[] ids, int[] deltas, int size) {
        row.clear();
        PackedRow.write(row, ids, deltas, size);
        int shard = Shards.of(node);
        Buffer batch = batches[shard];
        if (batch == null) {
            batch = new Buffer(1 << 10);
            batches[shard] = batch;
        }
        batch.putInt(Shards.rank(node));
        batch.putInt(row.size);
        batch.putBytes(row.bytes, 0, row.size);
        if (batch.size >= batchBytes) {
            pass(shard);
        }
    }

    /** Passes on what is left. */
    public void flush() {
        for (int shard = 0; shard < Shards.COUNT; shard++) {
            if (batches[shard] != null && batches[shard].size > 0) {
                pass(shard);
            }
        }
    }

    private void pass(int shard) {
        sink.batch(shard, batches[shard].toBytes());
        batches[shard].clear();
    }
}

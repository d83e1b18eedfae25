package dev.freshet.graphjob;

/** Packed changes for the nodes of one shard. */
public final class ShardBatch {

    public int shard;
    public byte[] data;

    public ShardBatch() {}

    ShardBatch(int shard, byte[] data) {
        this.shard = shard;
        this.data = data;
    }
}

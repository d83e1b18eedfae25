package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Changes of rows that are put off, so that a row is read and written once for all of them: shard by shard in memory, and beyond a
 * limit in a temporary file, from which a shard is read back when one of its rows is asked for (a Grace hash join of
 * rows and changes). Not durable. Not thread-safe.
 */
final class PendingChanges implements AutoCloseable {

    private final long limit;
    private final Path folder;
    private final Buffer[] memory = new Buffer[Shards.COUNT];
    private long memoryBytes;
    private final IntOpenHashSet nodes = new IntOpenHashSet();

    private FileChannel spilled;
    private long spilledBytes;
    /** Positions and lengths of each shard's parts of the file, by turns. */
    private final LongArrayList[] parts = new LongArrayList[Shards.COUNT];

    /** The shard whose changes are in {@link #changes}; negative for none. */
    private int shard = -1;

    private byte[] changes = {};
    /** For each node its latest change, a place in the lists below. */
    private final Int2IntOpenHashMap latest = new Int2IntOpenHashMap();

    private final IntArrayList starts = new IntArrayList();
    private final IntArrayList ends = new IntArrayList();
    private final IntArrayList earlier = new IntArrayList();

    /**
     * @param limit bytes to hold in memory
     * @param folder where the temporary file goes
     */
    PendingChanges(long limit, Path folder) {
        this.limit = limit;
        this.folder = folder;
        latest.defaultReturnValue(-1);
    }

    /** Takes a batch of changes for a shard, as {@link DeltaBatches} packs them. */
    void add(int shard, byte[] batch) {
        Buffer in = Buffer.reading(batch);
        while (in.hasMore()) {
            nodes.add(Shards.id(in.getInt(), shard));
            int length = in.getInt();
            in.at += length;
        }
        if (memory[shard] == null) {
            memory[shard] = new Buffer(Math.max(batch.length, 1 << 10));
        }
        memory[shard].putBytes(batch, 0, batch.length);
        memoryBytes += batch.length;
        this.shard = -1;
        if (memoryBytes > limit) {
            spill();
        }
    }

    /** Length of the temporary file, which has no name any more where the system can do without. */
    long spilledBytes() {
        return spilledBytes;
    }

    /** Nodes whose rows change. */
    IntSet nodes() {
        return nodes;
    }

    /** Adds the changes of a node's row to {@code sums}; whether there are any. Quick where nodes are asked for shard by shard. */
    boolean addTo(Accumulator sums, int node) {
        if (!nodes.contains(node)) {
            return false;
        }
        if (Shards.of(node) != shard) {
            load(Shards.of(node));
        }
        for (int change = latest.get(node); change >= 0; change = earlier.getInt(change)) {
            PackedRow.addTo(sums, changes, starts.getInt(change), ends.getInt(change));
        }
        return true;
    }

    private void load(int wanted) {
        changes = read(wanted);
        latest.clear();
        starts.clear();
        ends.clear();
        earlier.clear();
        Buffer in = Buffer.reading(changes);
        while (in.hasMore()) {
            int node = Shards.id(in.getInt(), wanted);
            int length = in.getInt();
            earlier.add(latest.put(node, starts.size()));
            starts.add(in.at);
            in.at += length;
            ends.add(in.at);
        }
        shard = wanted;
    }

    private byte[] read(int wanted) {
        Buffer rest = memory[wanted];
        LongArrayList places = parts[wanted];
        long size = rest == null ? 0 : rest.size;
        for (int p = 0; places != null && p < places.size(); p += 2) {
            size += places.getLong(p + 1);
        }
        ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(size));
        try {
            for (int p = 0; places != null && p < places.size(); p += 2) {
                long position = places.getLong(p);
                all.limit(all.position() + (int) places.getLong(p + 1));
                while (all.hasRemaining()) {
                    int count = spilled.read(all, position);
                    if (count < 0) {
                        throw new EOFException(
                                "the changes put off in " + folder + " are shorter than what was written");
                    }
                    position += count;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (rest != null) {
            all.limit(all.capacity());
            all.put(rest.bytes, 0, rest.size);
        }
        return all.array();
    }

    private void spill() {
        try {
            if (spilled == null) {
                spilled = FileChannel.open(
                        Files.createTempFile(folder, "changes", null),
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.DELETE_ON_CLOSE);
            }
            for (int s = 0; s < Shards.COUNT; s++) {
                Buffer buffer = memory[s];
                if (buffer == null || buffer.size == 0) {
                    continue;
                }
                if (parts[s] == null) {
                    parts[s] = new LongArrayList();
                }
                parts[s].add(spilledBytes);
                parts[s].add(buffer.size);
                for (ByteBuffer out = ByteBuffer.wrap(buffer.bytes, 0, buffer.size); out.hasRemaining(); ) {
                    spilledBytes += spilled.write(out, spilledBytes);
                }
                buffer.clear();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        memoryBytes = 0;
    }

    /** Forgets all changes. */
    void clear() {
        close();
        nodes.clear();
        for (int s = 0; s < Shards.COUNT; s++) {
            memory[s] = null;
            parts[s] = null;
        }
        memoryBytes = 0;
        shard = -1;
        changes = new byte[0];
    }

    /** Deletes the file. */
    @Override
    public void close() {
        if (spilled == null) {
            return;
        }
        try {
            spilled.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        spilled = null;
        spilledBytes = 0;
    }
}

package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import it.unimi.dsi.fastutil.ints.IntSets;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Changes of rows that are put off, so that a row is read and written once for many of them: shard by shard in memory, and beyond a
 * limit in a temporary file, from which a shard is read back when one of its rows is asked for (a Grace hash join of
 * rows and changes). What the rows need not take in yet is durable from one cut to the next as a log, much like the runs of a
 * log-structured merge tree. Not thread-safe.
 */
final class PendingChanges implements AutoCloseable {

    /** Part of {@link #limit} that stays behind after a cut: whoever asks for a row goes through all that its shard has put off. */
    private static final int KEPT_SHARE = 8;

    private final ChangeLog log;
    private final long limit;
    private final Path folder;
    private final Buffer[] memory = new Buffer[Shards.COUNT];
    private long memoryBytes;
    /** Bytes of each shard that were there at the last cut; they come first. */
    private final int[] older = new int[Shards.COUNT];

    /** Nodes that changed since the last cut. */
    private final IntOpenHashSet nodes = new IntOpenHashSet();

    private FileChannel spilled;
    private long spilledBytes;
    /** Positions and lengths of each shard's parts of the file, by turns. */
    private final LongArrayList[] parts = new LongArrayList[Shards.COUNT];

    private final boolean[] due = new boolean[Shards.COUNT];
    private final ShardIndex index = new ShardIndex();
    private final ShardIndex recent = new ShardIndex();

    /** The changes of one shard, by node. */
    private static final class ShardIndex {
        /** Negative for none. */
        private int shard = -1;

        private byte[] changes = {};
        /** For each node its latest change, a place in the lists below. */
        private final Int2IntOpenHashMap latest = new Int2IntOpenHashMap();

        private final IntArrayList starts = new IntArrayList();
        private final IntArrayList ends = new IntArrayList();
        private final IntArrayList earlier = new IntArrayList();

        ShardIndex() {
            latest.defaultReturnValue(-1);
        }

        void load(int wanted, byte[] bytes, int from) {
            changes = bytes;
            latest.clear();
            starts.clear();
            ends.clear();
            earlier.clear();
            Buffer in = Buffer.reading(bytes);
            in.at = from;
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

        boolean addTo(Accumulator sums, int node) {
            int change = latest.get(node);
            if (change < 0) {
                return false;
            }
            for (; change >= 0; change = earlier.getInt(change)) {
                PackedRow.addTo(sums, changes, starts.getInt(change), ends.getInt(change));
            }
            return true;
        }

        void forget() {
            shard = -1;
            changes = new byte[0];
        }
    }

    /**
     * @param log the durable changes; those that it has are taken in
     * @param limit bytes to hold in memory
     * @param folder where the temporary file goes
     */
    PendingChanges(ChangeLog log, long limit, Path folder) {
        this.log = log;
        this.limit = limit;
        this.folder = folder;
        log.forEach((shard, batch) -> {
            append(shard, batch);
            older[shard] += batch.length;
        });
    }

    /** Takes a batch of changes for a shard, as {@link DeltaBatches} packs them. */
    void add(int shard, byte[] batch) {
        Buffer in = Buffer.reading(batch);
        while (in.hasMore()) {
            nodes.add(Shards.id(in.getInt(), shard));
            int length = in.getInt();
            in.at += length;
        }
        append(shard, batch);
        if (memoryBytes > limit) {
            spill();
        }
    }

    private void append(int shard, byte[] batch) {
        if (memory[shard] == null) {
            memory[shard] = new Buffer(Math.max(batch.length, 1 << 10));
        }
        memory[shard].putBytes(batch, 0, batch.length);
        memoryBytes += batch.length;
        index.forget();
        recent.forget();
    }

    /** Length of the temporary file, which has no name any more where the system can do without. */
    long spilledBytes() {
        return spilledBytes;
    }

    /** Nodes whose rows changed since the last {@link #settle}. */
    IntSet nodes() {
        return nodes;
    }

    /** Nodes of a shard that have changes from before the last {@link #settle}, among those that have any; empty if there are none. */
    IntSet earlierNodes(int shard) {
        if (older[shard] == 0) {
            return IntSets.EMPTY_SET;
        }
        load(shard);
        return index.latest.keySet();
    }

    /** Adds the changes of a node's row to {@code sums}; whether there are any. Quick where nodes are asked for shard by shard. */
    boolean addTo(Accumulator sums, int node) {
        load(Shards.of(node));
        return index.addTo(sums, node);
    }

    /** Adds those alone that came since the last {@link #settle}. */
    boolean addRecentTo(Accumulator sums, int node) {
        int shard = Shards.of(node);
        if (!nodes.contains(node)) {
            return false;
        }
        if (recent.shard != shard) {
            recent.load(shard, read(shard), older[shard]);
        }
        return recent.addTo(sums, node);
    }

    private void load(int shard) {
        if (index.shard != shard) {
            index.load(shard, read(shard), 0);
        }
    }

    /**
     * Decides which shards' rows are to take their changes in before the next {@link #settle}: all where that is asked for or much came since the
     * last one, else as few as leave little behind.
     */
    void decide(boolean everything) {
        long left = memoryBytes + spilledBytes;
        long came = left;
        for (int bytes : older) {
            came -= bytes;
        }
        long kept = limit / KEPT_SHARE;
        boolean all = everything || came > kept;
        Arrays.fill(due, all);
        while (!all && left > kept) {
            int most = -1;
            for (int shard = 0; shard < Shards.COUNT; shard++) {
                if (!due[shard] && (most < 0 || size(shard) > size(most))) {
                    most = shard;
                }
            }
            due[most] = true;
            left -= size(most);
        }
    }

    /** Whether a shard's rows are to take their changes in. */
    boolean isDue(int shard) {
        return due[shard];
    }

    private long size(int shard) {
        long size = memory[shard] == null ? 0 : memory[shard].size;
        for (int p = 0; parts[shard] != null && p < parts[shard].size(); p += 2) {
            size += parts[shard].getLong(p + 1);
        }
        return size;
    }

    private byte[] read(int wanted) {
        Buffer rest = memory[wanted];
        LongArrayList places = parts[wanted];
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(size(wanted)));
        try {
            for (int p = 0; places != null && p < places.size(); p += 2) {
                long position = places.getLong(p);
                bytes.limit(bytes.position() + (int) places.getLong(p + 1));
                while (bytes.hasRemaining()) {
                    int count = spilled.read(bytes, position);
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
            bytes.limit(bytes.capacity());
            bytes.put(rest.bytes, 0, rest.size);
        }
        return bytes.array();
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

    /** A cut: forgets the changes of the shards whose rows have taken them in, and makes the others' durable. */
    void settle() {
        for (int shard = 0; shard < Shards.COUNT; shard++) {
            Buffer buffer = memory[shard];
            if (due[shard]) {
                if (older[shard] > 0) {
                    log.clear(shard);
                }
                memoryBytes -= buffer == null ? 0 : buffer.size;
                memory[shard] = null;
                parts[shard] = null;
                older[shard] = 0;
            } else if (buffer != null && buffer.size > older[shard]) {
                log.append(shard, Arrays.copyOfRange(buffer.bytes, older[shard], buffer.size));
                older[shard] = buffer.size;
            }
        }
        close();
        nodes.clear();
        index.forget();
        recent.forget();
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

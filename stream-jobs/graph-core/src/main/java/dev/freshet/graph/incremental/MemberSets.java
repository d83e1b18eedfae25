package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2IntMap;
import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;

/** {@link NodeSets} that count whole. Not thread-safe. */
public final class MemberSets implements NodeSets {

    private final NodeStore sets;
    private final Int2ObjectOpenHashMap<Int2IntOpenHashMap> changes = new Int2ObjectOpenHashMap<>();
    private long buffered;
    private long pairUpdates;
    private long liveSets;

    public MemberSets(NodeStore sets) {
        this.sets = sets;
    }

    @Override
    public void add(int shard, byte[] batch) {
        SetChanges.read(shard, batch, false, (set, member, rank, add) -> change(set, member, add));
    }

    /** Adds a member to a set that does not have it, or removes one from a set that does. */
    public void change(int set, int member, boolean add) {
        Int2IntOpenHashMap net = changes.get(set);
        if (net == null) {
            net = new Int2IntOpenHashMap();
            changes.put(set, net);
        }
        net.addTo(member, add ? 1 : -1);
        buffered++;
    }

    @Override
    public long buffered() {
        return buffered;
    }

    @Override
    public long pairUpdates() {
        return pairUpdates;
    }

    @Override
    public long liveSets() {
        return liveSets;
    }

    @Override
    public void flush(PairDeltas pairs, Sink sink) {
        int[] order = changes.keySet().toIntArray();
        Arrays.sort(order);
        for (int set : order) {
            apply(set, changes.get(set), pairs, sink);
        }
        changes.clear();
        buffered = 0;
    }

    private void apply(int set, Int2IntOpenHashMap net, PairDeltas pairs, Sink sink) {
        IntArrayList plus = new IntArrayList();
        IntArrayList minus = new IntArrayList();
        for (Int2IntMap.Entry change : net.int2IntEntrySet()) {
            if (change.getIntValue() > 0) {
                plus.add(change.getIntKey());
            } else if (change.getIntValue() < 0) {
                minus.add(change.getIntKey());
            }
        }
        if (plus.isEmpty() && minus.isEmpty()) {
            return;
        }
        IntArrays.quickSort(plus.elements(), 0, plus.size());
        IntArrays.quickSort(minus.elements(), 0, minus.size());
        int[] before = decode(sets.get(set));
        int[] after = merge(set, before, plus, minus);
        pairUpdates += NodeSets.pairUpdates(before.length, plus.size(), minus.size());
        pairs.add(after, after.length, plus.elements(), plus.size(), minus.elements(), minus.size());
        if (after.length > 0) {
            sets.put(set, encode(after));
        } else {
            sets.remove(set);
        }
        liveSets += Integer.signum(after.length) - Integer.signum(before.length);
        sink.degree(set, after.length);
    }

    private static int[] merge(int set, int[] before, IntArrayList plus, IntArrayList minus) {
        int[] after = new int[before.length + plus.size() - minus.size()];
        int added = 0;
        int removed = 0;
        int size = 0;
        for (int member : before) {
            while (added < plus.size() && plus.getInt(added) < member) {
                after[size++] = plus.getInt(added++);
            }
            if (removed < minus.size() && minus.getInt(removed) == member) {
                removed++;
            } else {
                after[size++] = member;
            }
        }
        while (added < plus.size()) {
            after[size++] = plus.getInt(added++);
        }
        if (removed < minus.size() || size < after.length) {
            throw new IllegalStateException("a removed member of set " + set + " was not in it: a change was lost");
        }
        return after;
    }

    @Override
    public void restore(DegreeSink sink) {
        liveSets = 0;
        sets.forEach((set, bytes) -> {
            liveSets++;
            sink.degree(set, Buffer.reading(bytes).getInt());
        });
    }

    private static byte[] encode(int[] members) {
        Buffer out = new Buffer(2 * members.length + 5);
        out.putInt(members.length);
        int last = -1;
        for (int member : members) {
            out.putInt(member - last - 1);
            last = member;
        }
        return out.toBytes();
    }

    private static int[] decode(byte[] bytes) {
        if (bytes == null) {
            return IntArrays.EMPTY_ARRAY;
        }
        Buffer in = Buffer.reading(bytes);
        int[] members = new int[in.getInt()];
        int last = -1;
        for (int m = 0; m < members.length; m++) {
            last += in.getInt() + 1;
            members[m] = last;
        }
        return members;
    }
}

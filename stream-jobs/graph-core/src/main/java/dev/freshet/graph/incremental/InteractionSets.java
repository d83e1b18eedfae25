package dev.freshet.graph.incremental;

import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.PairRank;
import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.Int2LongMap;
import it.unimi.dsi.fastutil.ints.Int2LongMaps;
import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The interactions of each user, for the users that one instance owns: the last writer wins per (user, item), by (event time,
 * partition, offset), whatever order events come in and however often; what is taken back stays as a tombstone. Changes of the live sets
 * are turned into changes of the items' co-occurrence at {@link #flush}.
 *
 * <p>Of a user's live items, those count whose pair has a {@link PairRank} up to the k_max-th smallest. What falls behind the window leaves
 * for good, tombstones too: an event that is older still cannot win any more. Not thread-safe.
 */
public final class InteractionSets {

    private static final int LIVE = 1;
    private static final int CHANGED = 2;
    private static final int WAS_LIVE = 4;
    private static final int DROPPED = 8;

    /** Sets that may be in memory while many lose entries at once. */
    private static final int SLICE = 1 << 12;

    private final NodeStore store;
    private final GraphSettings settings;
    private final boolean ranked;
    private final boolean direct;
    private final int slice;
    private final Int2ObjectOpenHashMap<UserSet> loaded = new Int2ObjectOpenHashMap<>();
    /** Event time of each user's oldest entry, where there is a window. */
    private final Int2LongOpenHashMap oldest = new Int2LongOpenHashMap();

    private long expiredUpTo = Long.MIN_VALUE;
    private long work;
    private long buffered;
    private long pairUpdates;
    private long liveUsers;
    private long liveInteractions;

    /** The state of a (user, item) pair. */
    public record Entry(
            int item, boolean live, String action, double weight, long eventTime, int partition, long offset) {}

    /** Receives what changed. */
    public interface Sink {

        /**
         * A pair changed that is live, or was at the last flush. Of a user, pairs that are no longer live come first: an item that was erased
         * and came again is another one here, by the same outside id.
         */
        void interaction(String user, Entry entry);

        /**
         * An item began to count for a user ({@code add}), or no longer does.
         *
         * @param rank rank of the pair where there are cuts
         */
        void membership(int user, int item, long rank, boolean add);

        /** Where the pairs of items are counted here: a user's items that count changed, and now are so many. */
        void degree(int user, int size);

        /** Nothing is left of a user. */
        void gone(int user, String name);
    }

    /** Sees a live pair. */
    @FunctionalInterface
    public interface Visitor {
        void visit(String user, Entry entry);
    }

    public InteractionSets(NodeStore store, GraphSettings settings) {
        this(store, settings, SLICE);
    }

    InteractionSets(NodeStore store, GraphSettings settings, int slice) {
        this.store = store;
        this.settings = settings;
        this.slice = slice;
        ranked = settings.cuts();
        direct = settings.fMax() == GraphSettings.UNLIMITED;
    }

    /** Whether an event of this time is behind the window already. */
    public boolean isExpired(long eventTime) {
        return eventTime <= expiredUpTo;
    }

    /**
     * Takes an event that is not expired. An event older than the pair's state changes nothing.
     *
     * @param name the user's outside id
     * @param itemHash {@link PairRank#hash} of the item's outside id
     */
    public void apply(int user, String name, Entry event, long itemHash) {
        UserSet set = loaded.get(user);
        if (set == null) {
            set = new UserSet(store.get(user), ranked);
            set.name = name;
            loaded.put(user, set);
        }
        if (settings.window() != null) {
            oldest.mergeLong(user, event.eventTime(), Math::min);
        }
        int liveBefore = set.live;
        buffered++;
        if (set.apply(event, itemHash) && set.live != liveBefore && direct) {
            long pairs = 2L * Math.min(settings.kMax(), Math.min(liveBefore, set.live));
            pairUpdates += pairs;
            work += pairs;
        }
    }

    /**
     * Drops what is erased or behind the window. Erased items read every set: many at once cost what one does.
     *
     * @param items erased items, of all users, and up to which time each
     * @param users erased users, and up to which time each
     * @param latest greatest event time of all events, of all instances
     * @param full called when so many sets are in memory that they must be {@linkplain #flush flushed}
     */
    public void drop(Int2LongMap items, Int2LongMap users, long latest, Runnable full) {
        // Items first: once an entry has gone, nobody can tell that its item was erased, and may have come again.
        eraseItems(items, full);
        users.int2LongEntrySet().forEach(entry -> drop(entry.getIntKey(), entry.getLongValue(), full));
        expire(latest, full);
    }

    private void drop(int user, long upTo, Runnable full) {
        UserSet set = load(user);
        for (int slot = 0; slot < set.size; slot++) {
            if (set.times[slot] <= upTo) {
                set.drop(slot);
            }
        }
        passOn(full);
    }

    private void passOn(Runnable full) {
        if (loaded.size() >= slice) {
            full.run();
        }
    }

    private void eraseItems(Int2LongMap upTo, Runnable full) {
        if (upTo.isEmpty()) {
            return;
        }
        loaded.values().forEach(set -> set.dropItems(upTo));
        IntArrayList stored = new IntArrayList();
        store.forEach((user, bytes) -> {
            if (!loaded.containsKey(user) && new UserSet(bytes, ranked).dropItems(upTo)) {
                stored.add(user);
            }
        });
        stored.forEach(user -> {
            load(user).dropItems(upTo);
            passOn(full);
        });
    }

    private void expire(long latest, Runnable full) {
        long upTo = settings.expired(latest);
        if (upTo <= expiredUpTo) {
            return;
        }
        expiredUpTo = upTo;
        IntArrayList users = new IntArrayList();
        for (Int2LongMap.Entry entry : Int2LongMaps.fastIterable(oldest)) {
            if (entry.getLongValue() <= upTo) {
                users.add(entry.getIntKey());
            }
        }
        users.forEach(user -> drop(user, upTo, full));
    }

    private UserSet load(int user) {
        UserSet set = loaded.get(user);
        if (set == null) {
            set = new UserSet(store.get(user), ranked);
            loaded.put(user, set);
        }
        return set;
    }

    /** Events taken since the last flush. */
    public long buffered() {
        return buffered;
    }

    /** Pair updates since the last flush, about. */
    public long work() {
        return work;
    }

    /** Ordered pairs whose count changed, event by event, since the start. */
    public long pairUpdates() {
        return pairUpdates;
    }

    /** Users with a live interaction, as of the last flush. */
    public long liveUsers() {
        return liveUsers;
    }

    /** Live interactions, as of the last flush. */
    public long liveInteractions() {
        return liveInteractions;
    }

    /**
     * Makes the changes durable, and passes them on.
     *
     * @param pairs takes the changed sets, where users of an item are not cut: otherwise what counts is not known here
     */
    public void flush(PairDeltas pairs, Sink sink) {
        int[] order = loaded.keySet().toIntArray();
        Arrays.sort(order);
        for (int user : order) {
            UserSet set = loaded.get(user);
            if (!set.changed.isEmpty()) {
                flush(user, set, pairs, sink);
            }
        }
        loaded.clear();
        work = 0;
        buffered = 0;
    }

    private void flush(int user, UserSet set, PairDeltas pairs, Sink sink) {
        IntArrayList plus = new IntArrayList();
        IntArrayList minus = new IntArrayList();
        for (int c = 0; c < set.changed.size(); c++) {
            int slot = set.changed.getInt(c);
            boolean is = set.isLive(slot);
            boolean was = set.wasLive(slot);
            if (was && !is) {
                sink.interaction(set.name, set.entry(slot));
            }
            if (is != was) {
                (is ? plus : minus).add(slot);
            }
        }
        for (int slot = 0; slot < set.size; slot++) {
            // The item that came again may have been passed on by an earlier flush.
            if (set.isLive(slot) && (set.isChanged(slot) || set.itemErased)) {
                sink.interaction(set.name, set.entry(slot));
            }
        }
        if (!plus.isEmpty() || !minus.isEmpty()) {
            int before = set.live - plus.size() + minus.size();
            liveInteractions += set.live - before;
            liveUsers += Integer.signum(set.live) - Integer.signum(before);
            set.rank();
            int[] members;
            if (Math.max(before, set.live) <= settings.kMax()) {
                members = set.counted(Long.MAX_VALUE);
            } else {
                long limitBefore = set.limit(settings.kMax(), true);
                long limit = set.limit(settings.kMax(), false);
                plus.clear();
                minus.clear();
                for (int slot = 0; slot < set.size; slot++) {
                    boolean is = set.isLive(slot) && set.ranks[slot] <= limit;
                    boolean was = set.wasLive(slot) && set.ranks[slot] <= limitBefore;
                    if (is != was) {
                        (is ? plus : minus).add(slot);
                    }
                }
                members = set.counted(limit);
            }
            set.counted = members.length;
            pass(user, set, plus, true, sink);
            pass(user, set, minus, false, sink);
            if (direct && (!plus.isEmpty() || !minus.isEmpty())) {
                pairs.add(members, members.length, plus.elements(), plus.size(), minus.elements(), minus.size());
                sink.degree(user, members.length);
            }
        }
        if (set.size > set.dropped) {
            store.put(user, set.encode());
            if (settings.window() != null) {
                oldest.put(user, set.oldest());
            }
        } else {
            store.remove(user);
            oldest.remove(user);
            sink.gone(user, set.name);
        }
    }

    /** Passes on changed slots, and turns them into their items, ascending. */
    private static void pass(int user, UserSet set, IntArrayList slots, boolean add, Sink sink) {
        for (int s = 0; s < slots.size(); s++) {
            int slot = slots.getInt(s);
            sink.membership(user, set.items[slot], set.ranked ? set.ranks[slot] : 0, add);
            slots.set(s, set.items[slot]);
        }
        IntArrays.quickSort(slots.elements(), 0, slots.size());
    }

    /**
     * Sees every user, without what is not flushed, and sets the totals by it: to be called at a restart.
     *
     * @param sink takes the users' degrees, where {@link Sink#degree} does
     */
    public void restore(NodeSets.DegreeSink sink) {
        liveUsers = 0;
        liveInteractions = 0;
        store.forEach((user, bytes) -> {
            Buffer in = Buffer.reading(bytes);
            int live = in.getInt();
            int counted = in.getInt();
            if (live > 0) {
                liveUsers++;
                liveInteractions += live;
            }
            if (direct && counted > 0) {
                sink.degree(user, counted);
            }
            if (settings.window() != null) {
                oldest.put(user, in.getSignedLong());
            }
        });
    }

    /** Visits all live pairs, without what is not flushed. */
    public void forEachLive(Visitor visitor) {
        store.forEach((user, bytes) -> {
            UserSet set = new UserSet(bytes, ranked);
            for (int slot = 0; slot < set.size; slot++) {
                if (set.isLive(slot)) {
                    visitor.visit(set.name, set.entry(slot));
                }
            }
        });
    }

    /** A user's pairs, in memory while they change; columns by slot. */
    private static final class UserSet {
        private final Int2IntOpenHashMap slotOf;
        private final IntArrayList changed = new IntArrayList();
        private int[] items;
        private byte[] flags;
        private String[] actions;
        private double[] weights;
        private long[] times;
        private int[] partitions;
        private long[] offsets;
        private long[] hashes;
        private long[] ranks;
        private int size;
        private int dropped;
        private int live;
        private int counted;
        private boolean itemErased;
        private String name;
        private final boolean ranked;

        /** A set as {@link #encode} has written it; an empty one from null. */
        UserSet(byte[] bytes, boolean ranked) {
            this.ranked = ranked;
            Buffer in = Buffer.reading(bytes == null ? new byte[6] : bytes);
            live = in.getInt();
            counted = in.getInt();
            in.getSignedLong();
            name = in.getString();
            size = in.getInt();
            slotOf = new Int2IntOpenHashMap(size + 4);
            slotOf.defaultReturnValue(-1);
            String[] dictionary = new String[in.getInt()];
            for (int a = 0; a < dictionary.length; a++) {
                dictionary[a] = in.getString();
            }
            allocate(size + 4);
            long time = 0;
            long offset = 0;
            for (int slot = 0; slot < size; slot++) {
                items[slot] = in.getInt();
                slotOf.put(items[slot], slot);
                int head = in.getInt();
                flags[slot] = (byte) (head & LIVE);
                actions[slot] = dictionary[head >>> 2];
                weights[slot] = (head & 2) == 0 ? 1 : Double.longBitsToDouble(in.getFixedLong());
                time += in.getSignedLong();
                times[slot] = time;
                partitions[slot] = in.getInt();
                offset += in.getSignedLong();
                offsets[slot] = offset;
                if (ranked) {
                    hashes[slot] = in.getFixedLong();
                }
            }
        }

        byte[] encode() {
            Buffer out = new Buffer(24 * size + 64);
            out.putInt(live);
            out.putInt(counted);
            out.putSignedLong(oldest());
            out.putString(name);
            out.putInt(size - dropped);
            Map<String, Integer> dictionary = new LinkedHashMap<>();
            for (int slot = 0; slot < size; slot++) {
                if (!isDropped(slot)) {
                    dictionary.putIfAbsent(actions[slot], dictionary.size());
                }
            }
            out.putInt(dictionary.size());
            dictionary.keySet().forEach(out::putString);
            long time = 0;
            long offset = 0;
            for (int slot = 0; slot < size; slot++) {
                if (isDropped(slot)) {
                    continue;
                }
                out.putInt(items[slot]);
                boolean weighted = weights[slot] != 1;
                out.putInt(dictionary.get(actions[slot]) << 2 | (weighted ? 2 : 0) | (flags[slot] & LIVE));
                if (weighted) {
                    out.putFixedLong(Double.doubleToRawLongBits(weights[slot]));
                }
                out.putSignedLong(times[slot] - time);
                time = times[slot];
                out.putInt(partitions[slot]);
                out.putSignedLong(offsets[slot] - offset);
                offset = offsets[slot];
                if (ranked) {
                    out.putFixedLong(hashes[slot]);
                }
            }
            return out.toBytes();
        }

        long oldest() {
            long least = Long.MAX_VALUE;
            for (int slot = 0; slot < size; slot++) {
                if (!isDropped(slot)) {
                    least = Math.min(least, times[slot]);
                }
            }
            return least;
        }

        /** Drops the entries of items up to a time for each; returns whether there were any. */
        boolean dropItems(Int2LongMap upTo) {
            int before = dropped;
            for (int slot = 0; slot < size; slot++) {
                if (upTo.containsKey(items[slot]) && times[slot] <= upTo.get(items[slot])) {
                    drop(slot);
                }
            }
            itemErased |= dropped > before;
            return dropped > before;
        }

        boolean isLive(int slot) {
            return (flags[slot] & LIVE) != 0;
        }

        boolean wasLive(int slot) {
            return (flags[slot] & (isChanged(slot) ? WAS_LIVE : LIVE)) != 0;
        }

        boolean isChanged(int slot) {
            return (flags[slot] & CHANGED) != 0;
        }

        boolean isDropped(int slot) {
            return (flags[slot] & DROPPED) != 0;
        }

        /** Takes an entry out, with what it would decide. */
        void drop(int slot) {
            if (isDropped(slot)) {
                return;
            }
            touch(slot);
            live -= isLive(slot) ? 1 : 0;
            flags[slot] = (byte) (flags[slot] & ~LIVE | DROPPED);
            dropped++;
        }

        private void touch(int slot) {
            if (!isChanged(slot)) {
                flags[slot] |= (byte) (CHANGED | (isLive(slot) ? WAS_LIVE : 0));
                changed.add(slot);
            }
        }

        /** Ranks the slots, where there are cuts. */
        void rank() {
            if (ranked) {
                long hash = PairRank.hash(name);
                ranks = new long[size];
                for (int slot = 0; slot < size; slot++) {
                    ranks[slot] = PairRank.of(hash, hashes[slot]);
                }
            }
        }

        /** The max-th smallest rank of a live slot. */
        long limit(int max, boolean before) {
            long[] sorted = new long[size];
            int found = 0;
            for (int slot = 0; slot < size; slot++) {
                if (before ? wasLive(slot) : isLive(slot)) {
                    sorted[found++] = ranks[slot];
                }
            }
            Arrays.sort(sorted, 0, found);
            return found < max ? Long.MAX_VALUE : sorted[max - 1];
        }

        /** Returns whether the event is the pair's latest. */
        boolean apply(Entry event, long itemHash) {
            int slot = slotOf.get(event.item());
            if (slot < 0) {
                if (size == items.length) {
                    allocate(size + (size >> 1) + 4);
                }
                slot = size++;
                items[slot] = event.item();
                slotOf.put(event.item(), slot);
            } else if (!isYounger(event, slot)) {
                return false;
            }
            boolean was = isLive(slot);
            touch(slot);
            dropped -= isDropped(slot) ? 1 : 0;
            flags[slot] = (byte) (flags[slot] & ~(LIVE | DROPPED) | (event.live() ? LIVE : 0));
            live += (event.live() ? 1 : 0) - (was ? 1 : 0);
            hashes[slot] = itemHash;
            actions[slot] = event.action();
            weights[slot] = event.weight();
            times[slot] = event.eventTime();
            partitions[slot] = event.partition();
            offsets[slot] = event.offset();
            return true;
        }

        private boolean isYounger(Entry event, int slot) {
            if (event.eventTime() != times[slot]) {
                return event.eventTime() > times[slot];
            }
            if (event.partition() != partitions[slot]) {
                return event.partition() > partitions[slot];
            }
            return event.offset() > offsets[slot];
        }

        Entry entry(int slot) {
            return new Entry(
                    items[slot],
                    isLive(slot),
                    actions[slot],
                    weights[slot],
                    times[slot],
                    partitions[slot],
                    offsets[slot]);
        }

        /** Live items with a rank up to a limit, ascending. */
        int[] counted(long limit) {
            int[] ids = new int[live];
            int at = 0;
            for (int slot = 0; slot < size; slot++) {
                if (isLive(slot) && (!ranked || ranks[slot] <= limit)) {
                    ids[at++] = items[slot];
                }
            }
            IntArrays.quickSort(ids, 0, at);
            return at == live ? ids : Arrays.copyOf(ids, at);
        }

        private void allocate(int capacity) {
            if (items == null) {
                items = new int[capacity];
                flags = new byte[capacity];
                actions = new String[capacity];
                weights = new double[capacity];
                times = new long[capacity];
                partitions = new int[capacity];
                offsets = new long[capacity];
                hashes = new long[capacity];
            } else {
                items = Arrays.copyOf(items, capacity);
                flags = Arrays.copyOf(flags, capacity);
                actions = Arrays.copyOf(actions, capacity);
                weights = Arrays.copyOf(weights, capacity);
                times = Arrays.copyOf(times, capacity);
                partitions = Arrays.copyOf(partitions, capacity);
                offsets = Arrays.copyOf(offsets, capacity);
                hashes = Arrays.copyOf(hashes, capacity);
            }
        }
    }
}

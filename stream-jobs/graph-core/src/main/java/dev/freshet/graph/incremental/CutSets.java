package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.Arrays;

/**
 * {@link NodeSets} of which a limited number of members count: those whose pair has a rank up to the max-th smallest. All members
 * are kept, so that the next one moves up when one that counts goes: on pages by rank, of which a change reads its own, and the first few
 * if it changes what counts. So its cost does not grow with the set. Not thread-safe.
 */
public final class CutSets implements NodeSets {

    private static final int PAGE_MEMBERS = 256;

    private final NodeStore heads;
    private final PageStore pages;
    private final int max;
    private final int pageMembers;
    private final Int2ObjectOpenHashMap<Changes> changes = new Int2ObjectOpenHashMap<>();
    private long buffered;
    private long pairUpdates;
    private long liveSets;

    public CutSets(NodeStore heads, PageStore pages, int max) {
        this(heads, pages, max, PAGE_MEMBERS);
    }

    CutSets(NodeStore heads, PageStore pages, int max, int pageMembers) {
        this.heads = heads;
        this.pages = pages;
        this.max = max;
        this.pageMembers = pageMembers;
    }

    @Override
    public void add(int shard, byte[] batch) {
        SetChanges.read(shard, batch, true, this::change);
    }

    private void change(int set, int member, long rank, boolean add) {
        Changes net = changes.get(set);
        if (net == null) {
            net = new Changes();
            changes.put(set, net);
        }
        Int2LongOpenHashMap opposite = add ? net.removed : net.added;
        if (opposite.containsKey(member)) {
            opposite.remove(member);
        } else {
            (add ? net.added : net.removed).put(member, rank);
        }
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
            Changes net = changes.get(set);
            if (!net.added.isEmpty() || !net.removed.isEmpty()) {
                apply(new PagedSet(set), Members.of(net.added), Members.of(net.removed), pairs, sink);
            }
        }
        changes.clear();
        buffered = 0;
    }

    private void apply(PagedSet set, Members added, Members removed, PairDeltas pairs, Sink sink) {
        int sizeBefore = set.size;
        boolean decides = set.counted == set.size || added.startsBelow(set.limit) || removed.startsBelow(set.limit);
        int[] before = decides ? set.count() : IntArrays.EMPTY_ARRAY;
        set.change(added, removed);
        if (decides) {
            int[] after = set.count();
            IntArrayList plus = new IntArrayList();
            IntArrayList minus = new IntArrayList();
            difference(before, after, plus, minus);
            if (!plus.isEmpty() || !minus.isEmpty()) {
                plus.forEach(member -> sink.counted(set.id, member, true));
                minus.forEach(member -> sink.counted(set.id, member, false));
                pairUpdates += NodeSets.pairUpdates(before.length, plus.size(), minus.size());
                pairs.add(after, after.length, plus.elements(), plus.size(), minus.elements(), minus.size());
                sink.degree(set.id, after.length);
            }
        }
        set.save();
        liveSets += Integer.signum(set.size) - Integer.signum(sizeBefore);
    }

    /** What is new in one ascending array, and what is not in it any more. */
    private static void difference(int[] before, int[] after, IntArrayList plus, IntArrayList minus) {
        int b = 0;
        int a = 0;
        while (b < before.length || a < after.length) {
            if (b == before.length || (a < after.length && after[a] < before[b])) {
                plus.add(after[a++]);
            } else if (a == after.length || before[b] < after[a]) {
                minus.add(before[b++]);
            } else {
                a++;
                b++;
            }
        }
    }

    @Override
    public void restore(DegreeSink sink) {
        liveSets = 0;
        heads.forEach((set, bytes) -> {
            liveSets++;
            sink.degree(set, Buffer.reading(bytes).getInt());
        });
    }

    /** Changes of a set: ranks of the members that come and that go; one that does both is in neither. */
    private static final class Changes {
        private final Int2LongOpenHashMap added = new Int2LongOpenHashMap();
        private final Int2LongOpenHashMap removed = new Int2LongOpenHashMap();
    }

    /** A set in work. Page p of 2^bits has the members whose ranks begin with these bits: pages ascend as ranks do. */
    private final class PagedSet {
        private final int id;
        private final Int2ObjectOpenHashMap<Members> loaded = new Int2ObjectOpenHashMap<>();
        private final IntOpenHashSet changed = new IntOpenHashSet();
        private int counted;
        private int size;
        private int bits;
        /** Greatest rank that counts. */
        private long limit;

        PagedSet(int id) {
            this.id = id;
            byte[] head = heads.get(id);
            if (head != null) {
                Buffer in = Buffer.reading(head);
                counted = in.getInt();
                size = in.getInt();
                bits = in.getInt();
                limit = in.getFixedLong();
            }
        }

        /** The members that count, ascending. */
        int[] count() {
            IntArrayList ids = new IntArrayList();
            long last = 0;
            boolean full = false;
            for (int p = 0; p < 1 << bits && !full; p++) {
                Members page = page(p);
                for (int m = 0; m < page.size && !full; m++) {
                    full = ids.size() >= max && page.ranks[m] != last;
                    if (!full) {
                        last = page.ranks[m];
                        ids.add(page.ids[m]);
                    }
                }
                full |= ids.size() >= max;
            }
            counted = ids.size();
            limit = last;
            IntArrays.quickSort(ids.elements(), 0, ids.size());
            return ids.toIntArray();
        }

        void change(Members added, Members removed) {
            int a = 0;
            int r = 0;
            while (a < added.size || r < removed.size) {
                int p = Math.min(
                        a < added.size ? pageOf(added.ranks[a]) : Integer.MAX_VALUE,
                        r < removed.size ? pageOf(removed.ranks[r]) : Integer.MAX_VALUE);
                int aEnd = a;
                while (aEnd < added.size && pageOf(added.ranks[aEnd]) == p) {
                    aEnd++;
                }
                int rEnd = r;
                while (rEnd < removed.size && pageOf(removed.ranks[rEnd]) == p) {
                    rEnd++;
                }
                Members merged = page(p).merge(id, added, a, aEnd, removed, r, rEnd);
                loaded.put(p, merged);
                changed.add(p);
                size += aEnd - a - (rEnd - r);
                a = aEnd;
                r = rEnd;
            }
            int wanted = bits;
            while (size > 2L * pageMembers << wanted) {
                wanted++;
            }
            while (wanted > 0 && 4L * size < (long) pageMembers << wanted) {
                wanted--;
            }
            if (wanted != bits) {
                split(wanted);
            }
        }

        private void split(int newBits) {
            Members all = new Members(size);
            for (int p = 0; p < 1 << bits; p++) {
                Members page = page(p);
                for (int m = 0; m < page.size; m++) {
                    all.append(page.ranks[m], page.ids[m]);
                }
                changed.add(p);
            }
            loaded.clear();
            bits = newBits;
            for (int m = 0; m < all.size; m++) {
                int p = pageOf(all.ranks[m]);
                Members page = loaded.get(p);
                if (page == null) {
                    page = new Members(2 * pageMembers);
                    loaded.put(p, page);
                }
                page.append(all.ranks[m], all.ids[m]);
                changed.add(p);
            }
            changed.forEach(p -> loaded.computeIfAbsent(p, none -> new Members(0)));
        }

        private int pageOf(long rank) {
            return bits == 0 ? 0 : (int) ((rank ^ Long.MIN_VALUE) >>> (64 - bits));
        }

        private Members page(int p) {
            Members page = loaded.get(p);
            if (page == null) {
                page = Members.decode(pages.get(id, p));
                loaded.put(p, page);
            }
            return page;
        }

        void save() {
            changed.forEach(p -> {
                Members page = loaded.get(p);
                if (page.size == 0) {
                    pages.remove(id, p);
                } else {
                    pages.put(id, p, page.encode());
                }
            });
            if (size == 0) {
                heads.remove(id);
                return;
            }
            Buffer head = new Buffer(24);
            head.putInt(counted);
            head.putInt(size);
            head.putInt(bits);
            head.putFixedLong(limit);
            heads.put(id, head.toBytes());
        }
    }

    /** Members by (rank, id) ascending. */
    private static final class Members {
        private long[] ranks;
        private int[] ids;
        private int size;

        Members(int capacity) {
            ranks = new long[capacity];
            ids = new int[capacity];
        }

        static Members of(Int2LongOpenHashMap rankById) {
            int[] order = rankById.keySet().toIntArray();
            IntArrays.quickSort(order, (a, b) -> compare(rankById.get(a), a, rankById.get(b), b));
            Members members = new Members(order.length);
            for (int id : order) {
                members.append(rankById.get(id), id);
            }
            return members;
        }

        static int compare(long rankA, int idA, long rankB, int idB) {
            return rankA != rankB ? Long.compare(rankA, rankB) : Integer.compare(idA, idB);
        }

        void append(long rank, int id) {
            if (size == ids.length) {
                ranks = Arrays.copyOf(ranks, 2 * size + 4);
                ids = Arrays.copyOf(ids, 2 * size + 4);
            }
            ranks[size] = rank;
            ids[size++] = id;
        }

        boolean startsBelow(long limit) {
            return size > 0 && ranks[0] <= limit;
        }

        /** These members with some ranges of members that come and that go. */
        Members merge(int set, Members added, int a, int aEnd, Members removed, int r, int rEnd) {
            Members merged = new Members(size + aEnd - a);
            int plus = a;
            int minus = r;
            for (int m = 0; m < size; m++) {
                while (plus < aEnd && compare(added.ranks[plus], added.ids[plus], ranks[m], ids[m]) < 0) {
                    merged.append(added.ranks[plus], added.ids[plus++]);
                }
                if (minus < rEnd && removed.ids[minus] == ids[m] && removed.ranks[minus] == ranks[m]) {
                    minus++;
                } else {
                    merged.append(ranks[m], ids[m]);
                }
            }
            while (plus < aEnd) {
                merged.append(added.ranks[plus], added.ids[plus++]);
            }
            if (minus < rEnd) {
                throw new IllegalStateException("a removed member of set " + set + " was not in it: a change was lost");
            }
            return merged;
        }

        byte[] encode() {
            Buffer out = new Buffer(12 * size + 5);
            out.putInt(size);
            for (int m = 0; m < size; m++) {
                out.putFixedLong(ranks[m]);
                out.putInt(ids[m]);
            }
            return out.toBytes();
        }

        static Members decode(byte[] bytes) {
            if (bytes == null) {
                return new Members(0);
            }
            Buffer in = Buffer.reading(bytes);
            Members members = new Members(in.getInt());
            while (members.size < members.ids.length) {
                long rank = in.getFixedLong();
                members.append(rank, in.getInt());
            }
            return members;
        }
    }
}

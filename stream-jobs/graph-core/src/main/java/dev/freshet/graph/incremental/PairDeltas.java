package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Turns changes of sets into changes of the co-occurrence counts of their members. With the sets as rows of a binary matrix, A before
 * and A + D after, the counts AᵀA change by
 * <pre>Δ = Dᵀ(A + D) + AᵀD</pre>
 * computed row by row like Gustavson's sparse product, over the changed sets alone. So changes of a batch are consolidated
 * before they are ever written: opposite ones cancel, equal pairs add up, and a pair costs an addition in an array that
 * stays in the cache rather than a look-up.
 */
public final class PairDeltas {

    private static final int UNCHANGED = 0;
    private static final int ADDED = 1;
    private static final int REMOVED = 2;

    private final IntArrayList after = new IntArrayList();
    private final IntArrayList afterStart = new IntArrayList(new int[] {0});
    private final IntArrayList added = new IntArrayList();
    private final IntArrayList addedStart = new IntArrayList(new int[] {0});
    private final IntArrayList removed = new IntArrayList();
    private final IntArrayList removedStart = new IntArrayList(new int[] {0});
    private final Accumulator sums = new Accumulator();

    /** Sees the change of a row. */
    @FunctionalInterface
    public interface RowSink {
        /**
         * Takes a changed row.
         *
         * @param row the member whose counts change
         * @param ids the other members, ascending, [size]
         * @param deltas by how much, not 0, [size]
         */
        void row(int row, int[] ids, int[] deltas, int size);
    }

    /**
     * Adds a changed set.
     *
     * @param members the set after the change, ascending, [size]
     * @param plus what was added, ascending, [plusSize]
     * @param minus what was removed, ascending, [minusSize]
     */
    public void add(int[] members, int size, int[] plus, int plusSize, int[] minus, int minusSize) {
        append(after, afterStart, members, size);
        append(added, addedStart, plus, plusSize);
        append(removed, removedStart, minus, minusSize);
    }

    private void append(IntArrayList list, IntArrayList starts, int[] ids, int size) {
        list.addElements(list.size(), ids, 0, size);
        starts.add(list.size());
    }

    /**
     * Passes on the changed rows by row ascending, without their diagonal, and forgets the sets. Time and memory go with the members
     * of these, however large their ids.
     */
    public void drain(RowSink sink) {
        int sets = sets();
        if (sets == 0) {
            return;
        }
        int[] members = rank();
        int[] starts = new int[members.length + 1];
        count(after, starts);
        count(removed, starts);
        for (int row = 0; row < members.length; row++) {
            starts[row + 1] += starts[row];
        }
        int[] postings = new int[starts[members.length]];
        fillPostings(postings, Arrays.copyOf(starts, members.length));

        int[] afterIds = after.elements();
        int[] addedIds = added.elements();
        int[] removedIds = removed.elements();
        for (int row = 0; row < members.length; row++) {
            for (int p = starts[row]; p < starts[row + 1]; p++) {
                int set = postings[p] >>> 2;
                int kind = postings[p] & 3;
                if (kind != UNCHANGED) {
                    sums.addAll(afterIds, afterStart.getInt(set), afterStart.getInt(set + 1), kind == ADDED ? 1 : -1);
                }
                if (kind != ADDED) {
                    sums.addAll(addedIds, addedStart.getInt(set), addedStart.getInt(set + 1), 1);
                    sums.addAll(removedIds, removedStart.getInt(set), removedStart.getInt(set + 1), -1);
                }
            }
            // The diagonal is the member's degree, which is kept elsewhere.
            sums.reset(row);
            int size = sums.drain();
            if (size > 0) {
                for (int s = 0; s < size; s++) {
                    sums.ids[s] = members[sums.ids[s]];
                }
                sink.row(members[row], sums.ids, sums.values, size);
            }
        }
        clear(after, afterStart);
        clear(added, addedStart);
        clear(removed, removedStart);
    }

    /** Names every member by its rank among those of all sets; returns them, ascending. */
    private int[] rank() {
        Int2IntOpenHashMap ranks = new Int2IntOpenHashMap();
        after.forEach(id -> ranks.put(id, 0));
        removed.forEach(id -> ranks.put(id, 0));
        int[] members = ranks.keySet().toIntArray();
        Arrays.sort(members);
        for (int rank = 0; rank < members.length; rank++) {
            ranks.put(members[rank], rank);
        }
        for (IntArrayList ids : List.of(after, added, removed)) {
            ids.replaceAll((int id) -> ranks.get(id));
        }
        return members;
    }

    private void fillPostings(int[] postings, int[] next) {
        for (int set = 0; set < sets(); set++) {
            int plus = addedStart.getInt(set);
            int plusEnd = addedStart.getInt(set + 1);
            for (int e = afterStart.getInt(set); e < afterStart.getInt(set + 1); e++) {
                int id = after.getInt(e);
                boolean isNew = plus < plusEnd && added.getInt(plus) == id;
                if (isNew) {
                    plus++;
                }
                postings[next[id]++] = set << 2 | (isNew ? ADDED : UNCHANGED);
            }
            for (int e = removedStart.getInt(set); e < removedStart.getInt(set + 1); e++) {
                postings[next[removed.getInt(e)]++] = set << 2 | REMOVED;
            }
        }
    }

    private static void count(IntArrayList ids, int[] starts) {
        for (int e = 0; e < ids.size(); e++) {
            starts[ids.getInt(e) + 1]++;
        }
    }

    private int sets() {
        return afterStart.size() - 1;
    }

    private static void clear(IntArrayList list, IntArrayList starts) {
        list.clear();
        starts.size(1);
    }
}

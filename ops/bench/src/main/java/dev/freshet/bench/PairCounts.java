package dev.freshet.bench;

import java.util.Arrays;

/**
 * The co-occurrence counts of the members of sets in plain memory: an open-addressed row per member, both directions of a pair, no
 * consolidation, no durability. Sets and members are dense ids.
 */
public final class PairCounts {

    private static final int[] NONE = {};

    private int[][] sets = new int[1 << 10][];
    private int[] sizes = new int[1 << 10];
    /** A row alternates member + 1, or 0 where the slot is free, and count. */
    private int[][] rows = new int[1 << 10][];

    private int[] used = new int[1 << 10];
    private long updates;
    private long distinct;

    /** Adds a member to a set that does not have it. */
    public void add(int set, int member) {
        ensureSet(set);
        ensureRow(member);
        int[] members = sets[set];
        int size = sizes[set];
        update(member, members, size, 1);
        if (size == members.length) {
            members = Arrays.copyOf(members, Math.max(4, 2 * size));
            sets[set] = members;
        }
        members[size] = member;
        sizes[set] = size + 1;
    }

    /** Removes a member from a set that has it. */
    public void remove(int set, int member) {
        int[] members = sets[set];
        int at = 0;
        while (members[at] != member) {
            at++;
        }
        int size = --sizes[set];
        members[at] = members[size];
        update(member, members, size, -1);
    }

    /** Number of members of a set. */
    public int size(int set) {
        return set < sizes.length ? sizes[set] : 0;
    }

    /** How many sets have both members. */
    public int count(int member, int other) {
        int[] row = member < rows.length ? rows[member] : null;
        if (row == null || row.length == 0) {
            return 0;
        }
        return row[slot(row, other + 1) + 1];
    }

    /** Ordered pairs whose count was changed, since the start: two for every other member of a changed set. */
    public long updates() {
        return updates;
    }

    /** Ordered pairs with a count. */
    public long distinct() {
        return distinct;
    }

    private void update(int member, int[] others, int size, int delta) {
        for (int o = 0; o < size; o++) {
            increment(member, others[o], delta);
            increment(others[o], member, delta);
        }
        updates += 2L * size;
    }

    private void increment(int member, int other, int delta) {
        int[] row = rows[member];
        if (4 * used[member] >= row.length) {
            row = grow(row);
            rows[member] = row;
        }
        int slot = slot(row, other + 1);
        if (row[slot] == 0) {
            row[slot] = other + 1;
            used[member]++;
        }
        int before = row[slot + 1];
        int after = before + delta;
        row[slot + 1] = after;
        if (before == 0) {
            distinct++;
        } else if (after == 0) {
            distinct--;
        }
    }

    private static int slot(int[] row, int key) {
        int mask = (row.length >>> 1) - 1;
        int slot = (key * 0x9E3779B9 >>> 7) & mask;
        while (row[2 * slot] != key && row[2 * slot] != 0) {
            slot = (slot + 1) & mask;
        }
        return 2 * slot;
    }

    private static int[] grow(int[] row) {
        int[] grown = new int[Math.max(16, 2 * row.length)];
        for (int e = 0; e < row.length; e += 2) {
            if (row[e] != 0) {
                int slot = slot(grown, row[e]);
                grown[slot] = row[e];
                grown[slot + 1] = row[e + 1];
            }
        }
        return grown;
    }

    private void ensureSet(int set) {
        if (set >= sets.length) {
            sets = Arrays.copyOf(sets, Math.max(set + 1, 2 * sets.length));
            sizes = Arrays.copyOf(sizes, sets.length);
        }
        if (sets[set] == null) {
            sets[set] = NONE;
        }
    }

    private void ensureRow(int member) {
        if (member >= rows.length) {
            rows = Arrays.copyOf(rows, Math.max(member + 1, 2 * rows.length));
            used = Arrays.copyOf(used, rows.length);
        }
        if (rows[member] == null) {
            rows[member] = NONE;
        }
    }
}

package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.IntArrays;

/** A row of the co-occurrence matrix, unpacked. Reusable. */
final class Row {

    private static final byte[] EMPTY = {};

    /** Ids of the pairs' other nodes, ascending, [size]. */
    int[] ids = new int[64];
    /** How often each pair co-occurs, positive, [size]. */
    int[] counts = new int[64];

    int size;

    /** Unpacks a row at rest; null for an empty one. */
    void read(byte[] packed) {
        merge(packed, IntArrays.EMPTY_ARRAY, IntArrays.EMPTY_ARRAY, 0);
    }

    /**
     * Unpacks a row at rest, changed.
     *
     * @param packed as {@link PackedRow} writes it; null for an empty row
     * @param changedIds ids of the changes, ascending, [changes]
     * @param deltas by how much, [changes]
     * @throws IllegalStateException if a pair would co-occur a negative number of times
     */
    void merge(byte[] packed, int[] changedIds, int[] deltas, int changes) {
        byte[] bytes = packed == null ? EMPTY : packed;
        // Every entry takes a byte at least.
        if (ids.length < bytes.length + changes) {
            ids = new int[bytes.length + changes + (bytes.length >> 2)];
            counts = new int[ids.length];
        }
        int[] toIds = ids;
        int[] toCounts = counts;
        int to = 0;
        int change = 0;
        int nextChange = changes > 0 ? changedIds[0] : Integer.MAX_VALUE;
        int id = -1;
        for (int at = 0; at < bytes.length; ) {
            int next = bytes[at++];
            long head = next;
            if (next < 0) {
                head &= 0x7F;
                for (int shift = 7; next < 0; shift += 7) {
                    next = bytes[at++];
                    head |= (long) (next & 0x7F) << shift;
                }
            }
            id += (int) (head >>> 2) + 1;
            int count = 1;
            if ((head & 3) == PackedRow.POSITIVE) {
                next = bytes[at++];
                count = next & 0x7F;
                for (int shift = 7; next < 0; shift += 7) {
                    next = bytes[at++];
                    count |= (next & 0x7F) << shift;
                }
            }
            while (nextChange <= id) {
                if (nextChange == id) {
                    count += deltas[change];
                } else {
                    toIds[to] = nextChange;
                    toCounts[to++] = positive(deltas[change], nextChange);
                }
                nextChange = ++change < changes ? changedIds[change] : Integer.MAX_VALUE;
            }
            toIds[to] = id;
            toCounts[to] = count;
            if (count > 0) {
                to++;
            } else if (count < 0) {
                positive(count, id);
            }
        }
        for (; change < changes; change++) {
            toIds[to] = changedIds[change];
            toCounts[to++] = positive(deltas[change], changedIds[change]);
        }
        size = to;
    }

    private static int positive(int count, int id) {
        if (count <= 0) {
            throw new IllegalStateException(
                    "a node co-occurs " + count + " times with node " + id + ": a change was lost or applied twice");
        }
        return count;
    }
}

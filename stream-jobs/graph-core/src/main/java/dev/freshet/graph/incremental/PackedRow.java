package dev.freshet.graph.incremental;

/**
 * The formats of a row of the co-occurrence matrix: entries (id, count) by id ascending, each a varint of the gap to the id
 * before it and two bits of code, followed by the count where the code does not say it. A row at rest has positive counts, a
 * change of it signed ones. About 2 bytes per pair on dense catalogues.
 */
final class PackedRow {

    private static final int ONE = 0;
    private static final int MINUS_ONE = 1;
    static final int POSITIVE = 2;
    private static final int NEGATIVE = 3;

    /** Bytes of an entry at most: 5 of the gap and its code, 5 of the count. */
    private static final int MAX_ENTRY = 10;

    private PackedRow() {}

    /** Appends the entries, without an end mark. */
    static void write(Buffer out, int[] ids, int[] counts, int size) {
        out.ensure(MAX_ENTRY * size);
        byte[] bytes = out.bytes;
        int at = out.size;
        int last = -1;
        for (int e = 0; e < size; e++) {
            long head = (long) (ids[e] - last - 1) << 2;
            last = ids[e];
            int count = counts[e];
            int rest = 0;
            if (count == 1) {
                head |= ONE;
            } else if (count == -1) {
                head |= MINUS_ONE;
            } else if (count > 0) {
                head |= POSITIVE;
                rest = count;
            } else {
                head |= NEGATIVE;
                rest = -count;
            }
            for (; head > 0x7F; head >>>= 7) {
                bytes[at++] = (byte) (head | 0x80);
            }
            bytes[at++] = (byte) head;
            if (rest > 0) {
                for (; rest > 0x7F; rest >>>= 7) {
                    bytes[at++] = (byte) (rest | 0x80);
                }
                bytes[at++] = (byte) rest;
            }
        }
        out.size = at;
    }

    /** Adds the entries of a change, between two positions of an array, to {@code sums}. */
    static void addTo(Accumulator sums, byte[] bytes, int from, int to) {
        int at = from;
        int id = -1;
        while (at < to) {
            int next = bytes[at++];
            long head = next & 0x7F;
            for (int shift = 7; next < 0; shift += 7) {
                next = bytes[at++];
                head |= (long) (next & 0x7F) << shift;
            }
            id += (int) (head >>> 2) + 1;
            int code = (int) head & 3;
            int count = 1;
            if (code >= POSITIVE) {
                next = bytes[at++];
                count = next & 0x7F;
                for (int shift = 7; next < 0; shift += 7) {
                    next = bytes[at++];
                    count |= (next & 0x7F) << shift;
                }
            }
            sums.add(id, (code & 1) == 0 ? count : -count);
        }
    }
}

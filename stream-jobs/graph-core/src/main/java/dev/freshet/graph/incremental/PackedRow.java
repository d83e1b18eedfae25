package dev.freshet.graph.incremental;

/**
 * The formats of a row of the co-occurrence matrix: entries (id, count) by id ascending, each a varint of the gap to the id
 * before it and two bits of code, followed by the count where the code does not say it. A row at rest has positive counts, a
 * change of it signed ones. About 2 bytes per pair on dense catalogues.
 */
final class PackedRow {

    private static final int ONE = 0;
    private static final int MINUS_ONE = 1;
    private static final int POSITIVE = 2;
    private static final int NEGATIVE = 3;

    private PackedRow() {}

    /** Appends the entries, without an end mark. */
    static void write(Buffer out, int[] ids, int[] counts, int size) {
        int last = -1;
        for (int e = 0; e < size; e++) {
            out.ensure(15);
            long gap = (long) (ids[e] - last - 1) << 2;
            last = ids[e];
            int count = counts[e];
            if (count == 1) {
                out.putLong(gap | ONE);
            } else if (count == -1) {
                out.putLong(gap | MINUS_ONE);
            } else if (count > 0) {
                out.putLong(gap | POSITIVE);
                out.putInt(count);
            } else {
                out.putLong(gap | NEGATIVE);
                out.putInt(-count);
            }
        }
    }

    /** Adds the entries between two positions of an array to {@code sums}. */
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

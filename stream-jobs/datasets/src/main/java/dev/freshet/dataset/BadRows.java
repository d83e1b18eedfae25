package dev.freshet.dataset;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What happens to bad rows: skipped and counted, or, when strict, the first one is the end. */
public final class BadRows {

    private static final int KEPT = 10;

    private final boolean strict;
    private final List<BadRow> first = new ArrayList<>();
    private long count;

    private BadRows(boolean strict) {
        this.strict = strict;
    }

    /** Skips bad rows, counts them, and keeps the first ten. */
    public static BadRows skipped() {
        return new BadRows(false);
    }

    /** Throws at the first bad row. */
    public static BadRows fatal() {
        return new BadRows(true);
    }

    /**
     * Takes note of a bad row.
     *
     * @throws BadRowException if bad rows are fatal
     */
    public void report(Path file, long line, String reason) throws BadRowException {
        BadRow row = new BadRow(file, line, reason);
        count++;
        if (first.size() < KEPT) {
            first.add(row);
        }
        if (strict) {
            throw new BadRowException(row);
        }
    }

    /** Bad rows so far. */
    public long count() {
        return count;
    }

    /** The first ten of them. */
    public List<BadRow> first() {
        return List.copyOf(first);
    }
}

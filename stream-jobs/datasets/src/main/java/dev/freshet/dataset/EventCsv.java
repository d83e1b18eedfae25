package dev.freshet.dataset;

import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Events in a CSV file, plain or gzip, with a header that names {@code timestamp} (milliseconds since 1970, UTC), {@code user},
 * {@code item} and {@code action}, optionally {@code weight} and {@code event_id}; other columns are passed over. {@code
 * items.csv} beside it describes the items. The file is checked once when it is opened and then streamed; only a file that is
 * not in the order of its timestamps is sorted in memory, about 250 bytes an event.
 */
public final class EventCsv implements Feed {

    private static final List<String> REQUIRED = List.of("timestamp", "user", "item", "action");

    private final Path file;
    private final List<Item> items;
    private final long opened = System.currentTimeMillis();
    private final List<Interaction> sorted;
    private final long size;

    private EventCsv(Path file, BadRows badRows) throws IOException {
        this.file = file;
        Path itemsFile = file.resolveSibling(ItemsCsv.NAME);
        this.items = Files.exists(itemsFile)
                ? List.copyOf(ItemsCsv.read(itemsFile, badRows).values())
                : List.of();
        long count = 0;
        boolean ordered = true;
        long latest = Long.MIN_VALUE;
        try (Rows rows = new Rows(badRows)) {
            for (Interaction row; (row = rows.next()) != null; count++) {
                long time = row.getEventTime().toEpochMilli();
                ordered &= time >= latest;
                latest = time;
            }
        }
        if (count == 0) {
            throw new DataSetException(file + ": has no usable row" + reasons(badRows));
        }
        this.size = items.size() + count;
        this.sorted = ordered ? null : sort();
    }

    /**
     * Opens a file and checks all of it.
     *
     * @param badRows what happens to rows that cannot be used
     * @throws DataSetException if it is no such file
     */
    public static EventCsv open(Path file, BadRows badRows) throws IOException {
        if (Files.isDirectory(file)) {
            throw new DataSetException(file + ": is a folder; give a CSV file of events");
        }
        return new EventCsv(file, badRows);
    }

    private static String reasons(BadRows badRows) {
        return badRows.first().isEmpty()
                ? ""
                : "; the first bad one is " + badRows.first().get(0);
    }

    private List<Interaction> sort() throws IOException {
        Map<String, String> ids = new HashMap<>();
        List<Interaction> events = new ArrayList<>();
        try (Rows rows = new Rows(BadRows.skipped())) {
            for (Interaction row; (row = rows.next()) != null; ) {
                row.setUser(ids.computeIfAbsent(row.getUser(), id -> id));
                row.setItem(ids.computeIfAbsent(row.getItem(), id -> id));
                row.setAction(ids.computeIfAbsent(row.getAction(), id -> id));
                events.add(row);
            }
        }
        events.sort(Comparator.comparing(Interaction::getEventTime));
        return events;
    }

    @Override
    public String name() {
        Path folder = file.toAbsolutePath().normalize().getParent().getFileName();
        return folder == null ? file.getFileName().toString() : folder + "/" + file.getFileName();
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.of(size);
    }

    @Override
    public Cursor open(long from) throws IOException {
        Rows rows = sorted == null ? new Rows(BadRows.skipped()) : null;
        Cursor cursor = new Cursor() {
            private long position;

            @Override
            public FeedEvent next() throws IOException {
                if (position < items.size()) {
                    return new FeedEvent.OfItem(items.get((int) position++));
                }
                Interaction next = rows != null
                        ? rows.next()
                        : position < size ? sorted.get((int) (position - items.size())) : null;
                if (next == null) {
                    return null;
                }
                position++;
                return new FeedEvent.OfInteraction(next);
            }

            @Override
            public long position() {
                return position;
            }

            @Override
            public void close() throws IOException {
                if (rows != null) {
                    rows.close();
                }
            }
        };
        while (cursor.position() < from && cursor.next() != null) {
            // Events that were sent before.
        }
        return cursor;
    }

    /** The usable rows of the file, in its order. */
    private final class Rows implements AutoCloseable {
        private final BadRows badRows;
        private final CsvFile csv;

        Rows(BadRows badRows) throws IOException {
            this.badRows = badRows;
            this.csv = new CsvFile(file, REQUIRED);
        }

        Interaction next() throws IOException {
            while (csv.next()) {
                String defect = csv.defect();
                if (defect == null) {
                    try {
                        Interaction event = interaction();
                        defect = Rules.defect(event, opened);
                        if (defect == null) {
                            return event;
                        }
                    } catch (IllegalArgumentException e) {
                        defect = e.getMessage();
                    }
                }
                badRows.report(file, csv.line(), defect);
            }
            return null;
        }

        private Interaction interaction() {
            Interaction event = new Interaction();
            event.setUser(csv.get("user"));
            event.setItem(csv.get("item"));
            event.setAction(csv.get("action"));
            event.setWeight(csv.has("weight") && !csv.get("weight").isEmpty() ? weight(csv.get("weight")) : 1);
            event.setEventTime(time(csv.get("timestamp")));
            event.setEventId(csv.has("event_id") && !csv.get("event_id").isEmpty() ? csv.get("event_id") : null);
            return event;
        }

        private Instant time(String cell) {
            try {
                return Instant.ofEpochMilli(Long.parseLong(cell));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "timestamp is '" + cell + "'; it must be milliseconds since 1970, an integer", e);
            }
        }

        private double weight(String cell) {
            try {
                return Double.parseDouble(cell);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("weight is '" + cell + "'; it must be a number", e);
            }
        }

        @Override
        public void close() throws IOException {
            csv.close();
        }
    }
}

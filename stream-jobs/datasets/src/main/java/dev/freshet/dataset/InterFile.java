package dev.freshet.dataset;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The columns of an {@code .inter} file; null where it has no such column. */
final class InterFile {

    /** Ids are dense, so the largest says how many records a feed has: more than this many is a mistake in the file. */
    private static final int MAX_ID = 99_999_999;

    private static final int INITIAL_ROWS = 1024;

    private int size;
    int[] lines = new int[INITIAL_ROWS];
    int[] users = new int[INITIAL_ROWS];
    int[] items = new int[INITIAL_ROWS];
    float[] ratings;
    long[] times;
    Split[] splits;
    int[] orders;

    private InterFile() {}

    /**
     * Reads a file.
     *
     * @param badRows what happens to rows that cannot be used
     * @throws DataSetException if the header lacks a column that must be there, or no row can be used
     */
    static InterFile read(Path file, BadRows badRows) throws IOException {
        InterFile rows = new InterFile();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            String header = lines.readLine();
            Map<String, Integer> columns = columns(file, header);
            int width = header.split("\t", -1).length;
            if (columns.containsKey("rating")) {
                rows.ratings = new float[INITIAL_ROWS];
            }
            if (columns.containsKey("timestamp")) {
                rows.times = new long[INITIAL_ROWS];
            }
            if (columns.containsKey("x_label")) {
                rows.splits = new Split[INITIAL_ROWS];
            }
            if (columns.containsKey("user_order")) {
                rows.orders = new int[INITIAL_ROWS];
            }
            String line;
            for (int number = 2; (line = lines.readLine()) != null; number++) {
                if (line.isEmpty()) {
                    continue;
                }
                String[] cells = line.split("\t", -1);
                if (cells.length != width) {
                    badRows.report(
                            file,
                            number,
                            cells.length + " columns, but the header has " + width + "; separate them by tabs");
                    continue;
                }
                try {
                    rows.add(number, cells, columns);
                } catch (BadCell e) {
                    badRows.report(file, number, e.getMessage());
                }
            }
        } catch (CharacterCodingException e) {
            throw new DataSetException(file + ": is not UTF-8 text", e);
        }
        if (rows.size == 0) {
            throw new DataSetException(file + ": has no usable row");
        }
        rows.resize(rows.size);
        return rows;
    }

    private static Map<String, Integer> columns(Path file, String header) throws DataSetException {
        Map<String, Integer> columns = new HashMap<>();
        if (header != null) {
            String[] names = header.split("\t", -1);
            for (int column = 0; column < names.length; column++) {
                columns.put(names[column].strip(), column);
            }
        }
        if (!columns.containsKey("userID") || !columns.containsKey("itemID")) {
            throw new DataSetException(file + ":1: the header must name userID and itemID, separated by tabs; found "
                    + (header == null ? "an empty file" : "'" + header.replace('\t', ' ') + "'"));
        }
        return columns;
    }

    private void add(int line, String[] cells, Map<String, Integer> columns) throws BadCell {
        int user = (int) number(cells, columns, "userID", 0, MAX_ID);
        int item = (int) number(cells, columns, "itemID", 0, MAX_ID);
        float rating = ratings == null ? 1 : rating(cells[columns.get("rating")]);
        long time =
                times == null ? 0 : number(cells, columns, "timestamp", Long.MIN_VALUE / 1000, Long.MAX_VALUE / 1000);
        Split split = splits == null ? null : Split.values()[(int) number(cells, columns, "x_label", 0, 2)];
        int order = orders == null ? 0 : (int) number(cells, columns, "user_order", 0, Integer.MAX_VALUE);
        if (size == users.length) {
            resize(size * 2);
        }
        lines[size] = line;
        users[size] = user;
        items[size] = item;
        if (ratings != null) {
            ratings[size] = rating;
        }
        if (times != null) {
            times[size] = time;
        }
        if (splits != null) {
            splits[size] = split;
        }
        if (orders != null) {
            orders[size] = order;
        }
        size++;
    }

    private void resize(int length) {
        lines = Arrays.copyOf(lines, length);
        users = Arrays.copyOf(users, length);
        items = Arrays.copyOf(items, length);
        ratings = ratings == null ? null : Arrays.copyOf(ratings, length);
        times = times == null ? null : Arrays.copyOf(times, length);
        splits = splits == null ? null : Arrays.copyOf(splits, length);
        orders = orders == null ? null : Arrays.copyOf(orders, length);
    }

    private static float rating(String cell) throws BadCell {
        try {
            float rating = Float.parseFloat(cell.strip());
            if (rating >= 0 && rating <= Float.MAX_VALUE) {
                return rating;
            }
        } catch (NumberFormatException e) {
            // Reported below, as the other bad values are.
        }
        throw new BadCell("rating is '" + cell + "'; it must be a number from 0 up");
    }

    private static long number(String[] cells, Map<String, Integer> columns, String name, long least, long most)
            throws BadCell {
        String cell = cells[columns.get(name)].strip();
        try {
            long value = Long.parseLong(cell);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Reported below, as the other bad values are.
        }
        throw new BadCell(name + " is '" + cell + "'; it must be an integer from " + least + " to " + most);
    }

    private static final class BadCell extends Exception {
        private static final long serialVersionUID = 1L;

        BadCell(String reason) {
            super(reason);
        }
    }
}

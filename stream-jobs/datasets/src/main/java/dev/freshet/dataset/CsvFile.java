package dev.freshet.dataset;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/** Reads a CSV file (RFC 4180, UTF-8, plain or gzip) with a header, row by row. */
final class CsvFile implements AutoCloseable {

    private static final int GZIP_MAGIC = 0x1f8b;
    private static final char REPLACEMENT = '\uFFFD';

    /** Lines of one row; a quote that is not closed by then is taken for a mistake, or it would swallow the file. */
    private static final int MAX_LINES = 1000;

    private static final CSVFormat FORMAT =
            CSVFormat.RFC4180.builder().setIgnoreEmptyLines(false).get();

    private final Path file;
    private final Lines lines;
    private Iterator<CSVRecord> records;
    private final Map<String, Integer> columns = new HashMap<>();
    private final int width;
    private CSVRecord row;
    private String unreadable;

    /**
     * Opens a file and reads its header.
     *
     * @param required columns that it must have
     * @throws DataSetException if it cannot be read or lacks one
     */
    CsvFile(Path file, List<String> required) throws IOException {
        this.file = file;
        this.lines = new Lines(new BufferedReader(new InputStreamReader(open(file), StandardCharsets.UTF_8)));
        this.records = parse();
        try {
            width = readHeader(required);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private Iterator<CSVRecord> parse() throws IOException {
        return CSVParser.builder().setReader(lines).setFormat(FORMAT).get().iterator();
    }

    private int readHeader(List<String> required) throws IOException {
        if (!next()) {
            throw new DataSetException(file + ": is empty; its first line must name " + String.join(",", required));
        }
        if (unreadable != null) {
            throw new DataSetException(file + ":1: the header is " + unreadable);
        }
        String[] names = row.values();
        for (int column = 0; column < names.length; column++) {
            columns.put(names[column].replace("\uFEFF", "").strip().toLowerCase(Locale.ROOT), column);
        }
        for (String name : required) {
            if (!columns.containsKey(name)) {
                throw new DataSetException(file + ":1: the header has no column '" + name + "'; it must name "
                        + String.join(",", required) + "; found " + String.join(",", names));
            }
        }
        return names.length;
    }

    private static InputStream open(Path file) throws IOException {
        try {
            BufferedInputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
            in.mark(2);
            int magic = in.read() << 8 | in.read();
            in.reset();
            return magic == GZIP_MAGIC ? new GZIPInputStream(in, 1 << 16) : in;
        } catch (NoSuchFileException e) {
            throw new DataSetException(file + ": no such file", e);
        }
    }

    /** Goes to the next row; false at the end. After a row that is not readable as CSV it goes on at the line below. */
    boolean next() throws IOException {
        unreadable = null;
        try {
            // Blank lines are passed over here and not by the parser, which would lose count of the lines.
            do {
                lines.begin();
                if (!records.hasNext()) {
                    return false;
                }
                row = records.next();
            } while (row.size() == 1 && row.get(0).isBlank());
        } catch (UncheckedIOException | IllegalStateException e) {
            if (lines.failure != null) {
                throw failed(lines.failure);
            }
            Throwable cause = e.getCause() == null ? e : e.getCause();
            unreadable = "not readable as CSV (" + cause.getMessage() + "); check its quotes";
            lines.backToSecond();
            records = parse();
        }
        return true;
    }

    private IOException failed(IOException cause) {
        return cause instanceof EOFException || cause instanceof ZipException
                ? new DataSetException(
                        file + ": the gzip stream is cut off or corrupt after line " + line() + "; copy the file again",
                        cause)
                : cause;
    }

    /** Line at which the row begins, from 1. */
    long line() {
        return lines.first;
    }

    /** Whether the file has the column. */
    boolean has(String column) {
        return columns.containsKey(column);
    }

    /** Names of the columns, in lower case, by position. */
    Map<String, Integer> columns() {
        return columns;
    }

    /** What is wrong with the row as a whole, or null. */
    String defect() {
        if (unreadable != null) {
            return unreadable;
        }
        if (row.size() != width) {
            return row.size() + " columns, but the header has " + width;
        }
        for (String value : row) {
            if (value.indexOf(REPLACEMENT) >= 0) {
                return "has bytes that are not UTF-8; convert the file";
            }
        }
        return null;
    }

    /** A cell of the row, without blanks around it. */
    String get(String column) {
        return row.get(columns.get(column)).strip();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }

    /**
     * Hands the file on line by line, never more than the parser has asked for, and remembers the lines of the row: from a row that
     * cannot be parsed the next parser goes on below its first line.
     */
    private static final class Lines extends Reader {
        private final BufferedReader in;
        private final List<String> row = new ArrayList<>();
        private final Deque<String> again = new ArrayDeque<>();
        private String current = "";
        private int at;
        private long first = 1;
        private IOException failure;

        Lines(BufferedReader in) {
            this.in = in;
        }

        /** Begins a row. */
        void begin() {
            first += row.size();
            row.clear();
        }

        /** Goes back to below the first line of the row. */
        void backToSecond() {
            for (int line = row.size() - 1; line > 0; line--) {
                again.addFirst(row.remove(line));
            }
            current = "";
            at = 0;
        }

        @Override
        public int read(char[] to, int offset, int length) throws IOException {
            if (at == current.length() && !nextLine()) {
                return -1;
            }
            int count = Math.min(length, current.length() - at);
            current.getChars(at, at + count, to, offset);
            at += count;
            return count;
        }

        private boolean nextLine() throws IOException {
            if (row.size() == MAX_LINES) {
                throw new IOException("a quote is not closed within " + MAX_LINES + " lines");
            }
            String line = again.isEmpty() ? fromFile() : again.removeFirst();
            if (line == null) {
                return false;
            }
            row.add(line);
            current = line + '\n';
            at = 0;
            return true;
        }

        private String fromFile() throws IOException {
            try {
                return in.readLine();
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}

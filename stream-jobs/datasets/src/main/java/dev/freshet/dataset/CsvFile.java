package dev.freshet.dataset;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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

    private final Path file;
    private final CSVParser parser;
    private final Iterator<CSVRecord> records;
    private final Map<String, Integer> columns = new HashMap<>();
    private final int width;
    private CSVRecord row;
    private long line = 1;

    /**
     * Opens a file and reads its header.
     *
     * @param required columns that it must have
     * @throws DataSetException if it cannot be read or lacks one
     */
    CsvFile(Path file, List<String> required) throws IOException {
        this.file = file;
        this.parser = CSVFormat.RFC4180
                .builder()
                .setIgnoreEmptyLines(false)
                .get()
                .parse(new InputStreamReader(open(file), StandardCharsets.UTF_8));
        this.records = parser.iterator();
        try {
            width = readHeader(required);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private int readHeader(List<String> required) throws IOException {
        if (!next()) {
            throw new DataSetException(file + ": is empty; its first line must name " + String.join(",", required));
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

    /** Goes to the next row; false at the end. */
    boolean next() throws IOException {
        try {
            // Blank lines are passed over here and not by the parser, which would lose count of the lines.
            do {
                line = parser.getCurrentLineNumber() + 1;
                if (!records.hasNext()) {
                    return false;
                }
                row = records.next();
            } while (row.size() == 1 && row.get(0).isBlank());
            return true;
        } catch (UncheckedIOException | IllegalStateException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof EOFException || cause instanceof ZipException) {
                throw new DataSetException(
                        file + ": the gzip stream is cut off or corrupt after line " + line + "; copy the file again",
                        e);
            }
            throw new DataSetException(
                    file + ":" + line + ": not readable as CSV (" + cause.getMessage()
                            + "); check the quotes from there on",
                    e);
        }
    }

    /** Line at which the row begins, from 1. */
    long line() {
        return line;
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
        parser.close();
    }
}

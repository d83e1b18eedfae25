package dev.freshet.dataset;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Finds out what kind of data set a path is. */
public final class DataSets {

    private DataSets() {}

    /**
     * Opens a data set as a feed: a folder in MMRec's form, a folder with one CSV file of events (beside {@code items.csv}), or
     * such a file itself. All rows are checked before the first event is sent.
     *
     * @param badRows what happens to rows that cannot be used
     * @throws DataSetException if there is no data set at {@code path}
     */
    public static Feed open(Path path, BadRows badRows) throws IOException {
        if (!Files.exists(path)) {
            throw new DataSetException(path + ": no such file or folder; give a data set");
        }
        if (!Files.isDirectory(path)) {
            return EventCsv.open(path, badRows);
        }
        if (MmrecDataSet.is(path)) {
            return new MmrecFeed(MmrecDataSet.open(path, badRows), badRows);
        }
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(path, "*.{csv,csv.gz}")) {
            for (Path file : paths) {
                if (!file.getFileName().toString().equals(ItemsCsv.NAME)) {
                    files.add(file);
                }
            }
        }
        if (files.size() != 1) {
            throw new DataSetException(path + ": is no data set: " + (files.isEmpty() ? "no" : files.size())
                    + " files of events; it needs one .inter file (MMRec) or one .csv or .csv.gz file");
        }
        return EventCsv.open(files.get(0), badRows);
    }
}

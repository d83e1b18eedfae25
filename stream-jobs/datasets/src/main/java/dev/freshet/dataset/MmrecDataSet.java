package dev.freshet.dataset;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/**
 * A data set in MMRec's form: a folder with {@code NAME.inter}, and optionally {@code MODALITY_feat.npy}, published neighbors
 * {@code MODALITY_knn10_neighbors.npy} and {@code MODALITY_knn10_cosine.npy}, and {@code photos/ITEM.jpg}. Ids are dense
 * integers from the file; there are as many users and items as the largest id says, and at least as many items as a feature
 * matrix has rows. The interactions are in memory, matrices are read when asked for.
 */
public final class MmrecDataSet {

    private static final String FEATURES = "_feat.npy";
    private static final String NEIGHBORS = "_knn10_neighbors.npy";
    private static final String COSINES = "_knn10_cosine.npy";

    /** Seconds up to the year 5138; as milliseconds before 1973-03-03, when nobody recorded clicks. */
    private static final long LARGEST_SECONDS = 100_000_000_000L;

    private final Path folder;
    private final Path file;
    private final SortedMap<String, Path> features;
    private final int userCount;
    private final int itemCount;
    private final int[] lines;
    private final int[] users;
    private final int[] items;
    private final float[] ratings;
    private final Split[] splits;
    private final int[] orders;
    private final long[] times;

    private MmrecDataSet(Path folder, Path file, Rows rows, SortedMap<String, Path> features, int featureRows) {
        this.folder = folder;
        this.file = file;
        this.features = features;
        this.lines = Arrays.copyOf(rows.lines, rows.size);
        this.users = Arrays.copyOf(rows.users, rows.size);
        this.items = Arrays.copyOf(rows.items, rows.size);
        this.ratings = rows.ratings == null ? null : Arrays.copyOf(rows.ratings, rows.size);
        this.splits = rows.splits == null ? null : Arrays.copyOf(rows.splits, rows.size);
        this.orders = rows.orders == null ? null : Arrays.copyOf(rows.orders, rows.size);
        this.userCount = Arrays.stream(users).max().orElse(-1) + 1;
        this.itemCount = Math.max(Arrays.stream(items).max().orElse(-1) + 1, featureRows);
        this.times = rows.times != null
                ? inMilliseconds(Arrays.copyOf(rows.times, rows.size))
                : EventTimes.spread(users, orders == null ? new int[users.length] : orders);
    }

    /**
     * Opens a folder; the first bad row is fatal.
     *
     * @throws DataSetException if it is no such data set, or a row is bad
     */
    public static MmrecDataSet open(Path folder) throws IOException {
        return open(folder, BadRows.fatal());
    }

    /**
     * Opens a folder.
     *
     * @param badRows what happens to rows that cannot be used
     * @throws DataSetException if it is no such data set
     */
    public static MmrecDataSet open(Path folder, BadRows badRows) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new DataSetException(folder + ": no such folder; give the folder of a data set");
        }
        SortedMap<String, Path> features = new TreeMap<>();
        for (Path path : list(folder, "*" + FEATURES)) {
            String name = path.getFileName().toString();
            features.put(name.substring(0, name.length() - FEATURES.length()), path);
        }
        List<Path> files = list(folder, "*.inter");
        if (files.size() != 1) {
            throw new DataSetException(folder + ": has " + (files.isEmpty() ? "no" : files.size())
                    + " .inter files; an MMRec data set has one");
        }
        Rows rows = Rows.read(files.get(0), badRows);
        int featureRows = 0;
        Path featureFile = null;
        for (Path path : features.values()) {
            int found = NpyFile.rows(path);
            if (featureFile != null && found != featureRows) {
                throw new DataSetException(path + ": has " + found + " rows, but " + featureFile.getFileName() + " has "
                        + featureRows + "; every matrix has one row per item");
            }
            featureFile = path;
            featureRows = found;
        }
        MmrecDataSet data = new MmrecDataSet(folder, files.get(0), rows, features, featureRows);
        if (featureFile != null && featureRows < data.itemCount) {
            throw new DataSetException(featureFile + ": has " + featureRows + " rows, but item ids go up to "
                    + (data.itemCount - 1) + "; every matrix has one row per item");
        }
        return data;
    }

    /** Whether {@code folder} has an {@code .inter} file. */
    static boolean is(Path folder) throws IOException {
        return Files.isDirectory(folder) && !list(folder, "*.inter").isEmpty();
    }

    private static List<Path> list(Path folder, String pattern) throws IOException {
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(folder, pattern)) {
            return StreamSupport.stream(paths.spliterator(), false).sorted().toList();
        }
    }

    /** Name of the folder. */
    public String name() {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    /** Its folder. */
    public Path folder() {
        return folder;
    }

    /** The file of its interactions. */
    public Path file() {
        return file;
    }

    /** Largest user id + 1. */
    public int userCount() {
        return userCount;
    }

    /** Largest item id + 1, or the rows of the feature matrices if these have more. */
    public int itemCount() {
        return itemCount;
    }

    /** Number of interactions. */
    public int size() {
        return users.length;
    }

    /** Line of the file that a row stands in, from 1. */
    public int line(int row) {
        return lines[row];
    }

    /** User of each row, in the file's order; not to be changed. */
    public int[] users() {
        return users;
    }

    /** Item of each row; not to be changed. */
    public int[] items() {
        return items;
    }

    /** Whether the file has ratings. */
    public boolean hasRatings() {
        return ratings != null;
    }

    /** Rating of a row; 1 where the file has none. */
    public float rating(int row) {
        return ratings == null ? 1f : ratings[row];
    }

    /** Whether the file has a published split. */
    public boolean hasSplit() {
        return splits != null;
    }

    /**
     * Which part of the published split a row belongs to.
     *
     * @throws IllegalStateException if the file has none
     */
    public Split split(int row) {
        requireSplit();
        return splits[row];
    }

    /**
     * The rows of a part of the published split, ascending.
     *
     * @throws IllegalStateException if the file has none
     */
    public int[] rows(Split split) {
        requireSplit();
        return IntStream.range(0, splits.length)
                .filter(row -> splits[row] == split)
                .toArray();
    }

    private void requireSplit() {
        if (splits == null) {
            throw new IllegalStateException(file + " has no column x_label, and so no published split");
        }
    }

    /**
     * Event time of each row, milliseconds since 1970; not to be changed. Impossible times of the file stay as they are: they
     * are before or after the others, which is all that an order needs. Where the file has none, see {@link EventTimes}: one
     * year, each user's rows in the order of {@code user_order}, or else of the file.
     */
    public long[] times() {
        return times;
    }

    /** The rows in the order of their times; ties in the order of each user, then of the file. */
    public int[] rowsByTime() {
        return IntStream.range(0, users.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingLong(row -> times[row])
                        .thenComparingInt(row -> orders == null ? 0 : orders[row])
                        .thenComparingInt(row -> row))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** Names of the modalities that have features. */
    public Set<String> modalities() {
        return features.keySet();
    }

    /**
     * Features of a modality: one row per item.
     *
     * @throws DataSetException if there is no such file, or it cannot be read
     */
    public FloatMatrix features(String modality) throws IOException {
        Path path = features.get(modality);
        return NpyFile.readFloats(path == null ? folder.resolve(modality + FEATURES) : path);
    }

    /** Whether a neighbor graph of the modality was published with the data set. */
    public boolean hasNeighbors(String modality) {
        return Files.exists(folder.resolve(modality + NEIGHBORS));
    }

    /** Published neighbors of each item, the nearest first; the item itself is usually among them. */
    public IntMatrix neighbors(String modality) throws IOException {
        Path path = folder.resolve(modality + NEIGHBORS);
        IntMatrix neighbors = NpyFile.readInts(path);
        if (neighbors.rows() != itemCount) {
            throw new DataSetException(
                    path + ": has " + neighbors.rows() + " rows for " + itemCount + " items; they must match");
        }
        for (int id : neighbors.values()) {
            if (id < 0 || id >= itemCount) {
                throw new DataSetException(path + ": names item " + id + ", but ids go from 0 to " + (itemCount - 1));
            }
        }
        return neighbors;
    }

    /** Cosines of {@link #neighbors}. */
    public FloatMatrix neighborCosines(String modality) throws IOException {
        return NpyFile.readFloats(folder.resolve(modality + COSINES));
    }

    /** The picture of an item, if the data set has one. */
    public Optional<Path> photo(int item) {
        return Optional.of(folder.resolve("photos").resolve(item + ".jpg")).filter(Files::exists);
    }

    private static long[] inMilliseconds(long[] times) {
        long[] sorted = Arrays.stream(times).sorted().toArray();
        // The median: single impossible times must not decide the unit.
        if (sorted.length > 0 && Math.abs(sorted[sorted.length / 2]) < LARGEST_SECONDS) {
            Arrays.setAll(times, row -> Math.multiplyExact(times[row], 1000L));
        }
        return times;
    }

    /** The columns of the file. */
    private static final class Rows {
        private int size;
        private int[] lines = new int[1024];
        private int[] users = new int[1024];
        private int[] items = new int[1024];
        private float[] ratings;
        private long[] times;
        private Split[] splits;
        private int[] orders;

        static Rows read(Path file, BadRows badRows) throws IOException {
            Rows rows = new Rows();
            try (BufferedReader lines = Files.newBufferedReader(file)) {
                String header = lines.readLine();
                Map<String, Integer> columns = columns(file, header);
                int width = header.split("\t", -1).length;
                if (columns.containsKey("rating")) {
                    rows.ratings = new float[1024];
                }
                if (columns.containsKey("timestamp")) {
                    rows.times = new long[1024];
                }
                if (columns.containsKey("x_label")) {
                    rows.splits = new Split[1024];
                }
                if (columns.containsKey("user_order")) {
                    rows.orders = new int[1024];
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
                throw new DataSetException(
                        file + ":1: the header must name userID and itemID, separated by tabs; found "
                                + (header == null ? "an empty file" : "'" + header.replace('\t', ' ') + "'"));
            }
            return columns;
        }

        private void add(int line, String[] cells, Map<String, Integer> columns) throws BadCell {
            int user = (int) number(cells, columns, "userID", 0, Integer.MAX_VALUE - 1);
            int item = (int) number(cells, columns, "itemID", 0, Integer.MAX_VALUE - 1);
            float rating = ratings == null ? 1 : rating(cells[columns.get("rating")]);
            long time = times == null
                    ? 0
                    : number(cells, columns, "timestamp", Long.MIN_VALUE / 1000, Long.MAX_VALUE / 1000);
            Split split = splits == null ? null : Split.values()[(int) number(cells, columns, "x_label", 0, 2)];
            int order = orders == null ? 0 : (int) number(cells, columns, "user_order", 0, Integer.MAX_VALUE);
            if (size == users.length) {
                grow();
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

        private void grow() {
            int length = size * 2;
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
    }

    private static final class BadCell extends Exception {
        private static final long serialVersionUID = 1L;

        BadCell(String reason) {
            super(reason);
        }
    }
}

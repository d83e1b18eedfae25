package dev.freshet.dataset;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
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
    private final boolean timed;

    private MmrecDataSet(Path folder, Path file, InterFile rows, SortedMap<String, Path> features, int featureRows) {
        this.folder = folder;
        this.file = file;
        this.features = features;
        this.lines = rows.lines;
        this.users = rows.users;
        this.items = rows.items;
        this.ratings = rows.ratings;
        this.splits = rows.splits;
        this.orders = rows.orders;
        this.userCount = Arrays.stream(users).max().orElse(-1) + 1;
        this.itemCount = Math.max(Arrays.stream(items).max().orElse(-1) + 1, featureRows);
        this.timed = rows.times != null;
        this.times = timed
                ? inMilliseconds(rows.times)
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
        InterFile rows = InterFile.read(files.get(0), badRows);
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

    /** Whether the times are the file's own. */
    public boolean hasTimes() {
        return timed;
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
        return NpyFile.readFloats(featureFile(modality));
    }

    /** The file of a modality's features. */
    Path featureFile(String modality) {
        return folder.resolve(modality + FEATURES);
    }

    /**
     * Published neighbors of each item, the nearest first; the item itself is usually among them.
     *
     * @param path {@code MODALITY_knnK_neighbors.npy}, in any folder
     * @throws DataSetException if it cannot be read, or is not of these items
     */
    public IntMatrix neighbors(Path path) throws IOException {
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

    /**
     * Cosines of {@link #neighbors}, from the file {@code MODALITY_knnK_cosine.npy} beside theirs.
     *
     * @throws DataSetException if it cannot be read, or has another shape
     */
    public FloatMatrix cosines(Path path) throws IOException {
        IntMatrix neighbors = NpyFile.readInts(path);
        Path beside = path.resolveSibling(path.getFileName().toString().replace("neighbors", "cosine"));
        FloatMatrix cosines = NpyFile.readFloats(beside);
        if (cosines.rows() != neighbors.rows() || cosines.columns() != neighbors.columns()) {
            throw new DataSetException(beside + ": is " + cosines.rows() + " x " + cosines.columns() + ", but "
                    + path.getFileName() + " is " + neighbors.rows() + " x " + neighbors.columns()
                    + "; they must match");
        }
        return cosines;
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
}

package dev.freshet.dataset;

import dev.freshet.codec.Vectors;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * An {@link MmrecDataSet} as events. Every item comes first: its feature vectors, {@code /photos/ID.jpg} if it has a picture,
 * title and attributes from {@code items.csv}, and from each {@code NAME_by_itemid.txt} (line N + 1 is item N's) an attribute
 * NAME. Then every row in the order of its time: action {@code rate} with the rating as weight, or {@code interact} where the
 * file has no ratings.
 */
public final class MmrecFeed implements Feed {

    private static final String BY_ITEM = "_by_itemid.txt";

    private final MmrecDataSet data;
    private final Map<String, FloatMatrix> features = new TreeMap<>();
    private final Map<String, List<String>> attributes = new TreeMap<>();
    private final Map<String, Item> described;
    private final int[] order;

    /**
     * Reads the features and checks every row.
     *
     * @param badRows takes note of rows that the loop would refuse, and of vectors that are not finite; the item goes without
     *     that vector
     * @throws DataSetException if a file cannot be read, or every item of it would be refused
     */
    public MmrecFeed(MmrecDataSet data, BadRows badRows) throws IOException {
        this.data = data;
        this.order = usable(badRows);
        for (String modality : data.modalities()) {
            FloatMatrix matrix = data.features(modality);
            check(modality, matrix.columns());
            features.put(modality, matrix);
            for (int item = 0; item < matrix.rows(); item++) {
                int at = firstNotFinite(matrix, item);
                if (at >= 0) {
                    badRows.report(
                            data.featureFile(modality),
                            item,
                            modality + " vector has " + matrix.get(item, at) + " at position " + at
                                    + "; it must be finite");
                }
            }
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(data.folder(), "*" + BY_ITEM)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                attributes.put(name.substring(0, name.length() - BY_ITEM.length()), Files.readAllLines(file));
            }
        }
        Path itemsFile = data.folder().resolve(ItemsCsv.NAME);
        this.described = Files.exists(itemsFile) ? ItemsCsv.read(itemsFile, badRows) : Map.of();
    }

    /** Asks the rules about a record with a vector of the modality. */
    private void check(String modality, int columns) throws DataSetException {
        String defect = Rules.defect(Item.newBuilder()
                .setItem("0")
                .setFeatures(Map.of(modality, Vectors.toList(new float[columns])))
                .build());
        if (defect != null) {
            throw new DataSetException(data.featureFile(modality) + ": no item could have these features: " + defect
                    + "; rename the file or take it away");
        }
    }

    /** The rows that can be sent, in the order of their times. */
    private int[] usable(BadRows badRows) throws IOException {
        long now = System.currentTimeMillis();
        int[] rows = data.rowsByTime();
        int kept = 0;
        for (int row : rows) {
            String defect = Rules.defect(interaction(row), now);
            if (defect == null) {
                rows[kept++] = row;
            } else {
                badRows.report(data.file(), data.line(row), defect);
            }
        }
        return Arrays.copyOf(rows, kept);
    }

    @Override
    public String name() {
        return data.name();
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.of((long) data.itemCount() + order.length);
    }

    @Override
    public Cursor open(long from) {
        return new Cursor() {
            private long position = Math.max(0, from);

            @Override
            public FeedEvent next() {
                if (position >= size().getAsLong()) {
                    return null;
                }
                long at = position++;
                return at < data.itemCount()
                        ? new FeedEvent.OfItem(item((int) at))
                        : new FeedEvent.OfInteraction(interaction(order[(int) (at - data.itemCount())]));
            }

            @Override
            public long position() {
                return position;
            }

            @Override
            public void close() {}
        };
    }

    private Item item(int item) {
        String id = Integer.toString(item);
        Item known = described.get(id);
        Map<String, String> properties = new HashMap<>(known == null ? Map.of() : known.getAttributes());
        attributes.forEach((name, lines) -> {
            if (item < lines.size() && !lines.get(item).isBlank()) {
                properties.put(name, lines.get(item).strip());
            }
        });
        Map<String, List<Float>> vectors = new HashMap<>();
        features.forEach((modality, matrix) -> {
            if (firstNotFinite(matrix, item) < 0) {
                vectors.put(modality, Vectors.toList(matrix.row(item)));
            }
        });
        return Item.newBuilder()
                .setItem(id)
                .setTitle(known == null ? null : known.getTitle())
                .setImageUrl(
                        data.photo(item).isPresent()
                                ? "/photos/" + item + ".jpg"
                                : known == null ? null : known.getImageUrl())
                .setAttributes(properties)
                .setFeatures(vectors)
                .build();
    }

    private Interaction interaction(int row) {
        return new Interaction(
                Integer.toString(data.users()[row]),
                Integer.toString(data.items()[row]),
                data.hasRatings() ? "rate" : "interact",
                (double) data.rating(row),
                Instant.ofEpochMilli(data.times()[row]),
                null);
    }

    /** Position of the first number of a row that is not finite, or -1. */
    private static int firstNotFinite(FloatMatrix matrix, int row) {
        for (int column = 0; column < matrix.columns(); column++) {
            if (!Float.isFinite(matrix.get(row, column))) {
                return column;
            }
        }
        return -1;
    }
}

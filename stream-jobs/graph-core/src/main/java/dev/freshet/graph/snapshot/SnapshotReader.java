package dev.freshet.graph.snapshot;

import dev.freshet.codec.TrustedRecords;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotItem;
import dev.freshet.schema.SnapshotManifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.avro.file.DataFileStream;
import org.apache.avro.io.DatumReader;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecordBase;

/** Reads a snapshot: merges base and deltas, checks every checksum, and puts everything in canonical order. */
public final class SnapshotReader {

    static {
        TrustedRecords.install();
    }

    private record Pair(String user, String item) {}

    private SnapshotReader() {}

    /**
     * Reads all of a snapshot.
     *
     * @throws NoSuchFileException if a file is gone, as after garbage collection; take a newer snapshot
     * @throws IOException if a file cannot be read or does not have its checksum
     */
    public static GraphSnapshot read(SnapshotManifest manifest) throws IOException {
        List<LiveInteraction> interactions = merge(
                manifest,
                SnapshotContent.INTERACTIONS,
                LiveInteraction.class,
                row -> new Pair(row.getUser(), row.getItem()),
                LiveInteraction::getLive,
                Comparator.comparing(LiveInteraction::getUser).thenComparing(LiveInteraction::getItem));
        List<Item> items = new ArrayList<>();
        for (SnapshotItem row : merge(
                manifest,
                SnapshotContent.ITEMS,
                SnapshotItem.class,
                SnapshotItem::getItem,
                row -> row.getContent() != null,
                Comparator.comparing(SnapshotItem::getItem))) {
            items.add(row.getContent());
        }
        Map<String, List<NeighborList>> graphs = new TreeMap<>();
        for (SnapshotFile file : manifest.getFiles()) {
            String content = file.getContent();
            if (!content.equals(SnapshotContent.INTERACTIONS)
                    && !content.equals(SnapshotContent.ITEMS)
                    && !graphs.containsKey(content)) {
                graphs.put(content, readGraph(manifest, content));
            }
        }
        return new GraphSnapshot(manifest, interactions, items, graphs);
    }

    /** Reads one graph of a snapshot: its non-empty lists by node ascending. */
    private static List<NeighborList> readGraph(SnapshotManifest manifest, String graph) throws IOException {
        return merge(
                manifest,
                graph,
                NeighborList.class,
                NeighborList::getNode,
                row -> !row.getNeighbors().isEmpty(),
                Comparator.comparing(NeighborList::getNode));
    }

    /** Passes on the rows of a graph's file as they come: an empty list where a delta takes one away. */
    public static void forEachList(InputStream file, Consumer<NeighborList> sink) throws IOException {
        forEach(file, NeighborList.class, sink);
    }

    private static <T extends SpecificRecordBase, K> List<T> merge(
            SnapshotManifest manifest,
            String content,
            Class<T> type,
            Function<T, K> key,
            Predicate<T> present,
            Comparator<T> order)
            throws IOException {
        Map<K, T> newest = new HashMap<>();
        List<SnapshotFile> files = new ArrayList<>();
        manifest.getFiles().stream()
                .filter(file -> file.getContent().equals(content))
                .sorted(Comparator.comparingLong(SnapshotFile::getSequence))
                .forEach(files::add);
        for (SnapshotFile file : files) {
            readFile(manifest, file, type, row -> newest.put(key.apply(row), row));
        }
        List<T> rows = new ArrayList<>();
        newest.values().stream().filter(present).forEach(rows::add);
        rows.sort(order);
        return rows;
    }

    private static <T extends SpecificRecordBase> void readFile(
            SnapshotManifest manifest, SnapshotFile file, Class<T> type, Consumer<T> rows) throws IOException {
        Path path = Path.of(URI.create(manifest.getLocation())).resolve(file.getPath());
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        try (InputStream in = new DigestInputStream(Files.newInputStream(path), digest)) {
            forEach(in, type, rows);
            in.transferTo(OutputStream.nullOutputStream());
        }
        String found = HexFormat.of().formatHex(digest.digest());
        if (!found.equals(file.getSha256())) {
            throw new IOException("snapshot " + manifest.getSnapshotId() + ": " + path + " has SHA-256 " + found
                    + ", but the manifest says " + file.getSha256() + "; take a new snapshot");
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends SpecificRecordBase> void forEach(InputStream file, Class<T> type, Consumer<T> rows)
            throws IOException {
        SpecificData data = SpecificData.getForClass(type);
        // Whoever opened the file closes it.
        DataFileStream<T> stream =
                new DataFileStream<>(file, (DatumReader<T>) data.createDatumReader(data.getSchema(type)));
        while (stream.hasNext()) {
            rows.accept(stream.next());
        }
    }
}

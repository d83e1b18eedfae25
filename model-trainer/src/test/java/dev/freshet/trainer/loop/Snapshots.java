package dev.freshet.trainer.loop;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.graph.snapshot.SnapshotFileWriter;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotItem;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.apache.avro.specific.SpecificRecordBase;

/** Snapshots of a small world: users and items have one of four tastes, and features that tell it. */
final class Snapshots {

    private static final int TASTES = 4;
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private Snapshots() {}

    /** Interactions of users with items of their taste, mostly; the first ones are the same for any number of users. */
    static List<LiveInteraction> interactions(int users, int items, int perUser) {
        List<LiveInteraction> all = new ArrayList<>();
        Random random = new Random(7);
        for (int user = 0; user < users; user++) {
            Set<Integer> taken = new TreeSet<>();
            for (int n = 0; n < perUser; n++) {
                int item = random.nextInt(10) == 0
                        ? random.nextInt(items)
                        : random.nextInt(items / TASTES) * TASTES + user % TASTES;
                if (taken.add(item)) {
                    all.add(new LiveInteraction(
                            user(user),
                            item(item),
                            true,
                            "click",
                            1.0,
                            START.plusSeconds(60L * random.nextInt(1_000_000)),
                            0,
                            (long) all.size()));
                }
            }
        }
        all.sort(Comparator.comparing(LiveInteraction::getUser).thenComparing(LiveInteraction::getItem));
        return all;
    }

    /** Items with an image and a text vector. */
    static List<Item> items(int items) {
        List<Item> all = new ArrayList<>();
        Random random = new Random(11);
        for (int item = 0; item < items; item++) {
            Map<String, List<Float>> features = new HashMap<>();
            features.put("image", vector(item % TASTES, 8, random));
            features.put("text", vector(item % TASTES, 6, random));
            all.add(Item.newBuilder().setItem(item(item)).setFeatures(features).build());
        }
        return all;
    }

    private static List<Float> vector(int taste, int dimension, Random random) {
        float[] values = new float[dimension];
        for (int d = 0; d < dimension; d++) {
            values[d] = (d % TASTES == taste ? 1 : 0) + .3f * (float) random.nextGaussian();
        }
        return Vectors.toList(values);
    }

    static String user(int number) {
        return String.format(Locale.ROOT, "u%04d", number);
    }

    static String item(int number) {
        return String.format(Locale.ROOT, "i%04d", number);
    }

    /** Writes a snapshot with its graphs, as the graph job does. */
    static SnapshotManifest write(Path folder, long checkpoint, List<LiveInteraction> interactions, List<Item> items)
            throws IOException {
        String id = String.format(Locale.ROOT, "snapshot-%012d", checkpoint);
        Path home = Files.createDirectories(folder.resolve(id));
        List<SnapshotFile> files = new ArrayList<>();
        files.add(file(home, SnapshotContent.INTERACTIONS, LiveInteraction.class, interactions, checkpoint));
        files.add(file(
                home,
                SnapshotContent.ITEMS,
                SnapshotItem.class,
                items.stream()
                        .map(item -> new SnapshotItem(item.getItem(), item))
                        .toList(),
                checkpoint));
        for (Map.Entry<String, List<NeighborList>> graph :
                BatchGraphs.all(interactions, items, GraphSettings.DEFAULT).entrySet()) {
            files.add(file(home, graph.getKey(), NeighborList.class, graph.getValue(), checkpoint));
        }
        return SnapshotManifest.newBuilder()
                .setSnapshotId(id)
                .setCheckpointId(checkpoint)
                .setCreatedAt(Instant.now())
                .setOffsets(List.of(new TopicOffset("interactions", 0, (long) interactions.size())))
                .setLocation(home.toUri().toString())
                .setFiles(files)
                .setCounts(Map.of("interactions", (long) interactions.size()))
                .setSettings(GraphSettings.DEFAULT.toMap())
                .setJobVersion("test")
                .build();
    }

    private static <T extends SpecificRecordBase> SnapshotFile file(
            Path home, String content, Class<T> type, List<T> rows, long checkpoint) throws IOException {
        String name = content + ".avro";
        SnapshotFileWriter<T> writer = new SnapshotFileWriter<>(type, Files.newOutputStream(home.resolve(name)));
        for (T row : rows) {
            writer.append(row);
        }
        writer.close();
        return writer.entry(content, name, checkpoint, true);
    }
}

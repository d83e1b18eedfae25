package dev.freshet.graphjob;

import dev.freshet.codec.Vectors;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Records for the job to read. */
final class JobRecords {

    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private JobRecords() {}

    static List<Map.Entry<String, Item>> items(int from, int count) {
        List<Map.Entry<String, Item>> items = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            items.add(Map.entry("item-" + i, item("item-" + i, i, 1, 2)));
        }
        return items;
    }

    static Item item(String id, float... vector) {
        return Item.newBuilder()
                .setItem(id)
                .setTitle("Item " + id)
                .setFeatures(Map.of("image", Vectors.toList(vector)))
                .build();
    }

    static List<Map.Entry<String, Interaction>> events(Random random, int from, int count) {
        List<Map.Entry<String, Interaction>> events = new ArrayList<>();
        for (int e = from; e < from + count; e++) {
            String user = "user-" + (int) (60 * Math.pow(random.nextDouble(), 1.5));
            String item = "item-" + (int) (80 * Math.pow(random.nextDouble(), 2));
            String action = random.nextInt(4) == 0 ? "remove" : random.nextBoolean() ? "view" : "purchase";
            // Out of order by up to a hundred seconds.
            events.add(Map.entry(user, interaction(user, item, action, START.plusSeconds(e + random.nextInt(100)))));
        }
        return events;
    }

    static Interaction interaction(String user, String item, String action, Instant time) {
        return Interaction.newBuilder()
                .setUser(user)
                .setItem(item)
                .setAction(action)
                .setEventTime(time)
                .build();
    }
}

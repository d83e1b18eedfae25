package dev.freshet.dataset;

import dev.freshet.schema.Item;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code items.csv}: {@code item}, optionally {@code title} and {@code image}; every other column is an attribute. */
final class ItemsCsv {

    static final String NAME = "items.csv";

    private ItemsCsv() {}

    /** The items by id, in the file's order; of two rows of one item the later is in force. */
    static Map<String, Item> read(Path file, BadRows badRows) throws IOException {
        Map<String, Item> items = new LinkedHashMap<>();
        try (CsvFile rows = new CsvFile(file, List.of("item"))) {
            while (rows.next()) {
                String defect = rows.defect();
                if (defect == null) {
                    Item item = item(rows);
                    defect = Rules.defect(item);
                    if (defect == null) {
                        items.put(item.getItem(), item);
                    }
                }
                if (defect != null) {
                    badRows.report(file, rows.line(), defect);
                }
            }
        }
        return items;
    }

    private static Item item(CsvFile rows) {
        Map<String, String> attributes = new HashMap<>();
        for (String column : rows.columns().keySet()) {
            String value = rows.get(column);
            if (!value.isEmpty() && !column.equals("item") && !column.equals("title") && !column.equals("image")) {
                attributes.put(column, value);
            }
        }
        return Item.newBuilder()
                .setItem(rows.get("item"))
                .setTitle(rows.has("title") && !rows.get("title").isEmpty() ? rows.get("title") : null)
                .setImageUrl(rows.has("image") && !rows.get("image").isEmpty() ? rows.get("image") : null)
                .setAttributes(attributes)
                .build();
    }
}

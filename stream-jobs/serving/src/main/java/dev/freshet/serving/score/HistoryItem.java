package dev.freshet.serving.score;

import java.util.Comparator;

/**
 * An item of a user's history.
 *
 * @param item id of the item
 * @param action what the user did with it last
 * @param weight strength of that action
 * @param stamp when and where the deciding event happened
 */
public record HistoryItem(String item, String action, double weight, Stamp stamp) {

    /** Newest first, then by id. */
    public static final Comparator<HistoryItem> NEWEST_FIRST =
            Comparator.comparing(HistoryItem::stamp).reversed().thenComparing(HistoryItem::item);
}

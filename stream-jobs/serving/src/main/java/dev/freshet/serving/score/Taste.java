package dev.freshet.serving.score;

import java.util.List;

/**
 * What a user has shown of their taste, each item with the weight that it counts with: the product of its action's and its event's.
 *
 * @param likes live items, newest first, with weights that are not negative
 * @param dislikes items that the user does not want, newest first, with weights that are not positive
 */
public record Taste(List<HistoryItem> likes, List<HistoryItem> dislikes) {

    /** Of someone of whom nothing is known. */
    public static final Taste NONE = new Taste(List.of(), List.of());
}

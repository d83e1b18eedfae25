package dev.freshet.graph.batch;

import dev.freshet.graph.IdIndex;
import dev.freshet.schema.LiveInteraction;
import java.util.ArrayList;
import java.util.List;

/**
 * Live interactions with dense ids.
 *
 * @param users ids of the rows
 * @param items ids of the columns
 * @param matrix users × items
 */
public record LiveMatrix(IdIndex users, IdIndex items, BinaryMatrix matrix) {

    /** The matrix of live interactions, such as a snapshot's; users and items are those that occur in a live one. */
    public static LiveMatrix of(List<LiveInteraction> interactions) {
        List<String> users = new ArrayList<>();
        List<String> items = new ArrayList<>();
        for (LiveInteraction interaction : interactions) {
            if (interaction.getLive()) {
                users.add(interaction.getUser());
                items.add(interaction.getItem());
            }
        }
        IdIndex userIndex = IdIndex.of(users);
        IdIndex itemIndex = IdIndex.of(items);
        int[] rows = users.stream().mapToInt(userIndex::indexOf).toArray();
        int[] columns = items.stream().mapToInt(itemIndex::indexOf).toArray();
        return new LiveMatrix(userIndex, itemIndex, BinaryMatrix.of(rows, columns, userIndex.size(), itemIndex.size()));
    }
}

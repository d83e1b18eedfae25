package dev.freshet.serving.http;

import dev.freshet.schema.Item;
import dev.freshet.serving.stream.ServingContext;
import java.util.Optional;

/** Items as answers show them. */
final class ItemViews {

    private final ServingContext serving;

    ItemViews(ServingContext serving) {
        this.serving = serving;
    }

    /** An item with title and picture, as far as they are known. */
    Answers.ItemView of(String id) {
        Optional<Item> item = serving.catalogue().item(id);
        return new Answers.ItemView(
                id,
                item.map(Item::getTitle).orElse(null),
                item.map(Item::getImageUrl).orElse(null),
                shown(id));
    }

    /** Whether an item has a record, or a user, or a vector. */
    boolean known(String item) {
        return serving.catalogue().item(item).isPresent()
                || serving.popularity().users(item) > 0
                || inModel(item);
    }

    /** Whether an item may be shown as a neighbor or in a list. */
    boolean shown(String item) {
        return !serving.catalogue().excludes(item);
    }

    /** Whether a model in force knows the item. */
    boolean inModel(String item) {
        return serving.models().stream().anyMatch(model -> model.items().row(item) >= 0);
    }
}

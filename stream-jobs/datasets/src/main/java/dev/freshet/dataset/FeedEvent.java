package dev.freshet.dataset;

import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;

/** One event of a feed. */
public sealed interface FeedEvent {

    /** An item appears, or changes. */
    record OfItem(Item item) implements FeedEvent {}

    /** A user does something with an item. */
    record OfInteraction(Interaction interaction) implements FeedEvent {}
}

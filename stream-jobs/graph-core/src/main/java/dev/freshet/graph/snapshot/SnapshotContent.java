package dev.freshet.graph.snapshot;

/** What the files of a snapshot hold, apart from the graphs, which go by their names. */
public final class SnapshotContent {

    /** Live (user, item) pairs; rows are {@link dev.freshet.schema.LiveInteraction}. */
    public static final String INTERACTIONS = "interactions";

    /** Items with their features; rows are {@link dev.freshet.schema.SnapshotItem}. */
    public static final String ITEMS = "items";

    private SnapshotContent() {}
}

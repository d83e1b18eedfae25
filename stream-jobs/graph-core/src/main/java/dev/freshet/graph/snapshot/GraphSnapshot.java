package dev.freshet.graph.snapshot;

import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.SnapshotManifest;
import java.util.List;
import java.util.Map;

/**
 * The content of a snapshot, base and deltas merged, in canonical order.
 *
 * @param manifest what it was read from
 * @param interactions live pairs by (user, item) ascending
 * @param items items by id ascending
 * @param graphs non-empty neighbor lists of each graph by node ascending
 */
public record GraphSnapshot(
        SnapshotManifest manifest,
        List<LiveInteraction> interactions,
        List<Item> items,
        Map<String, List<NeighborList>> graphs) {}

package dev.freshet.trainer.loop;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphNames;
import dev.freshet.graph.IdIndex;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.trainer.data.Features;
import dev.freshet.trainer.data.Interactions;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A snapshot over dense ids: users and items by id ascending; items are those with an interaction or a record.
 *
 * @param users ids of the users
 * @param items ids of the items
 * @param all every live interaction
 * @param slice the interactions, split by time
 * @param features vectors by modality, for modalities that some items have
 * @param graphs the snapshot's graphs by name: of users and of items by Jaccard similarity and by content
 */
record SnapshotData(
        IdIndex users,
        IdIndex items,
        Interactions all,
        TemporalSlice slice,
        Map<String, Features> features,
        Map<String, NeighborGraph> graphs) {

    /**
     * Takes a snapshot over.
     *
     * @param seen pairs that must not be held out
     */
    static SnapshotData of(GraphSnapshot snapshot, TemporalSlice.Seen seen) {
        List<LiveInteraction> live = snapshot.interactions();
        List<String> itemIds = new ArrayList<>();
        live.forEach(interaction -> itemIds.add(interaction.getItem()));
        snapshot.items().forEach(item -> itemIds.add(item.getItem()));
        IdIndex users = IdIndex.of(live.stream().map(LiveInteraction::getUser).toList());
        IdIndex items = IdIndex.of(itemIds);
        int[] userOf = live.stream()
                .mapToInt(interaction -> users.indexOf(interaction.getUser()))
                .toArray();
        int[] itemOf = live.stream()
                .mapToInt(interaction -> items.indexOf(interaction.getItem()))
                .toArray();
        Map<String, NeighborGraph> graphs = new HashMap<>();
        for (String name : snapshot.graphs().keySet()) {
            if (name.equals(GraphNames.USER_JACCARD) || GraphNames.isUserProfile(name)) {
                graphs.put(name, graph(snapshot, name, users));
            } else if (name.equals(GraphNames.ITEM_JACCARD)
                    || GraphNames.isItemContent(name)
                    || GraphNames.isItemDenoised(name)) {
                graphs.put(name, graph(snapshot, name, items));
            }
        }
        return new SnapshotData(
                users,
                items,
                Interactions.of(userOf, itemOf, users.size(), items.size()),
                TemporalSlice.of(live, users, items, seen),
                features(snapshot.items(), items),
                graphs);
    }

    private static NeighborGraph graph(GraphSnapshot snapshot, String name, IdIndex ids) {
        Map<Integer, NeighborList> byNode = new HashMap<>();
        snapshot.graphs().get(name).forEach(list -> byNode.put(ids.indexOf(list.getNode()), list));
        int[] offsets = new int[ids.size() + 1];
        IntArrayList neighbors = new IntArrayList();
        DoubleArrayList weights = new DoubleArrayList();
        for (int node = 0; node < ids.size(); node++) {
            NeighborList list = byNode.get(node);
            if (list != null) {
                for (Neighbor neighbor : list.getNeighbors()) {
                    int id = ids.indexOf(neighbor.getId());
                    if (id >= 0) {
                        neighbors.add(id);
                        weights.add(neighbor.getWeight());
                    }
                }
            }
            offsets[node + 1] = neighbors.size();
        }
        return new NeighborGraph(offsets, neighbors.toIntArray(), weights.toDoubleArray());
    }

    /** Vectors by modality; one of another length than the modality's first is as if it were missing. */
    private static Map<String, Features> features(List<Item> records, IdIndex items) {
        Map<String, Features> features = new TreeMap<>();
        for (Item item : records) {
            int row = items.indexOf(item.getItem());
            item.getFeatures().forEach((modality, vector) -> {
                Features matrix = features.computeIfAbsent(
                        modality,
                        missing -> new Features(
                                vector.size(),
                                new float[Math.multiplyExact(items.size(), vector.size())],
                                new boolean[items.size()]));
                if (vector.size() == matrix.dimension()) {
                    System.arraycopy(Vectors.toArray(vector), 0, matrix.values(), row * vector.size(), vector.size());
                    matrix.present()[row] = true;
                }
            });
        }
        return features;
    }
}

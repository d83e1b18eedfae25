package dev.freshet.graph.batch;

import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How much of a graph survives the cuts. */
public final class Recall {

    private Recall() {}

    /** Share of the edges of the exact graph that the cut graph has, too; 1 where the exact one has none. */
    public static double of(List<NeighborList> cut, List<NeighborList> exact) {
        Map<String, Set<String>> found = new HashMap<>();
        for (NeighborList list : cut) {
            Set<String> ids = new HashSet<>();
            list.getNeighbors().forEach(neighbor -> ids.add(neighbor.getId()));
            found.put(list.getNode(), ids);
        }
        long hits = 0;
        long edges = 0;
        for (NeighborList list : exact) {
            Set<String> ids = found.getOrDefault(list.getNode(), Set.of());
            for (Neighbor neighbor : list.getNeighbors()) {
                edges++;
                hits += ids.contains(neighbor.getId()) ? 1 : 0;
            }
        }
        return edges == 0 ? 1 : (double) hits / edges;
    }
}

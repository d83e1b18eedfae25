package dev.freshet.serving.http;

import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/**
 * The neighbors of an item in all graphs, side by side, and what speaks for those by content: what people do, and the other
 * modalities. A modality whose neighbors people never have together, where those of another one are, is doubtful: a misleading picture,
 * say.
 */
final class ItemEvidence {

    /** With fewer neighbors on either side, chance decides. */
    private static final int MIN_NEIGHBORS = 3;

    /** A doubtful modality has at most this share of what the best one has. */
    private static final double DOUBTFUL_SHARE = .4;

    /** The best modality must be borne out by at least this share of its neighbors. */
    private static final double SOUND = .4;

    private final BiFunction<String, String, Optional<NeighborList>> lists;
    private final Nodes items;

    /**
     * @param lists the list of a node in a graph
     * @param items items as nodes
     */
    ItemEvidence(BiFunction<String, String, Optional<NeighborList>> lists, Nodes items) {
        this.lists = lists;
        this.items = items;
    }

    Answers.ItemGraphsView of(String item, Collection<String> graphs, int k) {
        Set<String> together = together(item);
        Map<String, NeighborList> own = new TreeMap<>();
        graphs.forEach(graph -> own.put(graph, list(graph, item)));
        Map<String, Answers.ModalityView> modalities = new TreeMap<>();
        for (String graph : graphs) {
            if (GraphNames.isItemContent(graph)) {
                String modality = GraphNames.modality(graph);
                NeighborList agreed = own.get(GraphNames.itemDenoised(modality));
                modalities.put(
                        modality,
                        new Answers.ModalityView(
                                modality,
                                share(own.get(graph), together),
                                agreed == null ? null : share(own.get(graph), ids(agreed)),
                                false));
            }
        }
        boolean enough = together.size() >= MIN_NEIGHBORS;
        double best = modalities.values().stream()
                .mapToDouble(Answers.ModalityView::together)
                .max()
                .orElse(0);
        modalities.replaceAll((modality, view) -> {
            int neighbors =
                    own.get(GraphNames.itemContent(modality)).getNeighbors().size();
            boolean doubtful =
                    enough && neighbors >= MIN_NEIGHBORS && best >= SOUND && view.together() <= DOUBTFUL_SHARE * best;
            return new Answers.ModalityView(modality, view.together(), view.agreed(), doubtful);
        });
        List<Answers.SideView> sides = new ArrayList<>();
        for (String graph : graphs) {
            sides.add(side(own.get(graph), together, k));
        }
        return new Answers.ItemGraphsView(item, sides, List.copyOf(modalities.values()));
    }

    /** What people have together with an item, or with what they have together with it. */
    private Set<String> together(String item) {
        Set<String> near = new HashSet<>(ids(list(GraphNames.ITEM_JACCARD, item)));
        near.addAll(ids(list(GraphNames.ITEM_COOCCURRENCE, item)));
        Set<String> together = new HashSet<>(near);
        for (String neighbor : near) {
            together.addAll(ids(list(GraphNames.ITEM_JACCARD, neighbor)));
        }
        together.remove(item);
        return together;
    }

    private Answers.SideView side(NeighborList list, Set<String> together, int k) {
        List<Answers.SideNeighbor> neighbors = new ArrayList<>();
        for (Neighbor neighbor : list.getNeighbors()) {
            if (neighbors.size() < k && items.shown().test(neighbor.getId())) {
                Answers.ItemView view = items.describe().apply(neighbor.getId());
                neighbors.add(new Answers.SideNeighbor(
                        view.item(),
                        view.title(),
                        view.imageUrl(),
                        neighbor.getWeight(),
                        together.contains(neighbor.getId())));
            }
        }
        return new Answers.SideView(list.getGraph(), list.getDegree(), list.getVersion(), neighbors);
    }

    private NeighborList list(String graph, String item) {
        return lists.apply(graph, item).orElseGet(() -> new NeighborList(graph, item, List.of(), 0, 0L));
    }

    private static Set<String> ids(NeighborList list) {
        return list.getNeighbors().stream().map(Neighbor::getId).collect(Collectors.toSet());
    }

    /** Share of a list that is in a set; 0 for an empty list. */
    private static double share(NeighborList list, Set<String> of) {
        List<Neighbor> neighbors = list.getNeighbors();
        long in = neighbors.stream()
                .filter(neighbor -> of.contains(neighbor.getId()))
                .count();
        return neighbors.isEmpty() ? 0 : (double) in / neighbors.size();
    }
}

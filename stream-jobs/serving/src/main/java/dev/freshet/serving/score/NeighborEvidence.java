package dev.freshet.serving.score;

import dev.freshet.schema.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What the live item graph says of a user: of an item i, Σ w J(i, j) over the items j of the user's history that have i among their
 * neighbors (item-based collaborative filtering; Sarwar et al., WWW 2001), with w the weight that j counts with, negative for what the user
 * dislikes. Likes that all have the weight 0 count as 1. The p-th newest like counts 1/√p of its weight, as interests change.
 */
final class NeighborEvidence {

    /** Newest likes, and newest dislikes, whose neighbor lists are looked up. */
    private static final int MAX_ITEMS = 50;

    private static final int MAX_REASONS = 3;

    private static final class Evidence {

        private static final Comparator<Evidence> STRONGEST_FIRST = (a, b) -> {
            int bySum = Double.compare(b.sum, a.sum);
            return bySum != 0 ? bySum : a.item.compareTo(b.item);
        };

        private final String item;
        private double sum;
        /** Of each like that speaks for the item, what it adds. */
        private final List<Reason> likes = new ArrayList<>(2);

        Evidence(String item) {
            this.item = item;
        }
    }

    private static final Comparator<Reason> STRONGEST =
            Comparator.comparingDouble(Reason::getWeight).reversed().thenComparing(Reason::getItem);

    private final Function<String, ItemNeighbors> graph;
    private final Map<String, Evidence> byItem = new HashMap<>();
    private long version;

    /** @param graph the live item-jaccard list of an item, {@link ItemNeighbors#NONE} where there is none */
    NeighborEvidence(Function<String, ItemNeighbors> graph, Taste taste) {
        this.graph = graph;
        boolean unweighted = taste.likes().stream().allMatch(like -> like.weight() == 0);
        int place = 0;
        for (HistoryItem like : newest(taste.likes())) {
            add(like, (unweighted ? 1 : like.weight()) / Math.sqrt(++place));
        }
        newest(taste.dislikes()).forEach(dislike -> add(dislike, dislike.weight()));
    }

    private static List<HistoryItem> newest(List<HistoryItem> items) {
        return items.subList(0, Math.min(MAX_ITEMS, items.size()));
    }

    private void add(HistoryItem own, double weight) {
        ItemNeighbors list = graph.apply(own.item());
        version = Math.max(version, list.version());
        for (int n = 0; weight != 0 && n < list.ids().length; n++) {
            Evidence found = byItem.computeIfAbsent(list.ids()[n], Evidence::new);
            double adds = weight * list.weights()[n];
            found.sum += adds;
            if (adds > 0) {
                found.likes.add(Reasons.of(Recommender.NEIGHBOR, own.item(), adds));
            }
        }
    }

    /** Highest version among the neighbor lists used, 0 if none was. */
    long version() {
        return version;
    }

    /** The sum of an item; 0 where nothing speaks for or against it. */
    double of(String item) {
        Evidence evidence = byItem.get(item);
        return evidence == null ? 0 : evidence.sum;
    }

    /** Items that more speaks for than against, strongest first, then by id. */
    List<String> ranking() {
        List<Evidence> found = new ArrayList<>(byItem.size());
        for (Evidence evidence : byItem.values()) {
            if (evidence.sum > 0) {
                found.add(evidence);
            }
        }
        found.sort(Evidence.STRONGEST_FIRST);
        return found.stream().map(evidence -> evidence.item).toList();
    }

    /**
     * The likes that speak most for an item.
     *
     * @param share share of the item's score that is due to its neighbors; each like has its part of that
     */
    List<Reason> reasons(String item, double share) {
        Evidence evidence = byItem.get(item);
        if (evidence == null || share == 0) {
            return List.of();
        }
        double all = evidence.likes.stream().mapToDouble(Reason::getWeight).sum();
        return evidence.likes.stream()
                .sorted(STRONGEST)
                .limit(MAX_REASONS)
                .map(like -> Reasons.of(like.getKind(), like.getItem(), share * like.getWeight() / all))
                .toList();
    }
}

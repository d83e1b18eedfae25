package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import dev.freshet.schema.Reason;
import dev.freshet.schema.RecommendedItem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Ranks items for a user: by the dot product with the user's vector where there is one; else by Σ J(i, j) over the items j
 * of the user's history in the live item-jaccard graph (item-based collaborative filtering; Sarwar et al., WWW 2001); what is
 * still missing is filled up with neighbors and then with the most popular. An item that is filled up scores below those before it.
 */
public final class Recommender {

    /** Reason kinds, as on the topic recommendations. */
    public static final String MODEL = "model";

    public static final String NEIGHBOR = "neighbor";
    public static final String POPULARITY = "popularity";

    /** Newest items of a history whose neighbor lists are looked up. */
    private static final int MAX_ITEMS = 50;

    private static final int MAX_NEIGHBOR_REASONS = 3;

    /**
     * What to rank for.
     *
     * @param model the model in force, or null
     * @param vector the user's vector in that model, or null
     * @param history live items, newest first
     * @param excluded items that must not be recommended: what the user has, what is unavailable
     * @param size how many are wanted
     */
    public record Query(Model model, float[] vector, List<HistoryItem> history, Predicate<String> excluded, int size) {}

    /**
     * What was found.
     *
     * @param items best first
     * @param graphVersion highest version among the neighbor lists used, 0 if none was
     */
    public record Answer(List<RecommendedItem> items, long graphVersion) {}

    private static final class Evidence {
        private double sum;
        private final List<Reason> reasons = new ArrayList<>();
    }

    private static final Comparator<Reason> STRONGEST =
            Comparator.comparingDouble(Reason::getWeight).reversed().thenComparing(Reason::getItem);

    private final Function<String, ItemNeighbors> graph;
    private final Popularity popularity;

    /**
     * @param graph the live item-jaccard list of an item, {@link ItemNeighbors#NONE} where there is none
     * @param popularity items by their number of users
     */
    public Recommender(Function<String, ItemNeighbors> graph, Popularity popularity) {
        this.graph = graph;
        this.popularity = popularity;
    }

    /** The best items, at most as many as wanted. */
    public Answer recommend(Query query) {
        Map<String, Evidence> evidence = new HashMap<>();
        long graphVersion = gather(query.history(), evidence);
        List<RecommendedItem> items = new ArrayList<>(query.size());
        Set<String> taken = new HashSet<>();
        if (query.model() != null && query.vector() != null) {
            byModel(query, evidence, items, taken);
        }
        if (items.size() < query.size()) {
            byNeighbors(query, evidence, items, taken);
        }
        if (items.size() < query.size()) {
            byPopularity(query, items, taken);
        }
        return new Answer(items, graphVersion);
    }

    private long gather(List<HistoryItem> history, Map<String, Evidence> evidence) {
        long version = 0;
        for (HistoryItem own : history.subList(0, Math.min(MAX_ITEMS, history.size()))) {
            ItemNeighbors list = graph.apply(own.item());
            version = Math.max(version, list.version());
            for (int n = 0; n < list.ids().length; n++) {
                Evidence found = evidence.computeIfAbsent(list.ids()[n], item -> new Evidence());
                found.sum += list.weights()[n];
                found.reasons.add(new Reason(NEIGHBOR, own.item(), list.weights()[n]));
            }
        }
        return version;
    }

    private void byModel(Query query, Map<String, Evidence> evidence, List<RecommendedItem> items, Set<String> taken) {
        ItemMatrix matrix = query.model().items();
        TopK best = new TopK(query.size(), Integer::compare);
        matrix.best(query.vector(), best, row -> query.excluded().test(matrix.id(row)));
        best.sort();
        for (int rank = 0; rank < best.size(); rank++) {
            int row = best.id(rank);
            String item = matrix.id(row);
            List<Reason> reasons = new ArrayList<>();
            reasons.add(new Reason(MODEL, null, 1.0));
            reasons.addAll(strongest(evidence.get(item)));
            items.add(new RecommendedItem(item, best.weight(rank), reasons));
            taken.add(item);
        }
    }

    private static void byNeighbors(
            Query query, Map<String, Evidence> evidence, List<RecommendedItem> items, Set<String> taken) {
        List<Map.Entry<String, Evidence>> ranked = new ArrayList<>(evidence.entrySet());
        ranked.sort(Comparator.comparingDouble((Map.Entry<String, Evidence> entry) -> entry.getValue().sum)
                .reversed()
                .thenComparing(Map.Entry::getKey));
        boolean filling = !items.isEmpty();
        double last = filling ? items.get(items.size() - 1).getScore() : 0;
        double most = ranked.isEmpty() ? 0 : ranked.get(0).getValue().sum;
        for (Map.Entry<String, Evidence> entry : ranked) {
            if (items.size() == query.size()) {
                return;
            }
            String item = entry.getKey();
            double sum = entry.getValue().sum;
            if (!taken.contains(item) && !query.excluded().test(item)) {
                items.add(new RecommendedItem(
                        item, filling ? below(last, sum / (most + 1)) : sum, strongest(entry.getValue())));
                taken.add(item);
            }
        }
    }

    private void byPopularity(Query query, List<RecommendedItem> items, Set<String> taken) {
        boolean filling = !items.isEmpty();
        double last = filling ? items.get(items.size() - 1).getScore() : 1;
        long most = -1;
        for (Popularity.Entry entry : popularity) {
            if (items.size() == query.size()) {
                return;
            }
            most = Math.max(most, entry.users());
            String item = entry.item();
            // A concurrent change may show an item twice.
            if (!taken.contains(item) && !query.excluded().test(item)) {
                items.add(new RecommendedItem(
                        item,
                        below(last, (double) entry.users() / (most + 1)),
                        List.of(new Reason(POPULARITY, null, 1.0))));
                taken.add(item);
            }
        }
    }

    /** A score below {@code last} that keeps the order of the shares, each of which is in [0, 1). */
    private static double below(double last, double share) {
        return last > 0 ? last * share : last - 1 + share;
    }

    private static List<Reason> strongest(Evidence evidence) {
        if (evidence == null) {
            return List.of();
        }
        evidence.reasons.sort(STRONGEST);
        return new ArrayList<>(evidence.reasons.subList(0, Math.min(MAX_NEIGHBOR_REASONS, evidence.reasons.size())));
    }
}

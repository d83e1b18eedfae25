package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import dev.freshet.schema.Reason;
import dev.freshet.schema.RecommendedItem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Ranks items for a user by the model, where there is a vector of the user, and by the live item graph, where the user's items have neighbors in it,
 * both fused ({@link RankFusion}); what is still missing is filled up with the most popular, which score below.
 */
public final class Recommender {

    /** Reason kinds, as on the topic recommendations. */
    public static final String MODEL = "model";

    public static final String NEIGHBOR = "neighbor";
    public static final String POPULARITY = "popularity";

    /** So many queries are worth being answered at once. */
    public static final int AT_ONCE = 8;

    /** How far down each ranking is read, unless more items are wanted. */
    private static final int DEPTH = 100;

    /** How far down a ranking items are looked for that a filter admits: what a filter costs has a bound. */
    static final int FILTERED = 5000;

    /**
     * What to rank for.
     *
     * @param model the model in force, or null
     * @param vector the user's vector in that model, or null
     * @param taste what the user likes and dislikes
     * @param excluded items that must not be recommended: what the user has or dislikes, what is unavailable
     * @param filter items that alone are wanted, asked of the first {@value #FILTERED} of each ranking; null for all
     * @param diversity how much it counts that an item differs from those before it, 0 to 1; see {@link Diversity}
     * @param size how many are wanted
     */
    public record Query(
            Model model,
            float[] vector,
            Taste taste,
            Predicate<String> excluded,
            Predicate<String> filter,
            double diversity,
            int size) {

        /** Without a filter, by relevance alone. */
        public Query(Model model, float[] vector, Taste taste, Predicate<String> excluded, int size) {
            this(model, vector, taste, excluded, null, 0, size);
        }

        /** The same, narrowed down to some items. */
        public Query with(Predicate<String> wanted, int number) {
            return new Query(model, vector, taste, excluded, wanted, diversity, number);
        }

        private boolean wants(String item) {
            return filter == null || filter.test(item);
        }
    }

    /**
     * What was found.
     *
     * @param items best first
     * @param graphVersion highest version among the neighbor lists used, 0 if none was
     */
    public record Answer(List<RecommendedItem> items, long graphVersion) {}

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
        return recommend(List.of(query)).get(0);
    }

    /** The answers to some queries; all at once, up to {@value #AT_ONCE}, they take less time than one by one. */
    public List<Answer> recommend(List<Query> queries) {
        List<List<String>> byModel = byModel(queries);
        List<Answer> answers = new ArrayList<>(queries.size());
        for (int q = 0; q < queries.size(); q++) {
            answers.add(answer(queries.get(q), byModel.get(q)));
        }
        return answers;
    }

    private Answer answer(Query query, List<String> byModel) {
        NeighborEvidence evidence = new NeighborEvidence(graph, query.taste());
        RankFusion fusion = new RankFusion();
        fusion.add(RankFusion.Source.MODEL, byModel);
        fusion.add(RankFusion.Source.NEIGHBORS, byNeighbors(query, evidence));
        List<RecommendedItem> items = new ArrayList<>(query.size());
        for (RankFusion.Fused fused : diverse(query, fusion.fuse())) {
            if (items.size() == query.size()) {
                break;
            }
            items.add(new RecommendedItem(fused.item(), fused.score(), reasons(query, fused, evidence)));
        }
        if (items.size() < query.size()) {
            fillUp(query, evidence, items);
        }
        return new Answer(items, evidence.version());
    }

    private static List<RankFusion.Fused> diverse(Query query, List<RankFusion.Fused> ranking) {
        return query.diversity() == 0 || query.model() == null
                ? ranking
                : new Diversity(query.model().vectors(), query.diversity())
                        .pick(ranking.subList(0, Math.min(depth(query), ranking.size())), query.size());
    }

    /** Of each query the ranking by its model, empty where it has none or no vector. */
    private static List<List<String>> byModel(List<Query> queries) {
        Map<Model, ItemVectors> vectors = new IdentityHashMap<>();
        Map<ItemVectors, List<Search>> searches = new IdentityHashMap<>();
        Search[] ofQuery = new Search[queries.size()];
        for (int q = 0; q < ofQuery.length; q++) {
            Query query = queries.get(q);
            if (query.model() != null && query.vector() != null) {
                // Items may come meanwhile: of a model all are searched for among the same.
                ItemVectors items = vectors.computeIfAbsent(query.model(), Model::vectors);
                int k = query.filter() == null ? depth(query) : FILTERED;
                ofQuery[q] =
                        new Search(query.vector(), k, row -> query.excluded().test(items.id(row)));
                searches.computeIfAbsent(items, of -> new ArrayList<>()).add(ofQuery[q]);
            }
        }
        searches.forEach(ItemVectors::best);
        List<List<String>> rankings = new ArrayList<>(ofQuery.length);
        for (int q = 0; q < ofQuery.length; q++) {
            Query query = queries.get(q);
            rankings.add(
                    ofQuery[q] == null ? List.of() : ranking(query, vectors.get(query.model()), ofQuery[q].best()));
        }
        return rankings;
    }

    private static List<String> ranking(Query query, ItemVectors items, TopK best) {
        best.sort();
        int depth = depth(query);
        List<String> ranking = new ArrayList<>(best.size());
        for (int rank = 0; rank < best.size() && ranking.size() < depth; rank++) {
            String item = items.id(best.id(rank));
            if (query.wants(item)) {
                ranking.add(item);
            }
        }
        return ranking;
    }

    private static List<String> byNeighbors(Query query, NeighborEvidence evidence) {
        return evidence.ranking().stream()
                .filter(item -> !query.excluded().test(item) && query.wants(item))
                .limit(depth(query))
                .toList();
    }

    private static int depth(Query query) {
        return Math.max(DEPTH, query.size());
    }

    private static List<Reason> reasons(Query query, RankFusion.Fused fused, NeighborEvidence evidence) {
        List<Reason> reasons = new ArrayList<>();
        double ofModel = fused.share(RankFusion.Source.MODEL);
        if (ofModel > 0) {
            reasons.add(ModelReason.of(query.model(), query.vector(), fused.item(), ofModel));
        }
        reasons.addAll(evidence.reasons(fused.item(), fused.share(RankFusion.Source.NEIGHBORS)));
        reasons.sort(Comparator.comparingDouble(Reason::getWeight).reversed());
        return reasons;
    }

    /** Adds the most popular; those that the graph speaks against come last. */
    private void fillUp(Query query, NeighborEvidence evidence, List<RecommendedItem> items) {
        Set<String> taken = new HashSet<>();
        items.forEach(item -> taken.add(item.getItem()));
        double last = items.isEmpty() ? 1 : items.get(items.size() - 1).getScore();
        List<Popularity.Entry> fill = new ArrayList<>();
        List<Popularity.Entry> opposed = new ArrayList<>();
        int asked = 0;
        for (Popularity.Entry entry : popularity) {
            if (items.size() + fill.size() == query.size() || asked == FILTERED) {
                break;
            }
            // A concurrent change may show an item twice.
            if (taken.contains(entry.item()) || query.excluded().test(entry.item())) {
                continue;
            }
            asked += query.filter() == null ? 0 : 1;
            if (query.wants(entry.item())) {
                taken.add(entry.item());
                (evidence.of(entry.item()) < 0 ? opposed : fill).add(entry);
            }
        }
        fill.addAll(opposed.subList(0, Math.min(opposed.size(), query.size() - items.size() - fill.size())));
        for (int n = 0; n < fill.size(); n++) {
            // Below all that comes before, whatever the counts.
            items.add(new RecommendedItem(
                    fill.get(n).item(),
                    last * (fill.size() - n) / (fill.size() + 1),
                    List.of(Reasons.of(POPULARITY, null, 1.0))));
        }
    }
}

package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.schema.Reason;
import dev.freshet.schema.RecommendedItem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class RecommenderTest {

    private final Map<String, ItemNeighbors> graph = new HashMap<>();
    private final Popularity popularity = new Popularity();
    private final Recommender recommender =
            new Recommender(item -> graph.getOrDefault(item, ItemNeighbors.NONE), popularity);

    private static Taste likes(String... items) {
        List<HistoryItem> likes = new ArrayList<>();
        for (int n = 0; n < items.length; n++) {
            likes.add(new HistoryItem(items[n], "click", 1, new Stamp(1000 - n, 0, n)));
        }
        return new Taste(likes, List.of());
    }

    private void neighbors(String item, long version, Object... idsAndWeights) {
        String[] ids = new String[idsAndWeights.length / 2];
        double[] weights = new double[ids.length];
        for (int n = 0; n < ids.length; n++) {
            ids[n] = (String) idsAndWeights[2 * n];
            weights[n] = (Double) idsAndWeights[2 * n + 1];
        }
        graph.put(item, new ItemNeighbors(version, ids, weights));
    }

    private List<RecommendedItem> fallback(Taste taste, Set<String> excluded, int size) {
        return recommender
                .recommend(new Recommender.Query(null, null, taste, excluded::contains, size))
                .items();
    }

    @Test
    void aStrangerGetsWhatIsPopular() {
        popularity.add("a", 2);
        popularity.add("b", 5);
        popularity.add("c", 2);
        popularity.add("gone", 9);

        List<RecommendedItem> items = fallback(Taste.NONE, Set.of("gone"), 3);

        assertThat(items).extracting(RecommendedItem::getItem).containsExactly("b", "a", "c");
        assertThat(items.get(0).getReasons()).containsExactly(Reasons.of("popularity", null, 1.0));
        assertThat(items).extracting(RecommendedItem::getScore).isSortedAccordingTo(Comparator.reverseOrder());
    }

    @Test
    void neighborsComeFirstAndPopularityFillsUp() {
        neighbors("own1", 3, "x", 0.5, "y", 0.3);
        neighbors("own2", 7, "y", 0.4, "own1", 0.3, "gone", 0.9);
        popularity.add("p", 8);
        popularity.add("x", 100);

        Recommender.Answer answer = recommender.recommend(
                new Recommender.Query(null, null, likes("own1", "own2"), Set.of("own1", "own2", "gone")::contains, 5));

        assertThat(answer.graphVersion()).isEqualTo(7);
        assertThat(answer.items()).extracting(RecommendedItem::getItem).containsExactly("y", "x", "p");
        assertThat(answer.items().get(0).getScore()).isEqualTo(1);
        // J = 0.3, and 0.4 of the like before: shares of the score.
        double older = 0.4 / Math.sqrt(2);
        List<Reason> reasons = answer.items().get(0).getReasons();
        assertThat(reasons).extracting(Reason::getItem).containsExactly("own1", "own2");
        assertThat(reasons.get(0).getWeight()).isCloseTo(0.3 / (0.3 + older), within(1e-12));
        assertThat(reasons.get(1).getWeight()).isCloseTo(older / (0.3 + older), within(1e-12));
        assertThat(answer.items().get(2).getReasons()).containsExactly(Reasons.of("popularity", null, 1.0));
        assertThat(answer.items()).extracting(RecommendedItem::getScore).isSortedAccordingTo(Comparator.reverseOrder());
    }

    @RepeatedTest(50)
    void agreesWithBruteForce(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        int n = 5 + random.nextInt(60);
        Map<String, float[]> items = ModelFixture.vectors("i", n, 1 + random.nextInt(20), random);
        Model model = ModelFixture.model("v", ModelFixture.BEGINNING, Map.of(), items);
        float[] user = ModelFixture.vector(model.release().getDimension(), random);
        Set<String> excluded = Set.of("i0", "i3", "i" + (n - 1));
        int size = 1 + random.nextInt(10);

        List<RecommendedItem> found = recommender
                .recommend(new Recommender.Query(model, user, Taste.NONE, excluded::contains, size))
                .items();

        double[] scores = ModelFixture.scores(model.items(), user);
        List<String> expected = items.keySet().stream()
                .filter(item -> !excluded.contains(item))
                .sorted(Comparator.<String>comparingDouble(
                                item -> -scores[model.items().row(item)])
                        .thenComparing(item -> item))
                .limit(size)
                .toList();
        assertThat(found).extracting(RecommendedItem::getItem).containsExactlyElementsOf(expected);
    }

    @Test
    void modelAndNeighborsAreFusedAndFilledUpBelow() {
        Model model = ModelFixture.model(
                "v", ModelFixture.BEGINNING, Map.of(), Map.of("m1", new float[] {1}, "m2", new float[] {-2}));
        neighbors("own", 4, "n1", 0.9, "m1", 0.3, "n2", 0.1);
        popularity.add("p1", 3);
        popularity.add("p2", 2);
        popularity.add("m2", 1);

        List<RecommendedItem> items = recommender
                .recommend(new Recommender.Query(model, new float[] {1}, likes("own"), Set.of("own")::contains, 10))
                .items();

        // By the model m1, m2; by the graph n1, m1, n2. Two that share a place in one ranking each go by id.
        assertThat(items).extracting(RecommendedItem::getItem).containsExactly("m1", "n1", "m2", "n2", "p1", "p2");
        assertThat(items).extracting(RecommendedItem::getScore).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(items.get(0).getScore()).isCloseTo((61.0 / 61 + 61.0 / 62) / 2, within(1e-12));
        assertThat(items.get(0).getReasons()).extracting(Reason::getKind).containsExactly("model", "neighbor");
        assertThat(items.get(0).getReasons().get(0).getWeight())
                .isCloseTo(1.0 / 61 / (1.0 / 61 + 1.0 / 62), within(1e-12));
        assertThat(items.get(2).getReasons()).containsExactly(Reasons.of("model", null, 1.0));
    }

    @Test
    void weightsDecideWhatTheNeighborsOfALikeAreWorth() {
        neighbors("bought", 1, "x", 0.2);
        neighbors("seen", 1, "y", 0.5);
        Taste taste = new Taste(
                List.of(
                        new HistoryItem("seen", "view", 1, new Stamp(2, 0, 1)),
                        new HistoryItem("bought", "purchase", 4, new Stamp(1, 0, 0))),
                List.of());

        assertThat(fallback(taste, Set.of("seen", "bought"), 5))
                .extracting(RecommendedItem::getItem)
                .containsExactly("x", "y");
    }

    @Test
    void theNeighborsOfANewerLikeComeFirst() {
        neighbors("newer", 1, "z", 0.5);
        neighbors("older", 1, "a", 0.5);

        assertThat(fallback(likes("newer", "older"), Set.of(), 5))
                .extracting(RecommendedItem::getItem)
                .containsExactly("z", "a");
    }

    @Test
    void whatIsLikeADislikedItemIsLoweredAndComesLast() {
        neighbors("own", 1, "x", 0.5, "y", 0.4, "z", 0.1);
        neighbors("bad", 2, "x", 0.3, "z", 0.2, "hit", 0.5);
        popularity.add("hit", 9);
        popularity.add("p", 1);
        Taste taste =
                new Taste(likes("own").likes(), List.of(new HistoryItem("bad", "dislike", -1, new Stamp(5, 0, 5))));

        Recommender.Answer answer =
                recommender.recommend(new Recommender.Query(null, null, taste, Set.of("own", "bad")::contains, 5));

        // x has 0.5 − 0.3 left; more speaks against z than for it, and it has no users to be offered for.
        assertThat(answer.items()).extracting(RecommendedItem::getItem).containsExactly("y", "x", "p", "hit");
        assertThat(answer.items().get(1).getReasons()).containsExactly(Reasons.of("neighbor", "own", 1.0));
        assertThat(answer.items()).extracting(RecommendedItem::getScore).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(answer.graphVersion()).isEqualTo(2);
    }

    /** What is ranked with a filter is what is ranked without it, less what it does not admit. */
    @RepeatedTest(20)
    void aFilterNarrowsTheRankingDown(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        Map<String, float[]> items = ModelFixture.vectors("i", 400, 4, random);
        Model model = ModelFixture.model("v", ModelFixture.BEGINNING, Map.of(), items);
        for (int n = 0; n < 30; n++) {
            popularity.add("p" + n, 1 + random.nextInt(9));
        }
        Recommender.Query all = new Recommender.Query(
                model, ModelFixture.vector(4, random), Taste.NONE, Set.of("i7", "p3")::contains, 430);
        Predicate<String> wanted = item -> item.hashCode() % 5 == 0;

        List<RecommendedItem> found =
                recommender.recommend(all.with(wanted, 60)).items();

        assertThat(found).hasSize(60);
        assertThat(found)
                .extracting(RecommendedItem::getItem)
                .containsExactlyElementsOf(recommender.recommend(all).items().stream()
                        .map(RecommendedItem::getItem)
                        .filter(wanted)
                        .limit(60)
                        .toList());
    }

    @Test
    void diversityKeepsCopiesApart() {
        Model model = ModelFixture.model(
                "v",
                ModelFixture.BEGINNING,
                Map.of(),
                Map.of("a", new float[] {3, 0}, "copy", new float[] {2.9f, 0}, "other", new float[] {0, 1}));
        popularity.add("p", 1);

        List<RecommendedItem> items = recommender
                .recommend(new Recommender.Query(model, new float[] {1, 0.1f}, Taste.NONE, item -> false, null, 0.5, 4))
                .items();

        assertThat(items).extracting(RecommendedItem::getItem).containsExactly("a", "other", "copy", "p");
        assertThat(items).extracting(RecommendedItem::getScore).isSortedAccordingTo(Comparator.reverseOrder());
    }

    @Test
    void likesWithoutAnyWeightCountAsOne() {
        neighbors("own", 1, "x", 0.5);
        Taste taste = new Taste(List.of(new HistoryItem("own", "view", 0, new Stamp(1, 0, 0))), List.of());

        assertThat(fallback(taste, Set.of("own"), 5))
                .extracting(RecommendedItem::getItem)
                .containsExactly("x");
    }
}

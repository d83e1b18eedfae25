package dev.freshet.trainer.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.trainer.data.Interactions;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.tensor.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FullRankingTest {

    @Test
    void equalsTheDefinition() {
        Random random = new Random(5);
        int users = 33;
        int items = 131;
        int d = 6;
        Interactions train = random(users, items, 12, random);
        Interactions test = random(users, items, 3, random);
        Embeddings embeddings = Embeddings.of(d, gaussian(users * d, random), gaussian(items * d, random));
        Metrics.Sum expected = new Metrics.Sum();
        for (int user = 0; user < users; user++) {
            List<Integer> order = new ArrayList<>();
            for (int item = 0; item < items; item++) {
                if (!train.contains(user, item)) {
                    order.add(item);
                }
            }
            int of = user;
            order.sort(Comparator.<Integer>comparingDouble(item -> -score(embeddings, of, item))
                    .thenComparingInt(item -> item));
            boolean[] hits = new boolean[Metrics.MAX];
            for (int rank = 0; rank < hits.length; rank++) {
                hits[rank] = test.contains(user, order.get(rank));
            }
            if (test.degree(user) > 0 && train.degree(user) > 0) {
                expected.add(hits, test.degree(user));
            }
        }
        for (int threads = 1; threads <= 3; threads++) {
            try (Workers workers = new Workers(threads)) {
                Metrics metrics = FullRanking.evaluate(embeddings, train, test, workers);
                assertThat(metrics.users()).isEqualTo(expected.mean().users());
                expected.mean().values().forEach((name, value) -> assertThat(metrics.get(name))
                        .as(name)
                        .isCloseTo(value, within(1e-9)));
            }
        }
    }

    @Test
    void masksTrainingItemsBreaksTiesByIdAndSkipsUsersWithoutTraining() {
        Interactions train = Interactions.of(new int[] {0, 0}, new int[] {1, 2}, 2, 4);
        try (Workers workers = new Workers(2)) {
            int[][] lists = FullRanking.rank(
                    Embeddings.of(1, new float[] {1, 1}, new float[] {1, 9, 9, 1}),
                    train,
                    new int[] {0, 1},
                    10,
                    workers);
            assertThat(lists[0]).containsExactly(0, 3);
            assertThat(lists[1]).containsExactly(1, 2, 0, 3);
            Interactions test = Interactions.of(new int[] {0, 1}, new int[] {0, 0}, 2, 4);
            Metrics metrics = FullRanking.popularity(train, test, workers);
            assertThat(metrics.users()).isEqualTo(1);
            assertThat(metrics.get("ndcg@5")).isEqualTo(1);
        }
    }

    private static double score(Embeddings embeddings, int user, int item) {
        // In float32 and in the order of the columns, as the product has it: near-ties must fall the same way.
        float sum = 0;
        for (int c = 0; c < embeddings.dimension(); c++) {
            sum = Math.fma(
                    embeddings.users()[user * embeddings.dimension() + c],
                    embeddings.items()[item * embeddings.dimension() + c],
                    sum);
        }
        return sum;
    }

    private static Interactions random(int users, int items, int each, Random random) {
        int[] userOf = new int[users * each];
        int[] itemOf = new int[userOf.length];
        for (int p = 0; p < userOf.length; p++) {
            userOf[p] = random.nextInt(users);
            itemOf[p] = random.nextInt(items);
        }
        return Interactions.of(userOf, itemOf, users, items);
    }

    private static float[] gaussian(int count, Random random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}

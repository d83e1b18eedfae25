package dev.freshet.trainer.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SelectionTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 10, 60, 2_000})
    void equalsASortWithTies(int k) {
        Random random = new Random(k);
        int count = Selection.padded(1_900);
        int at = 5;
        Selection selection = new Selection(k, count);
        for (int distinct : new int[] {1, 3, 40, 100_000}) {
            float[] scores = new float[at + count];
            for (int i = 0; i < scores.length; i++) {
                // Both zeros, and numbers of both signs: the same score must be a tie.
                scores[i] = (random.nextInt(distinct) - distinct / 2) * (random.nextBoolean() ? 1f : -1f);
                if (i >= at + 1_900 || random.nextInt(10) == 0) {
                    scores[i] = Float.NEGATIVE_INFINITY;
                }
            }
            int[] expected = IntStream.range(0, 1_900)
                    .filter(item -> scores[at + item] > Float.NEGATIVE_INFINITY)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingDouble(item -> 0.0 - scores[at + item])
                            .thenComparingInt(item -> item))
                    .mapToInt(item -> item)
                    .limit(k)
                    .toArray();
            assertThat(selection.of(Arrays.copyOf(scores, scores.length), at)).containsExactly(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 50})
    void nothingIsSelectedWhereAllIsMasked(int k) {
        float[] scores = new float[Selection.padded(100)];
        Arrays.fill(scores, Float.NEGATIVE_INFINITY);
        assertThat(new Selection(k, scores.length).of(scores, 0)).isEmpty();
    }
}

package dev.freshet.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ProtocolTest {

    @Test
    void sizesOfTheSplit() {
        // MODELS.md §13.
        assertThat(RandomSplit.sizes(5)).containsExactly(3, 1, 1);
        assertThat(RandomSplit.sizes(9)).containsExactly(7, 1, 1);
        assertThat(RandomSplit.sizes(10)).containsExactly(8, 1, 1);
        assertThat(RandomSplit.sizes(14)).containsExactly(12, 1, 1);
        assertThat(RandomSplit.sizes(15)).containsExactly(12, 1, 2);
        assertThat(RandomSplit.sizes(27)).containsExactly(22, 2, 3);
        assertThat(RandomSplit.sizes(100)).containsExactly(80, 10, 10);
        assertThat(RandomSplit.sizes(2)).containsExactly(2, 0, 0);
    }

    @Test
    void splitsEachUserAndRepeats() {
        int[] userOf = new int[130];
        for (int row = 0; row < userOf.length; row++) {
            userOf[row] = row < 100 ? 0 : row < 115 ? 1 : row < 120 ? 2 : 3;
        }
        int[] parts = RandomSplit.parts(userOf, 4, 7);
        int[][] counts = new int[4][3];
        for (int row = 0; row < userOf.length; row++) {
            counts[userOf[row]][parts[row]]++;
        }
        assertThat(counts[0]).containsExactly(80, 10, 10);
        assertThat(counts[1]).containsExactly(12, 1, 2);
        assertThat(counts[2]).containsExactly(3, 1, 1);
        assertThat(RandomSplit.parts(userOf, 4, 7)).isEqualTo(parts);
        assertThat(RandomSplit.parts(userOf, 4, 8)).isNotEqualTo(parts);
    }

    @Test
    void anEpochHasEveryPairOnceAndNegativesThatTheUserDoesNotHave() {
        int[] userOf = {0, 0, 0, 1, 1, 2, 2, 2};
        int[] itemOf = {0, 1, 2, 2, 3, 0, 3, 4};
        // Item 5 does not occur in training, and is never drawn.
        Interactions train = Interactions.of(userOf, itemOf, 4, 6);
        TripleSampler sampler = new TripleSampler(train);
        assertThat(sampler.batches(3)).isEqualTo(3);
        SplittableRandom random = new SplittableRandom(1);
        for (int epoch = 0; epoch < 50; epoch++) {
            TreeSet<String> seen = new TreeSet<>();
            int size = 0;
            for (Iterator<Batch> batches = sampler.epoch(3, random); batches.hasNext(); ) {
                Batch batch = batches.next();
                for (int b = 0; b < batch.size(); b++) {
                    size++;
                    seen.add(batch.users()[b] + "," + batch.positives()[b]);
                    assertThat(train.contains(batch.users()[b], batch.positives()[b]))
                            .isTrue();
                    assertThat(train.contains(batch.users()[b], batch.negatives()[b]))
                            .isFalse();
                    assertThat(batch.negatives()[b]).isNotEqualTo(5);
                }
            }
            assertThat(size).isEqualTo(8);
            assertThat(seen).hasSize(8);
        }
    }

    @Test
    void aUserWhoHasEverythingDoesNotHoldUpTraining() {
        Interactions train = Interactions.of(new int[] {0, 0}, new int[] {0, 1}, 1, 2);
        assertThat(new TripleSampler(train)
                        .epoch(2, new SplittableRandom(1))
                        .next()
                        .negatives())
                .hasSize(2);
    }

    @Test
    void aPairNamedTwiceCountsOnce() {
        Interactions pairs = Interactions.of(new int[] {1, 1, 0, 1}, new int[] {2, 0, 1, 2}, 2, 3);
        assertThat(pairs.size()).isEqualTo(3);
        assertThat(pairs.userOfEach()).containsExactly(0, 1, 1);
        assertThat(pairs.itemOfEach()).containsExactly(1, 0, 2);
        assertThat(pairs.itemDegrees()).containsExactly(1, 1, 1);
    }

    @Test
    void aProfileIsTheMeanOfTheItemsThatHaveAVector() {
        Features features = new Features(2, new float[] {1, 3, 0, 0, 3, 5}, new boolean[] {true, false, true});
        Interactions train = Interactions.of(new int[] {0, 0, 0, 1}, new int[] {0, 1, 2, 1}, 3, 3);
        TrainingData data = new TrainingData(train, Map.of("image", features), Map.of(), 1);
        assertThat(data.profiles("image")).containsExactly(2, 4, 0, 0, 0, 0);
        assertThat(Arrays.copyOfRange(features.filled(), 2, 4)).containsExactly(2, 4);
        assertThat(data.itemContent("image", 2).degree(1)).isZero();
        assertThat(data.itemContent("image", 2).weights()[0]).isCloseTo(18 / Math.sqrt(340), within(1e-6));
    }
}

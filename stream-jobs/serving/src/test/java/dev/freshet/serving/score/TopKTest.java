package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class TopKTest {

    @RepeatedTest(200)
    void agreesWithSorting(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        int n = random.nextInt(60);
        int k = 1 + random.nextInt(20);
        float[] scores = new float[n];
        boolean[] admitted = new boolean[n];
        for (int row = 0; row < n; row++) {
            // Few values, so that many tie.
            scores[row] = random.nextInt(6) - 3;
            admitted[row] = random.nextInt(4) > 0;
        }

        int[] best = new TopK(k).select(scores, n, row -> admitted[row]);

        assertThat(best)
                .containsExactly(IntStream.range(0, n)
                        .filter(row -> admitted[row])
                        .boxed()
                        .sorted(Comparator.<Integer>comparingDouble(row -> -scores[row])
                                .thenComparingInt(row -> row))
                        .limit(k)
                        .mapToInt(row -> row)
                        .toArray());
    }

    @Test
    void canBeUsedAgain() {
        TopK top = new TopK(2);

        assertThat(top.select(new float[] {1, 3, 2}, 3, row -> true)).containsExactly(1, 2);
        assertThat(top.select(new float[] {9, 3, 2}, 3, row -> true)).containsExactly(0, 1);
    }
}

package dev.freshet.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

class TopKTest {

    @RepeatedTest(200)
    void agreesWithSorting(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        int k = 1 + random.nextInt(20);
        TopK top = new TopK(k, Integer::compare);
        for (int use = 0; use < 2; use++) {
            top.clear();
            // Few values, so that many tie.
            int[] weights = random.ints(random.nextInt(60), -3, 3).toArray();
            List<Integer> ids =
                    IntStream.range(0, weights.length).boxed().collect(java.util.stream.Collectors.toList());
            java.util.Collections.shuffle(ids, random);
            for (int id : ids) {
                boolean admitted = top.admits(weights[id], id);
                top.offer(weights[id], id);
                assertThat(IntStream.range(0, top.size()).map(top::id).anyMatch(kept -> kept == id))
                        .isEqualTo(admitted);
            }
            top.sort();

            assertThat(IntStream.range(0, top.size()).map(top::id).toArray())
                    .containsExactly(ids.stream()
                            .sorted(Comparator.<Integer>comparingInt(id -> -weights[id])
                                    .thenComparingInt(id -> id))
                            .limit(k)
                            .mapToInt(id -> id)
                            .toArray());
            assertThat(IntStream.range(0, top.size()).mapToDouble(top::weight))
                    .containsExactlyElementsOf(IntStream.range(0, top.size())
                            .mapToObj(rank -> (double) weights[top.id(rank)])
                            .toList());
        }
    }
}

package dev.freshet.serving.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PopularityTest {

    @Test
    void keepsTheOrderOfTheCounts() {
        Random random = new Random(11);
        Popularity popularity = new Popularity();
        Map<String, Long> expected = new HashMap<>();
        for (int step = 0; step < 5000; step++) {
            String item = "i" + random.nextInt(40);
            long change = expected.getOrDefault(item, 0L) > 0 && random.nextInt(3) == 0 ? -1 : 1;
            popularity.add(item, change);
            expected.merge(item, change, Long::sum);
            expected.remove(item, 0L);
        }

        List<Popularity.Entry> order = new ArrayList<>();
        popularity.forEach(order::add);

        assertThat(order)
                .containsExactlyElementsOf(expected.entrySet().stream()
                        .map(entry -> new Popularity.Entry(entry.getKey(), entry.getValue()))
                        .sorted(Comparator.comparingLong(Popularity.Entry::users)
                                .reversed()
                                .thenComparing(Popularity.Entry::item))
                        .toList());
        assertThat(popularity.items()).isEqualTo(expected.size());
        assertThat(popularity.users("none")).isZero();
    }
}

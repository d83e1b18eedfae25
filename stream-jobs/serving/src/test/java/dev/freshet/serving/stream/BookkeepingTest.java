package dev.freshet.serving.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.topic.Split;
import org.junit.jupiter.api.Test;

class BookkeepingTest {

    @Test
    void theBudgetIsARate() {
        RateBudget budget = new RateBudget(100);
        int taken = 0;
        for (int milli = 0; milli < 2000; milli++) {
            while (budget.tryTake(milli)) {
                taken++;
            }
        }

        // Two seconds' worth, and the bucket that was full at the start.
        assertThat(taken).isBetween(208, 211);
    }

    @Test
    void theMeterForgetsAfterTenSeconds() {
        RateMeter meter = new RateMeter();
        for (int second = 0; second < 10; second++) {
            meter.add(5, second * 1000L);
        }

        assertThat(meter.perSecond(10_000)).isEqualTo(5);
        assertThat(meter.perSecond(15_500)).isEqualTo(2.5);
        assertThat(meter.perSecond(60_000)).isZero();
        assertThat(meter.total()).isEqualTo(50);
    }

    @Test
    void theIndexSearchesByPrefixMostRecentFirst() {
        UserIndex index = new UserIndex(Split.NONE);
        UserIndex.Part first = index.open(0);
        UserIndex.Part second = index.open(1);
        first.put("ann", 5);
        first.put("bob", 9);
        second.put("anton", 7);
        second.put("anna", 7);
        first.put("ann", 6);

        assertThat(index.search("an", null, 10))
                .extracting(UserIndex.Entry::user)
                .containsExactly("anna", "anton", "ann");
        assertThat(index.search("", null, 2)).extracting(UserIndex.Entry::user).containsExactly("bob", "anna");
        assertThat(index.size()).isEqualTo(4);
        index.close(1, second);
        assertThat(index.size()).isEqualTo(2);
        assertThat(first.byActivity(0)).containsExactly("bob", "ann");
    }
}

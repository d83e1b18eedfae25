package dev.freshet.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TreatmentTest {

    @Test
    void theLatestRowsTest() {
        int[] rowsByTime = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
        assertThat(TimeSplit.parts(rowsByTime)).containsExactly(2, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void aShareOfTheVectorsIsThatOfOtherItems() {
        float[] values = new float[200];
        for (int at = 0; at < values.length; at++) {
            values[at] = at / 2;
        }
        Features features = Features.of(2, values);
        Features noisy = features.replaced(.2, new SplittableRandom(3));
        int changed = 0;
        for (int item = 0; item < 100; item++) {
            int from = (int) noisy.values()[2 * item];
            changed += from == item ? 0 : 1;
            assertThat(noisy.values()[2 * item + 1]).isEqualTo(from);
        }
        assertThat(changed).isEqualTo(20);
        assertThat(features.replaced(.2, new SplittableRandom(3)).values()).isEqualTo(noisy.values());
        assertThat(features.replaced(0, new SplittableRandom(3)).values()).isEqualTo(values);
    }
}

package dev.freshet.serving.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LatenessTest {

    private static final long NOW = 1_700_000_000_000L;

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);
    private final Lateness lateness = new Lateness(() -> NOW, nanos::get);

    @Test
    void oneLateInteractionCountsForAMoment() {
        assertThat(lateness.isLate()).isFalse();
        lateness.waited(Lateness.LATE_MILLIS);
        assertThat(lateness.isLate()).isFalse();

        lateness.waited(Lateness.LATE_MILLIS + 1);
        // On the way the clock passes its largest number, as System.nanoTime may.
        nanos.addAndGet(Lateness.COUNTS_NANOS - 1);
        assertThat(lateness.isLate()).isTrue();
        lateness.waited(0);
        assertThat(lateness.isLate()).isTrue();

        nanos.incrementAndGet();
        assertThat(lateness.isLate()).isFalse();
    }

    @Test
    void noListIsHeldUpForLong() {
        assertThat(lateness.holds(NOW)).isFalse();
        lateness.waited(Lateness.LATE_MILLIS + 1);

        assertThat(lateness.holds(NOW)).isTrue();
        assertThat(lateness.holds(NOW - Lateness.PATIENCE_MILLIS + 1)).isTrue();
        assertThat(lateness.holds(NOW - Lateness.PATIENCE_MILLIS)).isFalse();
    }
}

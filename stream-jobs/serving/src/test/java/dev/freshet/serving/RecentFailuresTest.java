package dev.freshet.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RecentFailuresTest {

    private final RecentFailures failures = new RecentFailures(2, Duration.ofSeconds(10));

    @Test
    void onlyThoseWithinTheWindowCount() {
        assertThat(failures.tooMany(seconds(0))).isFalse();
        assertThat(failures.tooMany(seconds(6))).isFalse();
        assertThat(failures.tooMany(seconds(12))).isFalse();
        assertThat(failures.tooMany(seconds(15))).isTrue();
        assertThat(failures.tooMany(seconds(40))).isFalse();
    }

    private static long seconds(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }
}

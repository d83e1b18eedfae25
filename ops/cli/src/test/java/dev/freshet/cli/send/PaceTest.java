package dev.freshet.cli.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class PaceTest {

    @Test
    void speedFollowsTheEventTimes() {
        Pace.Schedule schedule = Pace.speed(60).start();
        Instant first = Instant.parse("2011-03-01T10:00:00Z");
        assertThat(schedule.due(Instant.parse("1956-06-01T00:00:00Z"))).isZero();
        assertThat(schedule.due(first)).isZero();
        assertThat(schedule.due(first.plusSeconds(60))).isEqualTo(1_000_000_000L);
        assertThat(schedule.due(first.plusSeconds(3600))).isEqualTo(60_000_000_000L);
    }

    @Test
    void rateCounts() {
        Pace.Schedule schedule = Pace.rate(200).start();
        assertThat(schedule.due(Instant.EPOCH)).isZero();
        assertThat(schedule.due(Instant.EPOCH)).isEqualTo(5_000_000L);
        assertThat(schedule.due(Instant.MAX)).isEqualTo(10_000_000L);
    }

    @Test
    void refusesWhatIsNoPace() {
        for (double value : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> Pace.speed(value)).hasMessageContaining("speed is " + value);
            assertThatThrownBy(() -> Pace.rate(value)).hasMessageContaining("rate is " + value);
        }
    }
}

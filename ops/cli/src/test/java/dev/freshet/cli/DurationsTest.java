package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DurationsTest {

    @ParameterizedTest
    @CsvSource({"500ms,PT0.5S", "90s,PT90S", "3m,PT3M", "2h,PT2H", "1h30m,PT90M", "1m1s,PT61S"})
    void readsWhatPeopleWrite(String text, Duration duration) {
        assertThat(new Durations().convert(text)).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "3", "m", "3 m", "-3m", "3m4", "3d", "99999999999999999999s"})
    void refusesWhatItIsNot(String text) {
        assertThatThrownBy(() -> new Durations().convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void writesClockTimes() {
        assertThat(Durations.format(Duration.ofSeconds(7))).isEqualTo("0:07");
        assertThat(Durations.format(Duration.ofSeconds(205))).isEqualTo("3:25");
        assertThat(Durations.format(Duration.ofSeconds(3723))).isEqualTo("1:02:03");
    }
}

package dev.freshet.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RecoveryTest {

    private final Recovery recovery = new Recovery();

    @Test
    void whatComesFirstIsNotedFirst() {
        assertThat(recovery.note(0, false, false, true)).isFalse();
        assertThat(recovery.note(1, true, false, false)).isFalse();
        assertThat(recovery.note(2, false, true, false)).isFalse();
        assertThat(recovery.note(3, true, true, true)).isTrue();

        assertThat(recovery.ready()).isEqualTo(1);
        assertThat(recovery.fresh()).isEqualTo(2);
        assertThat(recovery.caughtUp()).isEqualTo(3);
    }

    @Test
    void listsThatWereNeverLateWereCaughtUpFromTheBeginning() {
        recovery.note(0, false, false, true);
        recovery.note(4, false, true, true);
        assertThat(recovery.note(5, true, true, true)).isTrue();

        assertThat(recovery.ready()).isEqualTo(5);
        assertThat(recovery.fresh()).isEqualTo(4);
        assertThat(recovery.caughtUp()).isZero();
    }
}

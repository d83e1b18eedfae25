package dev.freshet.graph.content;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PaceTest {

    @AfterEach
    void forget() {
        Thread.interrupted();
    }

    /** Else what a cancelled job computes for minutes goes on beside the next attempt. */
    @Test
    void workEndsWhereItsThreadIsInterrupted() {
        Pace.Steps steps = Pace.FULL.steps();
        steps.done();
        Thread.currentThread().interrupt();
        assertThatThrownBy(steps::done).isInstanceOf(CancellationException.class);
    }
}

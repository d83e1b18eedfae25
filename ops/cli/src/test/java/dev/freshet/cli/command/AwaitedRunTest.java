package dev.freshet.cli.command;

import static dev.freshet.schema.EvaluationKind.EPOCH;
import static dev.freshet.schema.EvaluationKind.GATE;
import static dev.freshet.schema.EvaluationKind.OFFLINE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.topic.Keys;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class AwaitedRunTest {

    private final AwaitedRun awaited = new AwaitedRun("spumr", 7);

    private static Evaluation evaluation(String run, EvaluationKind kind, String model, int epoch) {
        return Evaluation.newBuilder()
                .setRunId(run)
                .setKind(kind)
                .setModel(model)
                .setAt(Instant.EPOCH)
                .setEpoch(epoch)
                .build();
    }

    /** Of a run whose name ends with its model's. */
    private boolean takes(String run, EvaluationKind kind, int epoch) {
        return awaited.isOf(evaluation(run, kind, run.substring(run.indexOf('-') + 1), epoch));
    }

    @Test
    void isTheFirstOfItsModelThatBeginsAfterTheCommand() {
        assertThat(takes("1-spumr", EPOCH, 5)).isFalse();
        assertThat(takes("1-spumr", GATE, 0)).isFalse();
        assertThat(takes("2-lightgcn", EPOCH, 0)).isFalse();
        assertThat(takes("2-lightgcn", GATE, 0)).isFalse();
        assertThat(awaited.run()).isNull();

        assertThat(takes("3-spumr", EPOCH, 0)).isTrue();
        assertThat(awaited.run()).isEqualTo("3-spumr");
        assertThat(takes("3-spumr", EPOCH, 2)).isTrue();
        assertThat(takes("4-lightgcn", GATE, 0)).isFalse();
        // The trainer was started anew, and has taken the command again.
        assertThat(takes("5-spumr", EPOCH, 0)).isTrue();
        assertThat(takes("3-spumr", GATE, 0)).isFalse();
        assertThat(takes("5-spumr", GATE, 0)).isTrue();
    }

    @Test
    void aRunThatEndsBeforeItsFirstEpochIsIt() {
        assertThat(takes("1-spumr", OFFLINE, 1)).isFalse();
        assertThat(takes("1-spumr", GATE, 0)).isFalse();
        assertThat(takes("2-spumr", GATE, 0)).isTrue();
    }

    @Test
    void theAnswerToTheCommandIsItsOwnWhateverModelItNames() {
        assertThat(awaited.isOf(evaluation(Keys.answer(6), GATE, "spumr", 0))).isFalse();
        assertThat(awaited.isOf(evaluation(Keys.answer(7), GATE, "", 0))).isTrue();
    }

    @Test
    void anyModelWillDoWhereNoneIsNamed() {
        assertThat(new AwaitedRun(null, 7).isOf(evaluation("1-lightgcn", EPOCH, "lightgcn", 0)))
                .isTrue();
    }
}

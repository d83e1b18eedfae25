package dev.freshet.serving.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvaluationLogTest {

    private final EvaluationLog log = new EvaluationLog();
    private long offset = 100;

    private void take(String run, EvaluationKind kind, int epoch) {
        log.take(
                offset++,
                Evaluation.newBuilder()
                        .setRunId(run)
                        .setKind(kind)
                        .setModel("spumr")
                        .setVersion(run.startsWith("evaluated") ? null : run)
                        .setAt(Instant.ofEpochMilli(epoch))
                        .setEpoch(epoch)
                        .build());
    }

    private void decide(String run, String model, boolean accepted, String reason) {
        decide(run, model, accepted, reason, true);
    }

    private void decide(String run, String model, boolean accepted, String reason, boolean judged) {
        log.take(
                offset++,
                Evaluation.newBuilder()
                        .setRunId(run)
                        .setKind(EvaluationKind.GATE)
                        .setModel(model)
                        .setAt(Instant.EPOCH)
                        .setAccepted(accepted)
                        .setReason(reason)
                        .setMetrics(judged ? Map.of("recall@20", .1) : Map.of())
                        .build());
    }

    @Test
    void countsWhatTheGateHasRefusedInARow() {
        assertThat(log.refusals()).isEmpty();
        take("a", EvaluationKind.OFFLINE, 1);
        decide("a", "spumr", false, "worse");
        // Neither a training that did not come to the gate, or past it, nor the answer to a command is the gate's.
        decide("b", "spumr", false, "too few interactions", false);
        decide("control-7", "spumr", true, "rolled back", false);
        take("given-up", EvaluationKind.OFFLINE, 1);
        decide("given-up", "spumr", false, "given up: a rollback was asked for", false);
        take("c", EvaluationKind.OFFLINE, 1);
        decide("c", "spumr", false, "much worse");
        take("d", EvaluationKind.OFFLINE, 1);
        decide("d", "lightgcn", false, "worse, too");
        take("open", EvaluationKind.OFFLINE, 1);

        assertThat(log.refusals()).containsOnlyKeys("spumr", "lightgcn");
        assertThat(log.refusals().get("spumr").count()).isEqualTo(2);
        assertThat(log.refusals().get("spumr").newest().getReason()).isEqualTo("much worse");

        take("e", EvaluationKind.OFFLINE, 1);
        decide("e", "spumr", true, "better");
        assertThat(log.refusals()).containsOnlyKeys("lightgcn");
    }

    @Test
    void putsTheRecordsOfARunTogether() {
        take("a", EvaluationKind.EPOCH, 1);
        take("a", EvaluationKind.EPOCH, 2);
        assertThat(log.training().orElseThrow().finished()).isFalse();
        take("a", EvaluationKind.OFFLINE, 2);
        take("a", EvaluationKind.GATE, 0);
        take("control-7", EvaluationKind.GATE, 0);
        take("b", EvaluationKind.EPOCH, 1);
        take("b", EvaluationKind.PREQUENTIAL, 9);

        assertThat(log.count()).isEqualTo(6);
        assertThat(log.newest(null, 10)).extracting(EvaluationLog.Run::id).containsExactly("b", "control-7", "a");
        EvaluationLog.Run a = log.of("a").orElseThrow();
        assertThat(a.epochs()).hasSize(2);
        assertThat(a.finished()).isTrue();
        assertThat(a.newest().getKind()).isEqualTo(EvaluationKind.GATE);
        assertThat(log.training().orElseThrow().id()).isEqualTo("b");
        assertThat(log.decided().orElseThrow().id()).isEqualTo("control-7");
        assertThat(log.of("c")).isEmpty();
    }

    @Test
    void keepsResultsOnDataSetsApart() {
        take("evaluated-1", EvaluationKind.OFFLINE, 1);
        take("evaluated-2", EvaluationKind.OFFLINE, 2);
        take("evaluated-1", EvaluationKind.OFFLINE, 3);

        assertThat(log.newest(null, 10)).isEmpty();
        assertThat(log.onDataSets(Long.MAX_VALUE, 10))
                .extracting(
                        EvaluationLog.OnDataSet::offset,
                        result -> result.evaluation().getRunId(),
                        result -> result.evaluation().getEpoch())
                .containsExactly(tuple(102L, "evaluated-1", 3), tuple(101L, "evaluated-2", 2));
        assertThat(log.onDataSets(Long.MAX_VALUE, 1))
                .extracting(EvaluationLog.OnDataSet::offset)
                .containsExactly(102L);
        assertThat(log.onDataSets(102, 10))
                .extracting(EvaluationLog.OnDataSet::offset)
                .containsExactly(101L);
        assertThat(log.count()).isEqualTo(3);
    }

    @Test
    void aResultThatIsPublishedAgainOutlivesOlderOnes() {
        for (int result = 0; result < EvaluationLog.KEPT; result++) {
            take("evaluated-" + result, EvaluationKind.OFFLINE, 1);
        }
        take("evaluated-0", EvaluationKind.OFFLINE, 2);
        take("evaluated-new", EvaluationKind.OFFLINE, 1);

        assertThat(log.onDataSets(Long.MAX_VALUE, Integer.MAX_VALUE))
                .hasSize(EvaluationLog.KEPT)
                .extracting(result -> result.evaluation().getRunId())
                .contains("evaluated-0", "evaluated-new")
                .doesNotContain("evaluated-1");
    }

    @Test
    void forgetsTheOldestRunAndTheOldestEpochs() {
        for (int run = 0; run <= EvaluationLog.KEPT; run++) {
            take("run-" + run, EvaluationKind.EPOCH, 1);
        }
        assertThat(log.of("run-0")).isEmpty();
        assertThat(log.newest(null, Integer.MAX_VALUE)).hasSize(EvaluationLog.KEPT);

        for (int epoch = 1; epoch <= 600; epoch++) {
            take("long", EvaluationKind.EPOCH, epoch);
        }
        assertThat(log.of("long").orElseThrow().epochs())
                .hasSize(500)
                .last()
                .extracting(Evaluation::getEpoch)
                .isEqualTo(600);
    }
}

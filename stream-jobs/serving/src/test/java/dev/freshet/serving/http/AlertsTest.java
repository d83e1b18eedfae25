package dev.freshet.serving.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.serving.release.EvaluationLog;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class AlertsTest {

    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");

    private Instant startedAt = NOW;
    private boolean ready = true;
    private long violations;
    private long lag;
    private double p99 = 30;
    private Answers.SnapshotView snapshot = snapshot(Duration.ofMinutes(1), 5);
    private Answers.TrainingView training;
    private Answers.ModelView model = release("v1");
    private long modelBehind = 5;
    private final Map<String, EvaluationLog.Refusals> refusals = new TreeMap<>();
    private final Map<String, String> refused = new TreeMap<>();
    private List<Answers.ArmView> arms = List.of(arm("all", "v1", false));

    private static Answers.SnapshotView snapshot(Duration age, long behind) {
        return new Answers.SnapshotView("s", 1, NOW.minus(age), behind, Map.of());
    }

    private static Answers.ModelView release(String version) {
        return release(version, Duration.ZERO);
    }

    private static Answers.ModelView release(String version, Duration age) {
        return new Answers.ModelView(
                version,
                "spumr",
                "RELEASE",
                NOW.minus(age),
                "s",
                NOW,
                List.of(),
                Map.of(),
                1,
                1,
                8,
                "test",
                1,
                Map.of(),
                false,
                null);
    }

    private static Answers.ArmView arm(String name, String version, boolean held) {
        return new Answers.ArmView(name, 1, version, NOW, 0, held, new Answers.RescoringView(version, 1, 1));
    }

    private List<Answers.Alert> alerts(Instant newestLetter) {
        Answers.StatusView status = new Answers.StatusView(
                "test",
                ready ? "RUNNING" : "REBALANCING",
                ready,
                startedAt,
                NOW,
                true,
                new Answers.Rate(100, 5),
                lag,
                new Answers.Rate(100, 5),
                new Answers.Freshness(10, 20, p99),
                violations,
                Map.of(),
                1,
                1,
                Map.of(),
                snapshot,
                training,
                model,
                modelBehind,
                null,
                0,
                null,
                new Answers.RescoringView("v1", 1, 1),
                arms,
                List.of(),
                new Answers.DeadLettersView(0, Map.of()),
                null);
        return Alerts.of(status, refused, refusals, newestLetter);
    }

    private String only(Instant newestLetter, String level) {
        List<Answers.Alert> alerts = alerts(newestLetter);
        assertThat(alerts).hasSize(1);
        assertThat(alerts.get(0).level()).isEqualTo(level);
        return alerts.get(0).text();
    }

    @Test
    void aSoundLoopHasNone() {
        assertThat(alerts(null)).isEmpty();
        assertThat(alerts(NOW.minus(Duration.ofMinutes(11)))).isEmpty();
    }

    @Test
    void saysWhatIsNotReadyOrBehind() {
        ready = false;
        assertThat(only(null, Alerts.BAD)).isEqualTo("serving is not ready: REBALANCING");
        ready = true;
        lag = 12_345;
        assertThat(only(null, Alerts.BAD)).isEqualTo("12,345 events wait to be scored");
        lag = 0;
        p99 = 6_500;
        assertThat(only(null, Alerts.WARN)).isEqualTo("one list in a hundred comes 6.5 s or more after its event");
    }

    @Test
    void anOldSnapshotMattersOnlyWhereEventsCameSince() {
        snapshot = snapshot(Duration.ofMinutes(25), 0);
        assertThat(alerts(null)).isEmpty();
        snapshot = snapshot(Duration.ofMinutes(25), 1_500);
        assertThat(only(null, Alerts.BAD))
                .isEqualTo("no snapshot for 25 minutes, with 1,500 events since: does the graph job run?");
    }

    @Test
    void aViolationIsADefect() {
        violations = 2;
        assertThat(only(null, Alerts.BAD)).startsWith("2 items were recommended to users that have them");
    }

    @Test
    void aGraphJobThatNeverCameIsMissed() {
        snapshot = null;
        startedAt = NOW.minus(Duration.ofMinutes(9));
        assertThat(alerts(null)).isEmpty();
        startedAt = NOW.minus(Duration.ofMinutes(11));
        assertThat(only(null, Alerts.BAD))
                .isEqualTo("events have come in, and no snapshot ever: does the graph job run?");
    }

    private static EvaluationLog.Refusals refusals(int count, Duration age) {
        return new EvaluationLog.Refusals(
                count,
                Evaluation.newBuilder()
                        .setRunId("run")
                        .setKind(EvaluationKind.GATE)
                        .setModel("spumr")
                        .setAt(NOW.minus(age))
                        .setAccepted(false)
                        .setReason("worse than v1")
                        .build());
    }

    @Test
    void theGateMayRefuseNowAndThen() {
        refusals.put("spumr", refusals(2, Duration.ofHours(5)));
        assertThat(only(null, Alerts.INFO)).isEqualTo("the gate has refused the newest model of spumr: worse than v1");
        refusals.put("spumr", refusals(3, Duration.ofHours(5)));
        assertThat(only(null, Alerts.WARN))
                .isEqualTo("the gate has refused the newest 3 models of spumr: worse than v1");
        refusals.put("spumr", refusals(3, Duration.ofHours(7)));
        assertThat(alerts(null)).isEmpty();
    }

    @Test
    void aTrainerThatKeepsSilentIsMissed() {
        model = release("v1", Duration.ofHours(26));
        assertThat(only(null, Alerts.WARN))
                .isEqualTo("no word of the trainer for 26 hours, with snapshots since: does it run?");
        // The newest decision was a refusal: it runs.
        training = new Answers.TrainingView("run", "spumr", "s", 9, 9, Map.of(), NOW, false, false);
        assertThat(alerts(null)).isEmpty();
        training = null;
        modelBehind = 0;
        assertThat(alerts(null)).isEmpty();
        modelBehind = 5;
        snapshot = snapshot(Duration.ofHours(27), 0);
        assertThat(alerts(null)).isEmpty();
        snapshot = snapshot(Duration.ofMinutes(1), 0);
        arms = List.of(arm("all", "v1", true));
        assertThat(only(null, Alerts.INFO)).contains("held after a rollback");
    }

    @Test
    void aTrainerThatNeverCameIsMissed() {
        model = null;
        modelBehind = -1;
        startedAt = NOW.minus(Duration.ofMinutes(29));
        assertThat(alerts(null)).isEmpty();
        startedAt = NOW.minus(Duration.ofMinutes(31));
        assertThat(only(null, Alerts.WARN))
                .isEqualTo("there are snapshots, and no word of the trainer ever: does it run?");
    }

    @Test
    void saysWhatWasRefused() {
        assertThat(only(NOW.minus(Duration.ofMinutes(9)), Alerts.WARN)).contains("a record was refused");
        refused.put("all", "too short");
        assertThat(only(null, Alerts.WARN)).isEqualTo("the newest release cannot be put in force: too short");
        refused.clear();
        refused.put("spumr", "too long");
        arms = List.of(arm("lightgcn", "v1", false), arm("spumr", "v2", false));
        assertThat(only(null, Alerts.WARN))
                .isEqualTo("the newest release of the arm spumr cannot be put in force: too long");
    }

    @Test
    void saysWhatTheTrainerDoesNotDo() {
        training = new Answers.TrainingView("run", "spumr", "s", 3, 9, Map.of(), NOW, false, true);
        assertThat(only(null, Alerts.WARN)).isEqualTo("the training run has gone silent");
        training = null;
        arms = List.of(arm("all", "v1", true));
        assertThat(only(null, Alerts.INFO)).contains("held after a rollback").contains("'freshet train' is");
        arms = List.of(arm("lightgcn", "v1", false), arm("spumr", "v2", true));
        assertThat(only(null, Alerts.INFO))
                .contains("of the arm spumr is held after a rollback")
                .contains("'freshet train --model spumr'");
        arms = List.of(arm("lightgcn", "v1", false), arm("spumr", null, false));
        assertThat(only(null, Alerts.INFO)).startsWith("no model of the arm spumr yet");
    }
}

package dev.freshet.serving.http;

import dev.freshet.serving.release.EvaluationLog;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** What somebody should look at, from the status alone, most urgent first. */
final class Alerts {

    static final String BAD = "bad";
    static final String WARN = "warn";
    static final String INFO = "info";

    /** Events that wait to be scored, from which on it is worth a word. */
    private static final long MAX_LAG = 10_000;

    private static final double MAX_FRESHNESS_MILLIS = 5_000;
    private static final Duration MAX_SNAPSHOT_AGE = Duration.ofMinutes(10);
    private static final Duration LETTERS_RECENT = Duration.ofMinutes(10);
    private static final Duration REFUSALS_RECENT = Duration.ofHours(6);

    /** Refusals of the gate in a row, from which on it is more than the gate doing its work. */
    private static final int MANY_REFUSALS = 3;

    /** How long the trainer may keep silent: it may be told to train rarely, but not to leave the first model for long. */
    private static final Duration MAX_SILENCE = Duration.ofDays(1);

    private static final Duration MAX_FIRST_SILENCE = Duration.ofMinutes(30);

    private Alerts() {}

    /**
     * The alerts of a status.
     *
     * @param refused why the newest release of an arm cannot be put in force, by the arm's name
     * @param refusals what the gate has refused last, by the model's name
     * @param newestLetter when the newest dead letter came, or null
     */
    static List<Answers.Alert> of(
            Answers.StatusView status,
            Map<String, String> refused,
            Map<String, EvaluationLog.Refusals> refusals,
            Instant newestLetter) {
        List<Answers.Alert> alerts = new ArrayList<>();
        if (!status.ready()) {
            alerts.add(new Answers.Alert(BAD, "serving is not ready: " + status.state()));
        }
        if (status.violations() > 0) {
            alerts.add(new Answers.Alert(
                    BAD,
                    String.format(
                            Locale.ROOT,
                            "%,d items were recommended to users that have them: a defect; keep the state folder, and report it",
                            status.violations())));
        }
        if (status.lag() > MAX_LAG) {
            alerts.add(
                    new Answers.Alert(BAD, String.format(Locale.ROOT, "%,d events wait to be scored", status.lag())));
        }
        if (status.snapshot() == null
                && status.users() > 0
                && status.startedAt().plus(MAX_SNAPSHOT_AGE).isBefore(status.at())) {
            alerts.add(new Answers.Alert(BAD, "events have come in, and no snapshot ever: does the graph job run?"));
        }
        if (status.snapshot() != null
                && status.snapshot().behind() > 0
                && status.snapshot().createdAt().plus(MAX_SNAPSHOT_AGE).isBefore(status.at())) {
            alerts.add(new Answers.Alert(
                    BAD,
                    String.format(
                            Locale.ROOT,
                            "no snapshot for %d minutes, with %,d events since: does the graph job run?",
                            Duration.between(status.snapshot().createdAt(), status.at())
                                    .toMinutes(),
                            status.snapshot().behind())));
        }
        if (status.events().perSecond() > 0 && status.freshnessMillis().p99() > MAX_FRESHNESS_MILLIS) {
            alerts.add(new Answers.Alert(
                    WARN,
                    String.format(
                            Locale.ROOT,
                            "one list in a hundred comes %.1f s or more after its event",
                            status.freshnessMillis().p99() / 1000)));
        }
        boolean split = status.arms().size() > 1;
        refused.forEach((arm, reason) -> alerts.add(new Answers.Alert(
                WARN,
                "the newest release" + (split ? " of the arm " + arm : "") + " cannot be put in force: " + reason)));
        refusals.forEach((model, last) -> {
            if (last.newest().getAt().plus(REFUSALS_RECENT).isAfter(status.at())) {
                boolean many = last.count() >= MANY_REFUSALS;
                alerts.add(new Answers.Alert(
                        many ? WARN : INFO,
                        "the gate has refused the newest " + (many ? last.count() + " models" : "model") + " of "
                                + model + ": " + last.newest().getReason()));
            }
        });
        if (newestLetter != null && newestLetter.plus(LETTERS_RECENT).isAfter(status.at())) {
            alerts.add(new Answers.Alert(WARN, "a record was refused within the last ten minutes: see Data quality"));
        }
        if (status.training() != null && status.training().silent()) {
            alerts.add(
                    new Answers.Alert(WARN, "the training " + status.training().runId() + " has gone silent"));
        }
        trainer(status).ifPresent(alerts::add);
        for (Answers.ArmView arm : status.arms()) {
            String of = split ? " of the arm " + arm.arm() : "";
            if (arm.held()) {
                alerts.add(new Answers.Alert(
                        INFO,
                        "the release" + of + " is held after a rollback: nothing is released until 'freshet train"
                                + (split ? " --model " + arm.arm() : "") + "' is asked for"));
            }
            if (status.ready() && arm.version() == null) {
                alerts.add(new Answers.Alert(INFO, "no model" + of + " yet: neighbors and popularity recommend"));
            }
        }
        return alerts;
    }

    /** Whether the trainer says nothing though there is something to train on, and nobody has told it to wait. */
    private static Optional<Answers.Alert> trainer(Answers.StatusView status) {
        Optional<Instant> word = Stream.of(
                        status.training() == null ? null : status.training().at(),
                        status.decision() == null ? null : status.decision().at(),
                        status.model() == null ? null : status.model().releasedAt())
                .filter(Objects::nonNull)
                .max(Comparator.naturalOrder());
        Instant since = word.orElse(status.startedAt());
        Duration silence = Duration.between(since, status.at());
        if (status.snapshot() == null
                || status.modelBehind() == 0
                || status.arms().stream().allMatch(Answers.ArmView::held)
                || silence.compareTo(word.isPresent() ? MAX_SILENCE : MAX_FIRST_SILENCE) <= 0
                || (word.isPresent() && !status.snapshot().createdAt().isAfter(since))) {
            return Optional.empty();
        }
        return Optional.of(new Answers.Alert(
                WARN,
                word.isPresent()
                        ? "no word of the trainer for " + silence.toHours()
                                + " hours, with snapshots since: does it run?"
                        : "there are snapshots, and no word of the trainer ever: does it run?"));
    }
}

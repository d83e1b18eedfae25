package dev.freshet.serving.http;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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

    private Alerts() {}

    /**
     * The alerts of a status.
     *
     * @param refused why the newest release of an arm cannot be put in force, by the arm's name
     * @param newestLetter when the newest dead letter came, or null
     */
    static List<Answers.Alert> of(Answers.StatusView status, Map<String, String> refused, Instant newestLetter) {
        List<Answers.Alert> alerts = new ArrayList<>();
        if (!status.ready()) {
            alerts.add(new Answers.Alert(BAD, "serving is not ready: " + status.state()));
        }
        if (status.lag() > MAX_LAG) {
            alerts.add(
                    new Answers.Alert(BAD, String.format(Locale.ROOT, "%,d events wait to be scored", status.lag())));
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
        if (newestLetter != null && newestLetter.plus(LETTERS_RECENT).isAfter(status.at())) {
            alerts.add(new Answers.Alert(WARN, "a record was refused within the last ten minutes: see Data quality"));
        }
        if (status.training() != null && status.training().silent()) {
            alerts.add(
                    new Answers.Alert(WARN, "the training " + status.training().runId() + " has gone silent"));
        }
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
}

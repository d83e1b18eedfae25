package dev.freshet.trainer.loop;

import dev.freshet.trainer.evaluation.Metrics;
import dev.freshet.trainer.train.Training;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** What the trainer counts, under the names that {@code /metrics} shows. */
final class TrainerMetrics {

    private final Counter accepted;
    private final Counter refused;
    private final Counter abandoned;
    private final Counter rollbacks;
    private final Counter epochs;
    private final Timer training;
    private final Map<String, Double> quality = new ConcurrentHashMap<>();
    private volatile boolean running;
    private volatile boolean held;
    private volatile Instant snapshotAt;

    TrainerMetrics(MeterRegistry registry) {
        accepted = decisions(registry, "accepted");
        refused = decisions(registry, "refused");
        abandoned = Counter.builder("freshet.trainings.abandoned")
                .description(
                        "Trainings that did not come to the gate: too little data, settings that fail, a rollback asked for")
                .register(registry);
        rollbacks = Counter.builder("freshet.rollbacks")
                .description("Earlier releases put in force again")
                .register(registry);
        epochs = Counter.builder("freshet.training.epochs")
                .description("Epochs trained")
                .register(registry);
        training = Timer.builder("freshet.training")
                .description("Time from a snapshot read to the gate's decision carried out")
                .register(registry);
        Gauge.builder("freshet.training.running", this, metrics -> metrics.running ? 1 : 0)
                .description("1 while a training is under way")
                .register(registry);
        Gauge.builder("freshet.release.held", this, metrics -> metrics.held ? 1 : 0)
                .description("1 while a release that was rolled back to is held, and nothing is trained unasked")
                .register(registry);
        Gauge.builder("freshet.trainer.snapshot.age", this, TrainerMetrics::snapshotAge)
                .baseUnit("seconds")
                .description("Age of the newest snapshot that the trainer has heard of; NaN before the first")
                .register(registry);
        for (String of : new String[] {"candidate", "in-force", "popularity"}) {
            Gauge.builder("freshet.gate.recall", this, metrics -> metrics.quality.getOrDefault(of, Double.NaN))
                    .tag("of", of)
                    .description("Recall@20 on the held-out slice at the newest decision of the gate; NaN where it was"
                            + " not measured")
                    .register(registry);
        }
    }

    private static Counter decisions(MeterRegistry registry, String decision) {
        return Counter.builder("freshet.gate.decisions")
                .tag("decision", decision)
                .description("Decisions of the quality gate")
                .register(registry);
    }

    private double snapshotAge() {
        Instant at = snapshotAt;
        return at == null ? Double.NaN : Duration.between(at, Instant.now()).toMillis() / 1000.0;
    }

    /** What the trainer has heard of, and whether it trains unasked. */
    void heard(Inbox inbox) {
        Inbox.Snapshot newest = inbox.newest();
        if (newest != null) {
            snapshotAt = newest.manifest().getCreatedAt();
        }
        held = inbox.releases().held();
    }

    void started() {
        running = true;
    }

    void epoch() {
        epochs.increment();
    }

    /** The gate has decided on a candidate, and what it decided is done. */
    void decided(Retraining.Candidate candidate, Duration took) {
        (candidate.accepted() ? accepted : refused).increment();
        training.record(took);
        Map<String, Metrics> measured = new TreeMap<>();
        measured.put("candidate", candidate.test());
        measured.put("popularity", candidate.popularity());
        if (candidate.inForce() != null) {
            measured.put("in-force", candidate.inForce());
        }
        quality.keySet().retainAll(measured.keySet());
        measured.forEach((of, metrics) -> quality.put(of, metrics.get(Training.METRIC)));
    }

    void abandoned() {
        abandoned.increment();
    }

    void ended() {
        running = false;
    }

    void rolledBack() {
        rollbacks.increment();
    }
}

package dev.freshet.cli.replay;

import dev.freshet.cli.command.Clients;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Publishes results on {@code evaluations}: one record of every contender and window, and one of each in total. */
final class EvaluationLog implements AutoCloseable {

    private final Producer<byte[], byte[]> producer;
    private final String run = "replay-" + Instant.now().truncatedTo(ChronoUnit.SECONDS);

    EvaluationLog(String bootstrap) {
        producer = Clients.producer(bootstrap);
    }

    /** @param version model version of the live loop, or null */
    void publish(Scoreboard.Window window, String version) {
        window.tallies().forEach((contender, tally) -> {
            Map<String, Double> metrics = metrics(tally);
            metrics.put("coverage", window.coverage().get(contender));
            metrics.put("from", (double) window.from());
            metrics.put("to", (double) window.to());
            send(contender, version, metrics, 0);
        });
    }

    /** @param version model version of the live loop, or null */
    void publish(Scoreboard board, String version) {
        for (Contender contender : Contender.values()) {
            Map<String, Double> metrics = metrics(board.total(contender));
            metrics.put("coverage", board.coverage(contender));
            send(contender, version, metrics, board.users());
        }
    }

    private static Map<String, Double> metrics(Tally tally) {
        Map<String, Double> metrics = new HashMap<>();
        for (Metric metric : Metric.values()) {
            metrics.put(metric.label(), tally.mean(metric));
        }
        metrics.put("predictions", (double) tally.events());
        metrics.put("novelty", tally.novelty());
        metrics.put("fallback", tally.fallback());
        return metrics;
    }

    private void send(Contender contender, String version, Map<String, Double> metrics, long users) {
        Evaluation evaluation = Evaluation.newBuilder()
                .setRunId(run)
                .setKind(EvaluationKind.PREQUENTIAL)
                .setModel(contender.label())
                .setVersion(contender == Contender.LIVE ? version : null)
                .setAt(Instant.now().truncatedTo(ChronoUnit.MILLIS))
                .setMetrics(metrics)
                .setUsers(users)
                .build();
        producer.send(new ProducerRecord<>(
                Topic.EVALUATIONS.name(),
                run.getBytes(StandardCharsets.UTF_8),
                Topic.EVALUATIONS.codec().encode(evaluation)));
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
    }
}

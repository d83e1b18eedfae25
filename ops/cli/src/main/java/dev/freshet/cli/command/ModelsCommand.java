package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.Tables;
import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code freshet models}: what was released, what is in force, and what was refused. */
@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description =
                "Lists the releases, newest first, and the candidates that the quality gate refused in the last 30 days.")
public final class ModelsCommand implements Callable<Integer> {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LIMIT = 101;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        JsonNode models = client.servingClient().get("/v1/models?limit=" + LIMIT);
        String bootstrap = client.bootstrap();
        Clients.require(bootstrap, Duration.ofSeconds(5));
        List<Evaluation> refused;
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            refused = refused(consumer);
        } catch (KafkaException e) {
            throw new CliException("the broker at " + bootstrap + " refuses: " + e.getMessage(), e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(models, refused).toPrettyString());
        } else {
            print(out, models, refused);
        }
        return 0;
    }

    /** The candidates that were not released, newest first. */
    private static List<Evaluation> refused(Consumer<byte[], byte[]> consumer) {
        SchemaTopic.load(consumer);
        List<Evaluation> refused = new ArrayList<>();
        TopicScan.assign(consumer, Topic.EVALUATIONS.name());
        TopicScan.toEnd(consumer, record -> {
            try {
                Evaluation evaluation = Topic.EVALUATIONS.codec().decode(record.value());
                if (evaluation.getKind() == EvaluationKind.GATE
                        && Boolean.FALSE.equals(evaluation.getAccepted())
                        && evaluation.getVersion() != null) {
                    refused.add(0, evaluation);
                }
            } catch (BadRecordException e) {
                // The list does without it.
            }
        });
        return refused;
    }

    /** The arms in which a release that was returned to is held. */
    private static List<String> held(JsonNode models) {
        List<String> held = new ArrayList<>();
        for (JsonNode arm : models.path("arms")) {
            if (arm.path("held").asBoolean()) {
                held.add(arm.path("arm").asText());
            }
        }
        return held;
    }

    private static boolean isRollback(JsonNode announcement) {
        return announcement.path("action").asText().equals("ROLLBACK");
    }

    private static ObjectNode json(JsonNode models, List<Evaluation> refused) {
        ObjectNode node = JSON.createObjectNode();
        node.set("inForce", models.path("inForce"));
        node.put("held", !held(models).isEmpty());
        node.set("split", models.path("split"));
        node.set("arms", models.path("arms"));
        node.set("releases", models.path("releases"));
        node.putArray("refused");
        for (Evaluation candidate : refused) {
            ObjectNode each = node.withArray("refused")
                    .addObject()
                    .put("version", candidate.getVersion())
                    .put("model", candidate.getModel())
                    .put("at", candidate.getAt().toString())
                    .put("snapshotId", candidate.getSnapshotId())
                    .put("reason", candidate.getReason());
            ObjectNode metrics = each.putObject("metrics");
            candidate.getMetrics().forEach(metrics::put);
        }
        return node;
    }

    private static void print(PrintWriter out, JsonNode models, List<Evaluation> refused) {
        List<List<String>> rows = new ArrayList<>();
        for (JsonNode release : models.path("releases")) {
            rows.add(List.of(
                    (isRollback(release) ? "back to " : "")
                            + release.path("version").asText(),
                    release.path("model").asText(),
                    seconds(release.path("releasedAt").asText()),
                    release.path("inForce").asBoolean() ? "yes" : release.has("refused") ? "unsound" : "",
                    metric(release, "recall@20"),
                    metric(release, "ndcg@20"),
                    release.path("snapshotId").asText(),
                    release.path("configuration").path("start").asText()));
        }
        if (rows.isEmpty()) {
            out.println("no model has been released yet");
        } else {
            Tables.print(
                    out,
                    List.of("version", "model", "released", "in force", ">Recall@20", ">NDCG@20", "snapshot", "start"),
                    rows);
        }
        boolean split = models.path("arms").size() > 1;
        if (split) {
            out.println("users are split: " + models.path("split").asText());
        }
        for (String arm : held(models)) {
            out.println("the release in force" + (split ? " of the arm " + arm : "")
                    + " was returned to; nothing is released until 'freshet train"
                    + (split ? " --model " + arm : "") + "' is asked for");
        }
        if (!refused.isEmpty()) {
            out.println();
            List<List<String>> lines = new ArrayList<>();
            for (Evaluation candidate : refused) {
                lines.add(List.of(
                        candidate.getVersion(),
                        seconds(candidate.getAt().toString()),
                        String.valueOf(candidate.getReason())));
            }
            Tables.print(out, List.of("refused", "at", "why"), lines);
        }
    }

    private static String metric(JsonNode release, String name) {
        JsonNode value = release.path("metrics").path(name);
        return value.isNumber() ? String.format(Locale.ROOT, "%.4f", value.asDouble()) : "";
    }

    private static String seconds(String instant) {
        return Instant.parse(instant).truncatedTo(ChronoUnit.SECONDS).toString();
    }
}

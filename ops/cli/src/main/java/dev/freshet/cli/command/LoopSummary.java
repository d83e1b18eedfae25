package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.Durations;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What serving says at {@code /v1/status}, for people. */
final class LoopSummary {

    private LoopSummary() {}

    /** Prints alerts, a line for each stage of the loop, and a table of the graphs. */
    static void print(PrintWriter out, JsonNode loop) {
        for (JsonNode alert : loop.path("alerts")) {
            out.println(alert.path("level").asText() + ": " + alert.path("text").asText());
        }
        stages(loop).forEach(stage -> out.println(String.format(Locale.ROOT, "%-13s", stage.get(0)) + stage.get(1)));
        List<List<String>> graphs = new ArrayList<>();
        loop.path("graphs")
                .fields()
                .forEachRemaining(graph -> graphs.add(List.of(
                        graph.getKey(),
                        count(graph.getValue().path("nodes")),
                        count(graph.getValue().path("edges")))));
        if (!graphs.isEmpty()) {
            out.println();
            Tables.print(out, List.of("graph", ">lists", ">edges"), graphs);
        }
    }

    private static List<List<String>> stages(JsonNode loop) {
        List<List<String>> stages = new ArrayList<>();
        stages.add(List.of("serving", loop.path("state").asText().toLowerCase(Locale.ROOT)));
        stages.add(List.of(
                "interactions", rate(loop.path("events")) + "; " + count(loop.path("lag")) + " wait to be scored"));
        JsonNode fresh = loop.path("freshnessMillis");
        stages.add(List.of(
                "lists",
                rate(loop.path("recommendations"))
                        + String.format(
                                Locale.ROOT,
                                "; fresh after %.0f ms (p50), %.0f ms (p99)",
                                fresh.path("p50").asDouble(),
                                fresh.path("p99").asDouble())));
        stages.add(List.of("knows", count(loop.path("users")) + " users, " + count(loop.path("items")) + " items"));
        stages.add(List.of("snapshot", snapshot(loop)));
        models(loop, stages);
        training(loop, stages);
        JsonNode loading = loop.path("loading");
        if (loading.has("version")) {
            stages.add(List.of(
                    "loading",
                    loading.path("version").asText() + ", " + share(loading.path("read"), loading) + " embeddings"));
        }
        JsonNode rescoring = loop.path("rescoring");
        if (rescoring.path("done").asLong() < rescoring.path("total").asLong()) {
            stages.add(List.of("scoring anew", share(rescoring.path("done"), rescoring) + " users"));
        }
        stages.add(List.of("dead letters", count(loop.path("deadLetters").path("total"))));
        return stages;
    }

    private static String snapshot(JsonNode loop) {
        JsonNode snapshot = loop.path("snapshot");
        return snapshot.has("snapshotId")
                ? snapshot.path("snapshotId").asText() + ", " + age(loop, snapshot.path("createdAt"))
                        + since(snapshot.path("behind"))
                : "none yet";
    }

    /** The model in force, or where users are split, that of each arm. */
    private static void models(JsonNode loop, List<List<String>> stages) {
        JsonNode arms = loop.path("arms");
        for (JsonNode arm : arms) {
            boolean released = arm.path("version").isTextual();
            stages.add(List.of(
                    arms.size() == 1 ? "model" : "arm " + arm.path("arm").asText(),
                    (arms.size() == 1
                                    ? ""
                                    : String.format(
                                            Locale.ROOT,
                                            "%.0f %%, ",
                                            100 * arm.path("share").asDouble()))
                            + (released
                                    ? arm.path("version").asText() + ", " + age(loop, arm.path("releasedAt"))
                                            + since(arm.path("behind"))
                                    : "none yet")));
        }
    }

    private static void training(JsonNode loop, List<List<String>> stages) {
        JsonNode training = loop.path("training");
        if (training.path("running").asBoolean()) {
            stages.add(List.of(
                    "training",
                    training.path("runId").asText() + ", epoch "
                            + training.path("epoch").asText() + " of at most "
                            + training.path("epochs").asText()));
        } else if (loop.path("decision").has("run")) {
            JsonNode decision = loop.path("decision");
            stages.add(List.of(
                    "training",
                    decision.path("run").asText()
                            + (decision.path("accepted").asBoolean() ? " was released: " : " was refused: ")
                            + decision.path("reason").asText()));
        }
    }

    private static String rate(JsonNode rate) {
        return String.format(
                Locale.ROOT,
                "%,d, %.1f/s",
                rate.path("total").asLong(),
                rate.path("perSecond").asDouble());
    }

    private static String share(JsonNode done, JsonNode of) {
        return count(done) + " of " + count(of.path("total"));
    }

    private static String age(JsonNode loop, JsonNode at) {
        Duration age = Duration.between(
                Instant.parse(at.asText()), Instant.parse(loop.path("at").asText()));
        return Durations.format(age.isNegative() ? Duration.ZERO : age) + " ago";
    }

    private static String since(JsonNode behind) {
        return behind.asLong() < 0 ? "" : "; " + count(behind) + " interactions since its cut";
    }

    private static String count(JsonNode number) {
        return String.format(Locale.ROOT, "%,d", number.asLong());
    }
}

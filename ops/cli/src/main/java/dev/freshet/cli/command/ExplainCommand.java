package dev.freshet.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Metrics;
import dev.freshet.topic.Split;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet explain}: where a recommendation comes from, or why there is none. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description =
                "Traces a recommendation back to the model, the release, the snapshot and the input that it rests on; or says"
                        + " why the item is not recommended.",
        footer = {"", "Exit status: 0 explained, recommended or not; 1 no such user, or serving does not answer."})
public final class ExplainCommand implements Callable<Integer> {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int RELEASES = 101;
    private static final int HISTORY = 1000;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientMixin client;

    @Parameters(index = "0", paramLabel = "USER", description = "Id of the user.")
    private String user;

    @Parameters(index = "1", paramLabel = "ITEM", description = "Id of the item.")
    private String item;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    /** Why an item is not in a list: a word for programs, and a line for people. */
    private record Absence(String why, String detail) {}

    @Override
    public Integer call() throws Exception {
        client.requireId("user", user);
        client.requireId("item", item);
        ServingClient serving = client.servingClient();
        JsonNode list = serving.get("/v1/recommendations/" + ServingClient.segment(user));
        JsonNode entry = null;
        for (JsonNode each : list.path("items")) {
            if (each.path("item").asText().equals(item)) {
                entry = each;
            }
        }
        ObjectNode answer = JSON.createObjectNode().put("user", user).put("item", item);
        answer.put("recommended", entry != null);
        if (entry != null) {
            for (String field : List.of("title", "rank", "score", "reasons")) {
                answer.set(field, entry.path(field));
            }
            addActions(serving, answer.path("reasons"));
        } else {
            Absence absence = absence(serving, list);
            answer.put("why", absence.why).put("detail", absence.detail);
        }
        answer.put("of", list.path("items").size());
        for (String field : List.of("arm", "generatedAt", "causedBy", "graphVersion", "modelVersion")) {
            answer.set(field, list.path(field));
        }
        answer.set("release", release(serving, list.path("modelVersion")));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer.toPrettyString());
        } else {
            print(out, answer);
        }
        return 0;
    }

    /** Says of what the user has how it came to be there, as far as serving keeps that. */
    private void addActions(ServingClient serving, JsonNode reasons) throws Exception {
        JsonNode history = serving.get("/v1/users/" + ServingClient.segment(user) + "?limit=" + HISTORY)
                .path("history");
        for (JsonNode reason : reasons) {
            for (JsonNode own : history) {
                if (reason.path("item").isTextual() && reason.path("item").equals(own.path("item"))) {
                    ((ObjectNode) reason).set("action", own.path("action"));
                }
            }
        }
    }

    private Absence absence(ServingClient serving, JsonNode list) throws Exception {
        JsonNode own = find(
                serving,
                "/v1/users/" + ServingClient.segment(user) + "?limit=" + HISTORY,
                "history",
                entry -> entry.path("item").asText().equals(item));
        if (own.isObject()) {
            return new Absence(
                    "consumed",
                    "the user has it already: " + own.path("action").asText() + " at "
                            + own.path("at").asText());
        }
        Optional<JsonNode> found = serving.find("/v1/items/" + ServingClient.segment(item));
        if (found.isEmpty()) {
            return new Absence("unknown", "no such item is known: it has no record and nobody has it");
        }
        if (found.get().path("erased").asBoolean()) {
            return new Absence("erased", "the item was asked to be forgotten");
        }
        if (!found.get().path("available").asBoolean()) {
            return new Absence("unavailable", "the item is not available, or was withdrawn");
        }
        int size = list.path("items").size();
        if (!list.path("modelVersion").isNull() && !knows(list.path("arm"), found.get())) {
            return new Absence(
                    "not-in-model",
                    "the model in force has no vector of it: it came after the model's snapshot, without features or neighbors to"
                            + " place it by, and only fills up lists that the model leaves short");
        }
        return new Absence("below", "it ranks below the " + size + " of the list");
    }

    /** Whether the model in force of an arm has a vector of an item. */
    private static boolean knows(JsonNode arm, JsonNode item) {
        for (JsonNode embedding : item.path("embeddings")) {
            if (embedding.path("arm").equals(arm)) {
                return true;
            }
        }
        return false;
    }

    /** The release of a version, or null. */
    private static JsonNode release(ServingClient serving, JsonNode version) throws Exception {
        if (!version.isTextual()) {
            return JSON.nullNode();
        }
        return find(
                serving,
                "/v1/models?limit=" + RELEASES,
                "releases",
                release -> release.path("version").equals(version)
                        && release.path("action").asText().equals("RELEASE"));
    }

    /** The first entry of a list of many pages that is wanted, or null. */
    private static JsonNode find(ServingClient serving, String path, String list, Predicate<JsonNode> wanted)
            throws Exception {
        JsonNode page = serving.get(path);
        while (true) {
            for (JsonNode entry : page.path(list)) {
                if (wanted.test(entry)) {
                    return entry;
                }
            }
            if (!page.path("next").isTextual()) {
                return JSON.nullNode();
            }
            page = serving.get(
                    path + "&after=" + ServingClient.segment(page.path("next").asText()));
        }
    }

    private void print(PrintWriter out, JsonNode answer) {
        if (answer.path("recommended").asBoolean()) {
            String title = answer.path("title").asText("");
            line(out, "item", item + (title.isEmpty() || answer.path("title").isNull() ? "" : " (" + title + ")"));
            line(
                    out,
                    "rank",
                    answer.path("rank").asText() + " of " + answer.path("of").asText());
            line(out, "score", number("%.4f", answer.path("score").asDouble()));
            for (JsonNode reason : answer.path("reasons")) {
                line(out, "because", reason(reason));
            }
        } else {
            line(out, "not there", answer.path("detail").asText());
        }
        line(out, "scored", answer.path("generatedAt").asText() + ", " + cause(answer.path("causedBy")));
        if (!answer.path("arm").asText().equals(Split.ALL)) {
            line(out, "arm", answer.path("arm").asText());
        }
        line(out, "graph", "checkpoint " + answer.path("graphVersion").asText());
        if (answer.path("modelVersion").isNull()) {
            line(out, "model", "none: no model was released yet");
            return;
        }
        line(out, "model", answer.path("modelVersion").asText());
        JsonNode release = answer.path("release");
        if (release.isNull()) {
            line(out, "release", "serving no longer keeps it");
            return;
        }
        line(
                out,
                "release",
                release.path("model").asText() + ", "
                        + release.path("releasedAt").asText()
                        + (release.path("inForce").asBoolean() ? ", in force" : ", no longer in force"));
        Map<String, Double> metrics = new TreeMap<>();
        release.path("metrics")
                .fields()
                .forEachRemaining(
                        metric -> metrics.put(metric.getKey(), metric.getValue().asDouble()));
        line(out, "metrics", Metrics.line(metrics));
        line(
                out,
                "code",
                release.path("codeVersion").asText() + ", seed "
                        + release.path("seed").asText());
        List<String> settings = new ArrayList<>();
        release.path("configuration")
                .fields()
                .forEachRemaining(setting ->
                        settings.add(setting.getKey() + "=" + setting.getValue().asText()));
        line(out, "settings", String.join(" ", settings));
        line(
                out,
                "snapshot",
                release.path("snapshotId").asText()
                        + (release.has("snapshotAt")
                                ? ", " + release.path("snapshotAt").asText()
                                : ""));
        for (JsonNode offset : release.path("offsets")) {
            line(
                    out,
                    "input",
                    offset.path("topic").asText() + "-"
                            + offset.path("partition").asText() + " before offset "
                            + offset.path("offset").asText());
        }
    }

    private static String cause(JsonNode causedBy) {
        return causedBy.isNull()
                ? "because of a release or a withdrawal"
                : "because of an interaction at " + causedBy.asText();
    }

    private static String reason(JsonNode reason) {
        StringBuilder line = new StringBuilder();
        if (reason.path("item").isTextual()) {
            line.append("similar to ")
                    .append(reason.path("title").asText(reason.path("item").asText()));
            if (reason.has("action")) {
                line.append(" (").append(reason.path("action").asText()).append(')');
            }
        } else {
            line.append(reason.path("kind").asText());
        }
        line.append(number(" %.4f", reason.path("weight").asDouble()));
        List<Map.Entry<String, JsonNode>> modalities =
                new ArrayList<>(reason.path("modalityWeights").properties());
        modalities.sort(Comparator.comparingDouble(weight -> -weight.getValue().asDouble()));
        if (!modalities.isEmpty()) {
            line.append("; by ")
                    .append(modalities.stream()
                            .map(weight -> weight.getKey()
                                    + number(" %.2f", weight.getValue().asDouble()))
                            .collect(Collectors.joining(", ")));
        }
        if (reason.path("uncertainty").isNumber()) {
            line.append("; uncertainty ")
                    .append(number("%.2f", reason.path("uncertainty").asDouble()));
        }
        return line.toString();
    }

    private static String number(String format, double number) {
        return String.format(Locale.ROOT, format, number);
    }

    private static void line(PrintWriter out, String name, String value) {
        out.printf("%-10s %s%n", name, value);
    }
}

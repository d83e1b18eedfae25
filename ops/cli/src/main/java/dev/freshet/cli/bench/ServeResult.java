package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What {@code freshet bench serve} has measured.
 *
 * @param data name of the data set
 * @param model version of the model in force
 * @param users users that were asked for
 * @param load the result of the process that asked: {@code runs}, and {@code highest}, null where no rate was sustained
 * @param machine where
 */
record ServeResult(String data, String model, int users, JsonNode load, HostMachine machine) {

    /**
     * The results by name, times in milliseconds: those of the first rate, then all. {@code requests_per_s} are those that were answered,
     * {@code asked_per_s} those that were to be made.
     */
    ObjectNode toJson() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("data", data).put("model", model).put("users", users);
        load.path("runs").path(0).fields().forEachRemaining(field -> json.set(field.getKey(), field.getValue()));
        json.set("runs", load.path("runs"));
        json.set("highest", load.path("highest"));
        return machine.addTo(json);
    }

    /** Prints a table with a row for each rate, and one for the highest. */
    void print(PrintWriter out) {
        out.printf(Locale.ROOT, "%s: %,d users, model %s; %s%n%n", data, users, model, machine.describe());
        List<List<String>> rows = new ArrayList<>();
        load.path("runs").forEach(run -> rows.add(row("", run)));
        JsonNode highest = load.path("highest");
        if (highest.isObject()) {
            rows.add(row("highest", highest));
        }
        Tables.print(
                out,
                List.of(
                        "",
                        ">asked/s",
                        ">answered/s",
                        ">requests",
                        ">errors",
                        ">p50 ms",
                        ">p90 ms",
                        ">p99 ms",
                        ">max ms"),
                rows);
        out.println(
                highest.isObject()
                        ? "highest: no errors, 98 % answered in the time, p99 at most 100 ms; a fifth more was not sustained"
                        : "no rate was sustained without errors, with 98 % answered in the time and p99 at most 100 ms");
        out.flush();
    }

    private static List<String> row(String name, JsonNode run) {
        return List.of(
                name,
                run.path("asked_per_s").asText(),
                String.format(Locale.ROOT, "%.0f", run.path("requests_per_s").asDouble()),
                run.path("requests").asText(),
                run.path("errors").asText(),
                millis(run, "p50_ms"),
                millis(run, "p90_ms"),
                millis(run, "p99_ms"),
                millis(run, "max_ms"));
    }

    private static String millis(JsonNode run, String name) {
        return String.format(Locale.ROOT, "%.1f", run.path(name).asDouble());
    }
}

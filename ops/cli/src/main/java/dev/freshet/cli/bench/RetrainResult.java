package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Tables;
import dev.freshet.schema.Evaluation;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code freshet bench retrain} has measured.
 *
 * @param data name of the data set
 * @param machine where
 * @param decision the gate's decision to release
 * @param users users that were scored anew
 * @param events interactions that were on the topic
 * @param fresh events that the release before did not know
 * @param epochs epochs until no better
 * @param seconds what each phase took
 */
record RetrainResult(
        String data,
        HostMachine machine,
        Evaluation decision,
        long users,
        long events,
        long fresh,
        int epochs,
        Map<RetrainBench.Phase, Double> seconds) {

    private double total() {
        return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** The results by name. */
    ObjectNode toJson() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("data", data)
                .put("model", decision.getVersion())
                .put("decision", decision.getReason())
                .put("users", users)
                .put("events", events)
                .put("new_events", fresh)
                .put("epochs", epochs)
                .put("seconds", total());
        ObjectNode phases = json.putObject("phases");
        seconds.forEach((phase, took) -> phases.put(phase.name().toLowerCase(Locale.ROOT) + "_s", took));
        return machine.addTo(json);
    }

    /** Prints a table with a row for each phase. */
    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s: %,d users, %,d interactions, the last %,d events new; %s in %d epochs; %s%n%s%n%n",
                data,
                users,
                events,
                fresh,
                decision.getVersion(),
                epochs,
                machine.describe(),
                decision.getReason());
        List<List<String>> rows = new ArrayList<>();
        seconds.forEach((phase, took) -> rows.add(List.of(
                phase.name().toLowerCase(Locale.ROOT), String.format(Locale.ROOT, "%.1f", took), phase.description())));
        rows.add(List.of("in all", String.format(Locale.ROOT, "%.1f", total()), ""));
        Tables.print(out, List.of("phase", ">seconds", ""), rows);
        out.flush();
    }
}

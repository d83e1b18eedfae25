package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * What {@code freshet bench recovery} has measured.
 *
 * @param data name of the data set
 * @param machine where
 * @param model version of the model in force at first
 * @param users users that serving knew at first
 * @param rate interactions a second
 * @param rows a row for each part that was killed, and for each phase of a training
 * @param soundness what came of everything that was published
 */
record RecoveryResult(
        String data, HostMachine machine, String model, int users, int rate, List<Row> rows, Soundness soundness) {

    /**
     * Kills of one kind.
     *
     * @param killed what was killed, and when
     * @param kills the kills; of a training that the gate refused before the phase there is none
     */
    record Row(String killed, List<RecoveryBench.Kill> kills) {

        private double p50(ToDoubleFunction<RecoveryBench.Kill> seconds) {
            double[] sorted = kills.stream().mapToDouble(seconds).sorted().toArray();
            return sorted[(sorted.length - 1) / 2];
        }

        private double max(ToDoubleFunction<RecoveryBench.Kill> seconds) {
            return kills.stream().mapToDouble(seconds).max().orElseThrow();
        }

        private long inPhase() {
            return kills.stream().filter(RecoveryBench.Kill::inPhase).count();
        }
    }

    /**
     * What was published, held against what was sent.
     *
     * @param acknowledged interactions that the broker had acknowledged
     * @param lists lists that were read
     * @param proven those whose order was held against the vectors of their model
     * @param releases releases, the first included
     * @param violations what is wrong, the first few of each kind; none if nothing is
     */
    record Soundness(long acknowledged, long lists, long proven, int releases, List<String> violations) {}

    boolean sound() {
        return soundness.violations().isEmpty();
    }

    /** The results by name. */
    ObjectNode toJson() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("data", data).put("model", model).put("users", users).put("rate", rate);
        ArrayNode kinds = json.putArray("kills");
        for (Row row : rows) {
            ObjectNode node = kinds.addObject()
                    .put("killed", row.killed)
                    .put("times", row.kills.size())
                    .put("in_phase", row.inPhase());
            put(node, "ready", row, RecoveryBench.Kill::ready);
            put(node, "fresh", row, RecoveryBench.Kill::fresh);
            put(node, "caught_up", row, RecoveryBench.Kill::caughtUp);
        }
        ObjectNode end = json.putObject("end")
                .put("sound", sound())
                .put("acknowledged", soundness.acknowledged)
                .put("lists", soundness.lists)
                .put("proven", soundness.proven)
                .put("releases", soundness.releases);
        ArrayNode violations = end.putArray("violations");
        soundness.violations.forEach(violations::add);
        return machine.addTo(json);
    }

    private static void put(ObjectNode node, String name, Row row, ToDoubleFunction<RecoveryBench.Kill> seconds) {
        node.put(name + "_p50_s", row.kills.isEmpty() ? null : row.p50(seconds))
                .put(name + "_max_s", row.kills.isEmpty() ? null : row.max(seconds));
    }

    /** Prints a table with a row for each kind of kill, and what came of it all. */
    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s: %,d users, model %s, %d interactions a second; %s%n%n",
                data,
                users,
                model,
                rate,
                machine.describe());
        List<List<String>> cells = new ArrayList<>();
        for (Row row : rows) {
            cells.add(List.of(
                    row.killed,
                    Integer.toString(row.kills.size()),
                    Long.toString(row.inPhase()),
                    seconds(row, RecoveryBench.Kill::ready),
                    seconds(row, RecoveryBench.Kill::fresh),
                    seconds(row, RecoveryBench.Kill::caughtUp)));
        }
        Tables.print(
                out,
                List.of(
                        "killed (SIGKILL)",
                        ">times",
                        ">of these in time",
                        ">ready again, s",
                        ">fresh again, s",
                        ">none late, s"),
                cells);
        out.println(
                "each p50 and longest; fresh: the first list of an event after the kill, of the graph job the first neighbor"
                        + " list, of the trainer the decision that was asked for; none late: by more than a second");
        out.printf(
                Locale.ROOT,
                "%n%,d interactions acknowledged, %,d lists read, the order of %,d held against their model; %d releases%n",
                soundness.acknowledged,
                soundness.lists,
                soundness.proven,
                soundness.releases);
        soundness.violations.forEach(out::println);
        out.println(sound() ? "SOUND" : "UNSOUND");
        out.flush();
    }

    private static String seconds(Row row, ToDoubleFunction<RecoveryBench.Kill> seconds) {
        return row.kills.isEmpty() ? "" : String.format(Locale.ROOT, "%.1f · %.1f", row.p50(seconds), row.max(seconds));
    }
}

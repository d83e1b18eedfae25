package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Tables;
import dev.freshet.cli.cluster.Part;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What {@code freshet bench freshness} has measured.
 *
 * @param data name of the data set
 * @param machine where
 * @param model version of the model in force
 * @param users users that serving knew
 * @param items items that they had
 * @param checkpointInterval of the graph job
 * @param runs one for each rate
 */
record FreshnessResult(
        String data,
        HostMachine machine,
        String model,
        int users,
        int items,
        Duration checkpointInterval,
        List<Run> runs) {

    private static final double[] PERCENTILES = {50, 95, 99};

    /**
     * A rate.
     *
     * @param rate interactions a second that were due
     * @param sentPerSecond that were sent
     * @param events number of interactions
     * @param listed of these, those that change a list of their item
     * @param lists microseconds until the recommendations were read, of the events whose were
     * @param neighbors microseconds until the neighbor lists were read, likewise
     * @param cpuMillis processor time per event of each part, from the first send until all was read
     */
    record Run(
            int rate,
            double sentPerSecond,
            int events,
            int listed,
            Histogram lists,
            Histogram neighbors,
            Map<Part, Double> cpuMillis) {}

    /** The results by name; times in milliseconds. */
    ObjectNode toJson() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("data", data)
                .put("model", model)
                .put("users", users)
                .put("items", items)
                .put("checkpoint_interval_ms", checkpointInterval.toMillis());
        ArrayNode rates = json.putArray("runs");
        for (Run run : runs) {
            ObjectNode node = rates.addObject()
                    .put("events_per_s", run.rate)
                    .put("sent_per_s", run.sentPerSecond)
                    .put("events", run.events);
            latencies(node, run.lists);
            latencies(node.putObject("neighbors").put("events", run.listed), run.neighbors);
            ObjectNode cpu = node.putObject("cpu_ms_per_event");
            run.cpuMillis.forEach((part, millis) -> cpu.put(part.folder(), millis));
        }
        return machine.addTo(json);
    }

    private static void latencies(ObjectNode node, Histogram micros) {
        node.put("samples", micros.getTotalCount());
        for (double percentile : PERCENTILES) {
            node.put(String.format(Locale.ROOT, "p%.0f_ms", percentile), micros.getValueAtPercentile(percentile) / 1e3);
        }
        node.put("max_ms", micros.getMaxValue() / 1e3);
    }

    /** Prints a table with two rows for each rate. */
    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s: %,d users, %,d items, model %s, checkpoints every %d ms; %s%n%n",
                data,
                users,
                items,
                model,
                checkpointInterval.toMillis(),
                machine.describe());
        List<List<String>> rows = new ArrayList<>();
        for (Run run : runs) {
            rows.add(row(run, "recommendations", run.events, run.lists));
            rows.add(row(run, "neighbors", run.listed, run.neighbors));
        }
        Tables.print(
                out,
                List.of(
                        ">events/s",
                        ">sent/s",
                        "until read on",
                        ">events",
                        ">not read",
                        ">p50 ms",
                        ">p95 ms",
                        ">p99 ms",
                        ">max ms"),
                rows);
        out.println();
        for (Run run : runs) {
            List<String> parts = new ArrayList<>();
            run.cpuMillis.forEach(
                    (part, millis) -> parts.add(String.format(Locale.ROOT, "%s %.2f ms", part.folder(), millis)));
            out.println("processor time per event at " + run.rate + " a second: " + String.join(", ", parts));
        }
        out.flush();
    }

    private static List<String> row(Run run, String topic, int events, Histogram micros) {
        List<String> row = new ArrayList<>(List.of(
                Integer.toString(run.rate),
                String.format(Locale.ROOT, "%.0f", run.sentPerSecond),
                topic,
                Integer.toString(events),
                Long.toString(events - micros.getTotalCount())));
        for (double percentile : PERCENTILES) {
            row.add(String.format(Locale.ROOT, "%.0f", micros.getValueAtPercentile(percentile) / 1e3));
        }
        row.add(String.format(Locale.ROOT, "%.0f", micros.getMaxValue() / 1e3));
        return row;
    }
}

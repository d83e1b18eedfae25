package dev.freshet.cli.replay;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * What came of a replay.
 *
 * @param data name of the data set
 * @param repeats events of pairs that their users had already
 * @param removals events that took a pair back
 * @param ofStrangers predictions for users without a list of their own
 * @param freshness microseconds from when an event was to be sent to reading the list that it caused
 * @param releases models in the order in which they came into force
 * @param refused trainings that were not released
 * @param restarts times that serving was started again
 * @param seconds of the replay, without the warm-up
 */
record ReplayResult(
        String data,
        ReplayRun.Plan plan,
        Scoreboard board,
        long repeats,
        long removals,
        long ofStrangers,
        Histogram freshness,
        List<Release> releases,
        int refused,
        int restarts,
        double seconds) {

    /**
     * A model in force.
     *
     * @param at events of the replay before its first list was read
     */
    record Release(long at, String version) {}

    /** Prints a table and what there is to say beside it. */
    void print(PrintWriter out) {
        List<String> header = new ArrayList<>(List.of(""));
        for (Metric metric : Metric.values()) {
            header.add(">" + metric.label());
        }
        header.addAll(List.of(">ndcg less live's, 95 %", ">coverage", ">novelty", ">fallback"));
        List<List<String>> rows = new ArrayList<>();
        for (Contender contender : Contender.values()) {
            rows.add(row(contender));
        }
        Tables.print(out, header, rows);
        out.printf(
                Locale.ROOT,
                "%s: %,d events sent first, then %,d one by one in %.0f s (%,.0f/s): %,d predicted for %,d users (%,d for strangers),"
                        + " %,d repeated and %,d taken back were learnt only%n",
                data,
                plan.warmUp(),
                board.events(),
                seconds,
                board.events() / seconds,
                board.total(Contender.LIVE).events(),
                board.users(),
                ofStrangers,
                repeats,
                removals);
        out.printf(
                Locale.ROOT,
                "releases: %d, trainings not released: %d; from an event to its list: p50 %.0f, p95 %.0f, p99 %.0f ms%s%n",
                releases.size(),
                refused,
                millis(freshness, 50),
                millis(freshness, 95),
                millis(freshness, 99),
                restarts == 0 ? "" : "; serving was started again " + restarts + " times");
        out.flush();
    }

    private List<String> row(Contender contender) {
        Tally total = board.total(contender);
        List<String> row = new ArrayList<>(List.of(contender.label()));
        for (Metric metric : Metric.values()) {
            row.add(format("%.4f", total.mean(metric)));
        }
        PairedDifference difference = board.difference(contender, Metric.NDCG);
        row.add(
                contender == Contender.LIVE
                        ? ""
                        : format("%+.4f", difference.mean()) + " ± " + format("%.4f", difference.halfWidth()));
        row.add(format("%.3f", board.coverage(contender)));
        row.add(format("%.2f", total.novelty()));
        row.add(format("%.3f", total.fallback()));
        return row;
    }

    private static String format(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }

    ObjectNode json() {
        ObjectNode root = new ObjectMapper()
                .createObjectNode()
                .put("data", data)
                .put("warmUp", plan.warmUp())
                .put("retrainEvery", plan.retrainEvery())
                .put("speed", plan.speed())
                .put("events", board.events())
                .put("predictions", board.total(Contender.LIVE).events())
                .put("users", board.users())
                .put("strangers", ofStrangers)
                .put("repeats", repeats)
                .put("removals", removals)
                .put("seconds", seconds)
                .put("refused", refused)
                .put("restarts", restarts);
        freshness(root, freshness);
        ArrayNode inForce = root.putArray("releases");
        releases.forEach(release -> inForce.addObject().put("at", release.at()).put("version", release.version()));
        ObjectNode arms = root.putObject("arms");
        for (Contender contender : Contender.values()) {
            ObjectNode node = arms.putObject(contender.label());
            tally(node, board.total(contender)).put("coverage", board.coverage(contender));
            if (contender != Contender.LIVE) {
                ObjectNode differences = node.putObject("lessLive");
                for (Metric metric : Metric.values()) {
                    PairedDifference difference = board.difference(contender, metric);
                    differences
                            .putObject(metric.label())
                            .put("mean", difference.mean())
                            .put("halfWidth95", number(difference.halfWidth()));
                }
            }
        }
        ArrayNode windows = root.putArray("windows");
        for (Scoreboard.Window window : board.windows()) {
            ObjectNode node = windows.addObject()
                    .put("from", window.from())
                    .put("to", window.to())
                    .put("begin", window.begin().toString())
                    .put("end", window.end().toString());
            freshness(node, window.freshness());
            window.tallies().forEach((contender, tally) -> tally(node.putObject(contender.label()), tally)
                    .put("coverage", window.coverage().get(contender)));
        }
        return root;
    }

    private static void freshness(ObjectNode node, Histogram micros) {
        node.putObject("freshnessMillis")
                .put("p50", millis(micros, 50))
                .put("p95", millis(micros, 95))
                .put("p99", millis(micros, 99));
    }

    private static double millis(Histogram micros, int percentile) {
        return micros.getValueAtPercentile(percentile) / 1e3;
    }

    /** JSON has no word for what is not a number. */
    private static Double number(double value) {
        return Double.isNaN(value) ? null : value;
    }

    private static ObjectNode tally(ObjectNode node, Tally tally) {
        node.put("predictions", tally.events());
        for (Metric metric : Metric.values()) {
            node.put(metric.label(), tally.mean(metric));
        }
        return node.put("novelty", tally.novelty()).put("fallback", tally.fallback());
    }
}

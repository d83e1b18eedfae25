package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.Tables;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What {@code freshet bench graph} has measured.
 *
 * @param data name of the data set
 * @param machine where
 * @param parallelism of both jobs
 * @param interactions live (user, item) pairs at the end
 * @param distinctPairs ordered pairs of items and of users that co-occur at the end
 * @param growth how the graph job stood after about each tenth of the events
 */
record GraphBenchResult(
        String data,
        HostMachine machine,
        int parallelism,
        long interactions,
        long distinctPairs,
        Run naive,
        Run ours,
        Run limit,
        Job job,
        List<Point> growth) {

    /**
     * A run over the first events.
     *
     * @param pairUpdates ordered pairs of items and of users whose count changed, event by event
     */
    record Run(long events, long pairUpdates, double seconds) {

        double eventsPerSecond() {
            return events / seconds;
        }

        double pairUpdatesPerSecond() {
            return pairUpdates / seconds;
        }
    }

    /**
     * What is known of the graph job alone.
     *
     * @param startSeconds from the start of its JVM to its first running task
     * @param cpuSeconds of its JVM in the measured time
     * @param snapshotSeconds from the trigger of the last checkpoint to its committed manifest
     * @param snapshots snapshots committed, the last included
     * @param stateBytes size of the last checkpoint, all files that it refers to
     * @param heapMaxBytes bound of its heap, for JobManager and TaskManager together
     * @param heapPeakBytes most heap that was seen in use, sampled each second
     */
    record Job(
            double startSeconds,
            double cpuSeconds,
            double snapshotSeconds,
            int snapshots,
            long stateBytes,
            long heapMaxBytes,
            long heapPeakBytes) {}

    /**
     * How the graph job stood at a snapshot.
     *
     * @param events events in the snapshot
     * @param seconds since its first running task
     * @param cpuSeconds of its JVM since then
     * @param stateBytes size of the checkpoint, all files that it refers to
     * @param newBytes size of the files that the checkpoint wrote
     * @param checkpointSeconds from its trigger to its completion
     */
    record Point(
            long events, double seconds, double cpuSeconds, long stateBytes, long newBytes, double checkpointSeconds) {}

    double stateBytesPerPair() {
        return (double) job.stateBytes / Math.max(1, distinctPairs);
    }

    /** The results by name; rates are per second, sizes in bytes, times in seconds. */
    ObjectNode toJson() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("data", data)
                .put("events", ours.events())
                .put("seconds", ours.seconds())
                .put("events_per_s", ours.eventsPerSecond())
                .put("pair_updates", ours.pairUpdates())
                .put("pair_updates_per_s", ours.pairUpdatesPerSecond())
                .put("naive_events", naive.events())
                .put("naive_seconds", naive.seconds())
                .put("naive_pair_updates", naive.pairUpdates())
                .put("naive_pair_updates_per_s", naive.pairUpdatesPerSecond())
                .put("limit_seconds", limit.seconds())
                .put("limit_pair_updates_per_s", limit.pairUpdatesPerSecond())
                .put("interactions", interactions)
                .put("distinct_pairs", distinctPairs)
                .put("state_bytes", job.stateBytes())
                .put("state_bytes_per_pair", stateBytesPerPair())
                .put("start_seconds", job.startSeconds())
                .put("cpu_seconds", job.cpuSeconds())
                .put("snapshot_seconds", job.snapshotSeconds())
                .put("snapshots", job.snapshots())
                .put("heap_max_bytes", job.heapMaxBytes())
                .put("heap_peak_bytes", job.heapPeakBytes())
                .put("parallelism", parallelism);
        machine.addTo(json);
        ArrayNode points = json.putArray("growth");
        for (Point point : growth) {
            points.addObject()
                    .put("events", point.events())
                    .put("seconds", point.seconds())
                    .put("cpu_seconds", point.cpuSeconds())
                    .put("state_bytes", point.stateBytes())
                    .put("checkpoint_bytes", point.newBytes())
                    .put("checkpoint_seconds", point.checkpointSeconds());
        }
        return json;
    }

    /** Prints the table naive : ours : limit. */
    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s: %,d events, %,d live interactions, %,d pair updates, %,d distinct pairs (items and users, both"
                        + " directions)%n%s; parallelism %d%n%n",
                data,
                ours.events(),
                interactions,
                ours.pairUpdates(),
                distinctPairs,
                machine.describe(),
                parallelism);
        Tables.print(
                out,
                List.of("", ">naive", ">ours", ">limit", ">ours : naive", ">ours : limit"),
                List.of(
                        row("events", "%,.0f", naive.events(), ours.events(), limit.events(), false),
                        row("seconds", "%,.2f", naive.seconds(), ours.seconds(), limit.seconds(), false),
                        row(
                                "events/s",
                                "%,.0f",
                                naive.eventsPerSecond(),
                                ours.eventsPerSecond(),
                                limit.eventsPerSecond(),
                                true),
                        row(
                                "pair updates/s",
                                "%,.0f",
                                naive.pairUpdatesPerSecond(),
                                ours.pairUpdatesPerSecond(),
                                limit.pairUpdatesPerSecond(),
                                true)));
        out.printf(
                Locale.ROOT,
                "%nours: start %.1f s, CPU %.1f s, last snapshot %.2f s (of %d), state %.1f MiB = %.2f bytes per pair, heap %.2f of"
                        + " %.2f GiB%n",
                job.startSeconds(),
                job.cpuSeconds(),
                job.snapshotSeconds(),
                job.snapshots(),
                job.stateBytes() / 1024.0 / 1024.0,
                stateBytesPerPair(),
                gibibytes(job.heapPeakBytes()),
                gibibytes(job.heapMaxBytes()));
        if (growth.size() > 1) {
            printGrowth(out);
        }
    }

    private void printGrowth(PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        Point before = new Point(0, 0, 0, 0, 0, 0);
        for (Point point : growth) {
            double events = Math.max(1, point.events() - before.events());
            rows.add(List.of(
                    String.format(Locale.ROOT, "%,d", point.events()),
                    String.format(Locale.ROOT, "%,.0f", events / (point.seconds() - before.seconds())),
                    String.format(Locale.ROOT, "%,.1f", (point.cpuSeconds() - before.cpuSeconds()) * 1e6 / events),
                    String.format(Locale.ROOT, "%,.1f", point.stateBytes() / 1024.0 / 1024.0),
                    String.format(Locale.ROOT, "%,.1f", (double) point.stateBytes() / point.events()),
                    String.format(Locale.ROOT, "%,.1f", point.newBytes() / 1024.0 / 1024.0),
                    String.format(Locale.ROOT, "%,.2f", point.checkpointSeconds())));
            before = point;
        }
        out.println();
        Tables.print(
                out,
                List.of(
                        ">events so far",
                        ">events/s since",
                        ">CPU µs/event since",
                        ">state MiB",
                        ">state bytes/event",
                        ">checkpoint MiB",
                        ">checkpoint s"),
                rows);
    }

    private static List<String> row(
            String name, String format, double naive, double ours, double limit, boolean ratios) {
        return List.of(
                name,
                String.format(Locale.ROOT, format, naive),
                String.format(Locale.ROOT, format, ours),
                String.format(Locale.ROOT, format, limit),
                ratios ? String.format(Locale.ROOT, "%.2f", ours / naive) : "",
                ratios ? String.format(Locale.ROOT, "%.3f", ours / limit) : "");
    }

    private static double gibibytes(long bytes) {
        return bytes / 1024.0 / 1024.0 / 1024.0;
    }
}

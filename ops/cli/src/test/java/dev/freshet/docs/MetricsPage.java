package dev.freshet.docs;

import java.net.URLClassLoader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The page docs/metrics.md: Freshet's own metrics as running parts show them, and those of others that are worth a look. */
public final class MetricsPage {

    private static final String OWN = "freshet_";

    private static final Map<String, String> FLINK = new LinkedHashMap<>();
    private static final Map<String, String> STREAMS = new LinkedHashMap<>();
    private static final Map<String, String> JVM = new LinkedHashMap<>();

    static {
        FLINK.put("flink_taskmanager_job_task_operator_pendingRecords", "Records on the topic that are not read yet");
        FLINK.put("flink_jobmanager_job_lastCheckpointDuration", "Time of the last checkpoint, ms");
        FLINK.put("flink_jobmanager_job_lastCheckpointFullSize", "State in the last checkpoint, bytes");
        FLINK.put("flink_jobmanager_job_lastCheckpointSize", "What the last checkpoint wrote, bytes");
        FLINK.put("flink_jobmanager_job_numberOfCompletedCheckpoints", "Complete checkpoints; a counter");
        FLINK.put("flink_jobmanager_job_numberOfFailedCheckpoints", "Failed checkpoints; a counter");
        FLINK.put("flink_jobmanager_job_numRestarts", "Restarts of the job within this JobManager; a counter");
        FLINK.put("flink_taskmanager_job_task_busyTimeMsPerSecond", "Time that a task works, ms per second");
        FLINK.put(
                "flink_taskmanager_job_task_backPressuredTimeMsPerSecond",
                "Time that a task waits for those after it, ms per second");
        FLINK.put("flink_taskmanager_Status_JVM_Memory_Heap_Used", "Heap of the TaskManager, bytes");
        FLINK.put("flink_taskmanager_Status_JVM_Memory_Heap_Max", "Most heap of the TaskManager, bytes");
        FLINK.put("flink_jobmanager_Status_JVM_Memory_Heap_Used", "Heap of the JobManager, bytes");

        STREAMS.put(
                "kafka_consumer_fetch_manager_records_lag_max",
                "Records that are not read yet, of a consumer's worst partition; NaN while nothing comes");
        STREAMS.put("kafka_stream_state_total_sst_files_size", "RocksDB files of a store, bytes");

        JVM.put("jvm_memory_used_bytes", "Memory in use, by area and pool, bytes");
        JVM.put("jvm_memory_max_bytes", "Most memory, by area and pool, bytes; -1 where there is no bound");
        JVM.put("process_cpu_usage", "Share of all processors that the process uses");
        JVM.put("system_cpu_usage", "Share of all processors in use");
    }

    private MetricsPage() {}

    /**
     * The page.
     *
     * @throws AssertionError if a part lacks a metric that the page describes
     * @throws Exception if the metrics of the graph job cannot be loaded
     */
    public static String of(Scrape serving, Scrape trainer, Scrape graphJob) throws Exception {
        StringBuilder page = new StringBuilder(
                """
                # Metrics

                For Prometheus: serving on `/metrics` of its port, the trainer where `--metrics HOST:PORT` says, the graph job where Flink's reporter is
                set up (`docker-compose.yml`; `--metrics-port` of a local one). Names ending in `_seconds` and `_bytes` have that unit; those in `_total` count
                since the start of the process. A summary has `…_count` and `…_sum`, too, and `…_max` over the last minutes; its quantiles are of the last minutes.
                A metric without a value yet is NaN.

                Dashboards over them: [ops/grafana](../ops/grafana/dashboards). Alerts: [ops/prometheus/alerts.yml](../ops/prometheus/alerts.yml), and
                what to do about each: [operations.md](operations.md#alerts).

                This page is written by a test, from running parts: `./mvnw verify -Dit.test=LoopIT -Dfreshet.docs.write=true`.
                """);
        own(page, "Serving", serving);
        own(page, "Trainer", trainer);
        graphJob(page, graphJob);
        others(page, "Graph job, of Flink's", FLINK, List.of(graphJob));
        others(page, "Serving, of Kafka's", STREAMS, List.of(serving));
        others(page, "JVM of serving and trainer", JVM, List.of(serving, trainer));
        return page.toString();
    }

    private static void own(StringBuilder page, String title, Scrape scrape) {
        header(page, title);
        scrape.families().forEach((name, family) -> {
            if (name.startsWith(OWN) && !(name.endsWith("_max") && family.type().equals("gauge"))) {
                row(page, name, family, String.join(", ", family.labels()), family.help());
            }
        });
    }

    /** Flink's reporter has no descriptions; the job's own metrics carry them in its code. */
    private static void graphJob(StringBuilder page, Scrape scrape) throws Exception {
        header(page, "Graph job");
        try (URLClassLoader loader = PartClasses.load("graph-job")) {
            Class<?> metric = loader.loadClass("dev.freshet.graphjob.JobMetric");
            for (Object each : metric.getEnumConstants()) {
                String name = (String) metric.getMethod("prometheusName").invoke(each);
                String label = (String) metric.getMethod("label").invoke(each);
                String what = (String) metric.getMethod("description").invoke(each);
                row(page, name, family(scrape, name), label, what);
            }
        }
    }

    private static void others(StringBuilder page, String title, Map<String, String> chosen, List<Scrape> scrapes) {
        header(page, title);
        chosen.forEach((name, what) -> {
            scrapes.forEach(scrape -> family(scrape, name));
            // Their labels are many, and say where.
            row(page, name, family(scrapes.get(0), name), "", what);
        });
    }

    private static Scrape.Family family(Scrape scrape, String name) {
        Scrape.Family family = scrape.families().get(name);
        if (family == null) {
            throw new AssertionError("no metric " + name + " among "
                    + scrape.families().keySet().stream()
                            .filter(each -> each.startsWith(name.substring(0, name.indexOf('_'))))
                            .toList());
        }
        return family;
    }

    private static void header(StringBuilder page, String title) {
        page.append("\n## ").append(title).append("\n\n| metric | type | labels | |\n|---|---|---|---|\n");
    }

    private static void row(StringBuilder page, String name, Scrape.Family family, String labels, String what) {
        page.append("| `")
                .append(name)
                .append("` | ")
                .append(family.type())
                .append(" | ")
                .append(labels)
                .append(" | ")
                .append(what)
                .append(" |\n");
    }
}

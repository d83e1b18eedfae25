package dev.freshet.graphjob;

import java.util.function.Supplier;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/**
 * Every metric that the operators of the graph job have, besides those that Flink gives them. They are registered here alone, and
 * docs/metrics.md is written from here.
 */
public enum JobMetric {
    EVENTS("events", "Records that an intake has read", "a counter"),
    DEAD_LETTERS("deadLetters", "Records that an intake has refused", "a counter"),
    PAIR_UPDATES("pairUpdates", "Changes of pairs of nodes that the interactions so far have caused", "grows"),
    SCORING_MILLIS("scoringMillis", "Time of the last barrier's work on rows", "ms"),
    SPILLED_BYTES("spilledBytes", "Changes put off in the temporary folder", "bytes"),
    CONTENT_MILLIS(
            "contentMillis",
            "Time of the last computation of the graphs by content, at a barrier or beside the stream",
            "ms"),
    KNN_RECALL(
            "knnRecall",
            "graph",
            "Recall@k of a graph by content: the share of the true nearest neighbors in the lists of a few nodes, drawn at random each time"
                    + " that the graphs are computed, one graph at a time; the mean of the last 20",
            "0 to 1, always 1 up to `--content-exact` nodes"),
    SNAPSHOTS("snapshots", "Snapshots published", "a counter");

    private static final String SCOPE = "flink_taskmanager_job_task_operator_";

    private final String key;
    private final String label;
    private final String description;
    private final String unit;

    JobMetric(String key, String description, String unit) {
        this(key, "", description, unit);
    }

    JobMetric(String key, String label, String description, String unit) {
        this.key = key;
        this.label = label;
        this.description = description;
        this.unit = unit;
    }

    /** Its name in Prometheus. */
    public String prometheusName() {
        return SCOPE + (label.isEmpty() ? "" : label + '_') + key;
    }

    /** The label that tells several of an operator apart; empty if there is but one. */
    public String label() {
        return label;
    }

    /** What it is, and its unit. */
    public String description() {
        return description + "; " + unit;
    }

    Counter counter(MetricGroup operator) {
        return operator.counter(key);
    }

    void gauge(MetricGroup operator, Supplier<? extends Number> value) {
        operator.gauge(key, (Gauge<Number>) value::get);
    }

    /** @param of value of the {@link #label} */
    void gauge(MetricGroup operator, String of, Supplier<? extends Number> value) {
        gauge(operator.addGroup(label, of), value);
    }
}

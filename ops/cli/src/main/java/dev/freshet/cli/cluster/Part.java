package dev.freshet.cli.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A process of the local cluster. The flags of its JVM lie beside its jars, in {@code jvm.options}. */
public enum Part {
    BROKER("broker", "dev.freshet.broker.BrokerMain", Duration.ofSeconds(15), 0),
    GRAPH_JOB("graph-job", "dev.freshet.graphjob.LocalGraphJobMain", Duration.ofSeconds(30), 15),
    TRAINER("trainer", "dev.freshet.trainer.TrainerMain", Duration.ofSeconds(15), 19),
    SERVING("serving", "dev.freshet.serving.ServingMain", Duration.ofSeconds(15), 0);

    private final String folder;
    private final String mainClass;
    private final Duration stopTime;
    private final int niceness;

    Part(String folder, String mainClass, Duration stopTime, int niceness) {
        this.folder = folder;
        this.mainClass = mainClass;
        this.stopTime = stopTime;
        this.niceness = niceness;
    }

    /** Its folder under {@code target/freshet}, and its name for people. */
    public String folder() {
        return folder;
    }

    /** Its main class. */
    public String mainClass() {
        return mainClass;
    }

    /** How long it may take to stop before it is killed. */
    Duration stopTime() {
        return stopTime;
    }

    /** How far it stands back for others while it starts; if at all, it stands back altogether as soon as it is ready. */
    int niceness() {
        return niceness;
    }

    /** Its arguments in a cluster with these options. */
    public List<String> arguments(ClusterOptions options) {
        List<String> arguments = new ArrayList<>();
        switch (this) {
            case BROKER -> add(
                    arguments,
                    "--dir",
                    options.state().resolve("broker"),
                    "--port",
                    options.kafkaPort(),
                    "--controller-port",
                    options.controllerPort());
            case GRAPH_JOB -> add(
                    arguments,
                    "--bootstrap",
                    options.bootstrapServers(),
                    "--state",
                    options.state().resolve("graph-job"),
                    "--snapshots",
                    options.state().resolve("snapshots"),
                    "--transaction-timeout",
                    "24h",
                    "--rest-port",
                    options.flinkPort());
            case TRAINER -> add(
                    arguments,
                    "loop",
                    "--bootstrap",
                    options.bootstrapServers(),
                    "--models",
                    options.state().resolve("models"));
            case SERVING -> add(
                    arguments,
                    "--bootstrap",
                    options.bootstrapServers(),
                    "--state",
                    options.state().resolve("serving"),
                    "--port",
                    options.httpPort());
        }
        arguments.addAll(options.arguments().getOrDefault(this, List.of()));
        return arguments;
    }

    private static void add(List<String> arguments, Object... values) {
        for (Object value : values) {
            arguments.add(value.toString());
        }
    }

    /** The ports that it listens on, with the option that changes each. */
    public List<PortUse> ports(ClusterOptions options) {
        return switch (this) {
            case BROKER -> List.of(
                    new PortUse(options.kafkaPort(), "Kafka", "--kafka-port"),
                    new PortUse(options.controllerPort(), "Kafka's controller", "--controller-port"));
            case GRAPH_JOB -> List.of(new PortUse(options.flinkPort(), "Flink", "--flink-port"));
            case TRAINER -> List.of();
            case SERVING -> List.of(new PortUse(options.httpPort(), "the page", "--http-port"));
        };
    }

    /** A port, what for, and the option that changes it. */
    public record PortUse(int port, String purpose, String option) {}
}

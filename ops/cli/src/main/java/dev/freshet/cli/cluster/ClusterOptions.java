package dev.freshet.cli.cluster;

import dev.freshet.process.Ports;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The settings of a local cluster.
 *
 * @param state folder with everything that it keeps, absolute
 * @param partitions partitions of the topics that are split by key
 * @param arguments further arguments of the parts' main classes
 */
public record ClusterOptions(
        Path state,
        int kafkaPort,
        int controllerPort,
        int flinkPort,
        int httpPort,
        int partitions,
        Map<Part, List<String>> arguments) {

    public static final int DEFAULT_KAFKA_PORT = 19092;
    public static final int DEFAULT_CONTROLLER_PORT = 19093;
    public static final int DEFAULT_FLINK_PORT = 18081;
    public static final int DEFAULT_HTTP_PORT = 18080;
    public static final int DEFAULT_PARTITIONS = 4;

    public ClusterOptions {
        state = state.toAbsolutePath().normalize();
        Map<Part, List<String>> copy = new EnumMap<>(Part.class);
        arguments.forEach((part, values) -> copy.put(part, List.copyOf(values)));
        arguments = copy;
    }

    /** A cluster with its state in the folder, otherwise by default. */
    public static ClusterOptions in(Path state) {
        return new ClusterOptions(
                state,
                DEFAULT_KAFKA_PORT,
                DEFAULT_CONTROLLER_PORT,
                DEFAULT_FLINK_PORT,
                DEFAULT_HTTP_PORT,
                DEFAULT_PARTITIONS,
                Map.of());
    }

    /** The same on other ports. */
    public ClusterOptions withPorts(int kafka, int controller, int flink, int http) {
        return new ClusterOptions(state, kafka, controller, flink, http, partitions, arguments);
    }

    /** The same on ports that are free now. */
    public ClusterOptions withFreePorts() {
        int[] free = Ports.free(4);
        return withPorts(free[0], free[1], free[2], free[3]);
    }

    /** The same with another number of partitions. */
    public ClusterOptions withPartitions(int count) {
        return new ClusterOptions(state, kafkaPort, controllerPort, flinkPort, httpPort, count, arguments);
    }

    /** The same with further arguments of a part's main class. */
    public ClusterOptions with(Part part, String... further) {
        Map<Part, List<String>> all = new EnumMap<>(Part.class);
        all.putAll(arguments);
        List<String> ofPart = new ArrayList<>(all.getOrDefault(part, List.of()));
        ofPart.addAll(List.of(further));
        all.put(part, ofPart);
        return new ClusterOptions(state, kafkaPort, controllerPort, flinkPort, httpPort, partitions, all);
    }

    /** Address of the broker, host:port. */
    public String bootstrapServers() {
        return "127.0.0.1:" + kafkaPort;
    }

    /** Address of serving and its page. */
    public URI servingUri() {
        return URI.create("http://127.0.0.1:" + httpPort);
    }

    /** Address of Flink's REST interface and page. */
    public URI flinkUri() {
        return URI.create("http://127.0.0.1:" + flinkPort);
    }

    /** What a part prints. */
    public Path log(Part part) {
        return state.resolve("logs").resolve(part.folder() + ".log");
    }
}

package dev.freshet.cli.command;

import dev.freshet.cli.Durations;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.verify.GraphOptions;
import dev.freshet.topic.Intake;
import dev.freshet.topic.ModelNames;
import dev.freshet.topic.Split;
import dev.freshet.topic.WireFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every command that starts a local cluster. */
public final class ClusterMixin {

    private static final int MAX_PORT = 65_535;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Mixin
    private StateOption state;

    @Option(
            names = "--port-base",
            paramLabel = "PORT",
            description =
                    "Four ports in a row, where they are not named one by one: the page, Flink, Kafka, Kafka's controller.")
    private Integer portBase;

    @Option(
            names = "--http-port",
            paramLabel = "PORT",
            description = "Port of the page and the HTTP API. Default: " + ClusterOptions.DEFAULT_HTTP_PORT)
    private Integer httpPort;

    @Option(
            names = "--flink-port",
            paramLabel = "PORT",
            description = "Port of Flink's page. Default: " + ClusterOptions.DEFAULT_FLINK_PORT)
    private Integer flinkPort;

    @Option(
            names = "--kafka-port",
            paramLabel = "PORT",
            description = "Port of the broker. Default: " + ClusterOptions.DEFAULT_KAFKA_PORT)
    private Integer kafkaPort;

    @Option(
            names = "--controller-port",
            paramLabel = "PORT",
            description = "Port of the broker's controller. Default: " + ClusterOptions.DEFAULT_CONTROLLER_PORT)
    private Integer controllerPort;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            defaultValue = "" + ClusterOptions.DEFAULT_PARTITIONS,
            description = "Partitions of new topics. Default: ${DEFAULT-VALUE}")
    private int partitions;

    @Mixin
    private RegistryMixin registry;

    @Option(names = "--parallelism", paramLabel = "N", description = "Parallelism of the graph job. Default: 1")
    private Integer parallelism;

    @Option(
            names = "--checkpoint-interval",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Time between two checkpoints, and so snapshots, of the graph job. Default: 5s")
    private Duration checkpointInterval;

    @Mixin
    private GraphOptions graphs;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            converter = ModelName.class,
            description =
                    "Model that the trainer trains: spumr, lightgcn, and those that evaluate knows. Default: spumr")
    private String model;

    @Option(
            names = "--split",
            paramLabel = "MODEL=N,…",
            description = {
                "Train several models, and split the users over them in proportion to the numbers: spumr=80,lightgcn=20.",
                "Default: one model for everyone."
            })
    private String split;

    @Option(
            names = "--split-salt",
            paramLabel = "TEXT",
            description = "With --split: another text assigns all users anew. Default: " + Split.SALT)
    private String splitSalt;

    @Option(
            names = "--min-new-interactions",
            paramLabel = "N",
            description = "Interactions that are new since the last training before the next one. Default: 1")
    private Long minNewInteractions;

    @Option(
            names = "--min-interval",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Least time between two trainings. Default: 60s")
    private Duration minInterval;

    @Option(
            names = "--max-age",
            paramLabel = "TIME",
            converter = Durations.class,
            description =
                    "Time since the last training after which anything new is trained on, be it features of an item alone. Default: 24h")
    private Duration maxAge;

    @Option(
            names = "--action-weight",
            split = ",",
            paramLabel = "ACTION=N",
            description = {
                "How much an action counts in recommendations, times the event's own weight:",
                "purchase=3,view=0.5,dislike=-1. Default: 1, and -1 for dislike."
            })
    private Map<String, Double> actionWeights = Map.of();

    @Option(
            names = "--diversity",
            paramLabel = "N",
            description = "How much it counts that a recommended item differs from those above it, 0 to 1. Default: 0")
    private Double diversity;

    @Option(
            names = "--allow",
            split = ",",
            paramLabel = "ATTRIBUTE:VALUE",
            description = "Recommend only items with one of these: category:shoes,category:hats. Default: all items")
    private List<String> allow = List.of();

    @Option(
            names = "--deny",
            split = ",",
            paramLabel = "ATTRIBUTE:VALUE",
            description = "Do not recommend items with such an attribute.")
    private List<String> deny = List.of();

    @Option(names = "--hide", split = ",", paramLabel = "ITEM", description = "Do not recommend these items.")
    private List<String> hide = List.of();

    @Option(
            names = "--photos",
            paramLabel = "DIR",
            description = "Folder of pictures for the page, served under /photos/.")
    private Path photos;

    /**
     * The settings of the cluster.
     *
     * @throws ParameterException if a part would refuse one
     */
    public ClusterOptions options() {
        require(partitions >= 1, "--partitions is " + partitions + "; at least 1");
        require(parallelism == null || parallelism >= 1, "--parallelism is " + parallelism + "; at least 1");
        require(
                minNewInteractions == null || minNewInteractions >= 0,
                "--min-new-interactions is " + minNewInteractions + "; at least 0");
        require(
                checkpointInterval == null || !checkpointInterval.isZero(),
                "--checkpoint-interval is no time; at least 1ms");
        require(photos == null || Files.isDirectory(photos), "--photos is " + photos + ", which is no folder");
        actionWeights.forEach((action, weight) -> require(
                Double.isFinite(weight) && (Intake.isDislike(action) ? weight <= 0 : weight >= 0),
                "--action-weight: " + action + " is " + weight + "; "
                        + (Intake.isDislike(action)
                                ? "a dislike cannot be positive"
                                : "only dislike may be negative")));
        require(
                diversity == null || (diversity >= 0 && diversity <= 1),
                "--diversity is " + diversity + "; it may be 0 to 1");
        requireRules("--allow", allow);
        requireRules("--deny", deny);
        requireSplit();
        graphs.check();
        registry.format();
        ClusterOptions options = ClusterOptions.in(state.path())
                .withPorts(
                        port("--kafka-port", kafkaPort, 2, ClusterOptions.DEFAULT_KAFKA_PORT),
                        port("--controller-port", controllerPort, 3, ClusterOptions.DEFAULT_CONTROLLER_PORT),
                        port("--flink-port", flinkPort, 1, ClusterOptions.DEFAULT_FLINK_PORT),
                        port("--http-port", httpPort, 0, ClusterOptions.DEFAULT_HTTP_PORT))
                .withPartitions(partitions);
        requireDistinctPorts(options);
        options = with(options, Part.GRAPH_JOB, "--registry", registry.address());
        options = with(options, Part.SERVING, "--registry", registry.address());
        options = with(options, Part.GRAPH_JOB, "--parallelism", parallelism);
        options = with(options, Part.GRAPH_JOB, "--checkpoint-interval", text(checkpointInterval));
        for (Map.Entry<String, String> option : graphs.given().entrySet()) {
            options = options.with(Part.GRAPH_JOB, option.getKey(), option.getValue());
        }
        options = with(options, Part.TRAINER, "--model", model);
        options = with(options, Part.TRAINER, "--split", split);
        options = with(options, Part.SERVING, "--split", split);
        options = with(options, Part.SERVING, "--split-salt", splitSalt);
        options = with(options, Part.TRAINER, "--min-new-interactions", minNewInteractions);
        options = with(options, Part.TRAINER, "--min-interval", text(minInterval));
        options = with(options, Part.TRAINER, "--max-age", text(maxAge));
        for (Map.Entry<String, Double> weight : actionWeights.entrySet()) {
            options = options.with(Part.SERVING, "--action-weight", weight.getKey() + "=" + weight.getValue());
        }
        options = with(options, Part.SERVING, "--diversity", diversity);
        options = withAll(options, "--allow", allow);
        options = withAll(options, "--deny", deny);
        options = withAll(options, "--hide", hide);
        return with(options, Part.SERVING, "--photos", photos == null ? null : photos.toAbsolutePath());
    }

    /**
     * The format of the topics that clients write or read.
     *
     * @throws ParameterException if the registry does not answer
     */
    public WireFormat format() {
        return registry.format();
    }

    private static ClusterOptions withAll(ClusterOptions options, String name, List<String> values) {
        ClusterOptions all = options;
        for (String value : values) {
            all = all.with(Part.SERVING, name, value);
        }
        return all;
    }

    private void requireRules(String name, List<String> rules) {
        for (String rule : rules) {
            int colon = rule.indexOf(':');
            require(
                    colon > 0 && colon < rule.length() - 1,
                    name + ": '" + rule + "' is no ATTRIBUTE:VALUE, such as category:shoes");
        }
    }

    private void requireSplit() {
        if (split == null) {
            require(splitSalt == null, "--split-salt assigns the users of a --split; name one");
            return;
        }
        require(model == null, "--split names the models; leave out --model");
        try {
            ModelNames.require(Split.of(split, Split.SALT));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--split: " + e.getMessage(), e);
        }
    }

    private void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    private void requireDistinctPorts(ClusterOptions options) {
        Map<Integer, String> purposes = new HashMap<>();
        for (Part part : Part.values()) {
            for (Part.PortUse use : part.ports(options)) {
                String other = purposes.put(use.port(), use.purpose());
                require(
                        other == null,
                        "port " + use.port() + " cannot be both that of " + other + " and that of " + use.purpose());
            }
        }
    }

    /** A time as the parts read it. */
    private static String text(Duration time) {
        return time == null ? null : time.toMillisPart() == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
    }

    private int port(String option, Integer given, int row, int byDefault) {
        int port = given != null ? given : portBase != null ? portBase + row : byDefault;
        if (port < 1 || port > MAX_PORT) {
            throw new ParameterException(
                    spec.commandLine(),
                    (given != null ? option : "--port-base") + " gives port " + port + "; ports are 1 to " + MAX_PORT);
        }
        return port;
    }

    private static ClusterOptions with(ClusterOptions options, Part part, String option, Object value) {
        return value == null ? options : options.with(part, option, value.toString());
    }
}

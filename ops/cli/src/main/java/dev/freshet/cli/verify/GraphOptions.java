package dev.freshet.cli.verify;

import dev.freshet.graph.GraphSettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of commands that start a graph job: what shapes its graphs. */
public final class GraphOptions {

    /** Events up to which all pairs count, unless cuts are given. */
    private static final long SMALL = 1_000_000;

    private static final String USER_COOCCURRENCE = "--user-cooccurrence-top-k";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--top-k", paramLabel = "K", description = "Neighbors per node in the Jaccard graphs. Default: 10")
    private Integer topK;

    @Option(
            names = "--cooccurrence-min",
            paramLabel = "N",
            description = "Fewest common users of an edge in the item co-occurrence graph. Default: 2")
    private Integer cooccurrenceMin;

    @Option(
            names = "--cooccurrence-top-k",
            paramLabel = "K",
            description = "Neighbors per node in the item co-occurrence graph. Default: 10")
    private Integer cooccurrenceTopK;

    @Option(
            names = "--content-top-k",
            paramLabel = "K",
            description = "Neighbors per node in the graphs by content. Default: 10")
    private Integer contentTopK;

    @Option(
            names = "--f-max",
            paramLabel = "N|unlimited",
            description =
                    "Users of an item that count. Default: 500; verify and bench: unlimited for up to a million events")
    private String fMax;

    @Option(
            names = "--k-max",
            paramLabel = "N|unlimited",
            description = "Items of a user that count. Default: 500; as for --f-max")
    private String kMax;

    @Option(
            names = "--window",
            paramLabel = "TIME|unlimited",
            description =
                    "How far an interaction that counts may lie behind the latest one, such as 90d. Default: unlimited")
    private String window;

    @Option(
            names = USER_COOCCURRENCE,
            paramLabel = "K",
            description = "Neighbors per node in the graph of users by common items. Default: 0, no such graph")
    private Integer userCooccurrence;

    @Option(
            names = "--content-exact",
            paramLabel = "N",
            description =
                    "Nodes up to which the graphs by content are exact; beyond, they must have 95 of 100 true neighbors. Default: "
                            + GraphSettings.CONTENT_EXACT)
    private Integer contentExact;

    /**
     * Checks what can be checked before anything starts.
     *
     * @throws ParameterException if the graph job would refuse an option
     */
    public void check() {
        try {
            GraphSettings.limit("--f-max", fMax == null ? "1" : fMax);
            GraphSettings.limit("--k-max", kMax == null ? "1" : kMax);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        if (window != null && !window.matches("unlimited|[1-9]\\d{0,8}(ms|s|m|h|d)")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--window is " + window
                            + "; write unlimited, or a positive number and ms, s, m, h or d, such as 90d");
        }
        numbers().forEach((option, value) -> {
            int least = option.equals(USER_COOCCURRENCE) ? 0 : 1;
            if (value < least) {
                throw new ParameterException(
                        spec.commandLine(), option + " is " + value + "; it must be at least " + least);
            }
        });
    }

    private Map<String, Integer> numbers() {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        numbers.put("--top-k", topK);
        numbers.put("--cooccurrence-min", cooccurrenceMin);
        numbers.put("--cooccurrence-top-k", cooccurrenceTopK);
        numbers.put(USER_COOCCURRENCE, userCooccurrence);
        numbers.put("--content-top-k", contentTopK);
        numbers.put("--content-exact", contentExact);
        numbers.values().removeIf(Objects::isNull);
        return numbers;
    }

    /** The arguments for the cuts, for a data set of this size. */
    public List<String> cuts(long events) {
        String cut = events <= SMALL ? "unlimited" : "500";
        return List.of("--f-max", fMax == null ? cut : fMax, "--k-max", kMax == null ? cut : kMax);
    }

    /** The arguments of the graph job for a data set of this size. */
    public List<String> arguments(long events) {
        List<String> arguments = new ArrayList<>(cuts(events));
        shape().forEach((option, value) -> arguments.addAll(List.of(option, value)));
        return arguments;
    }

    /** What was given, by option of the graph job. */
    public Map<String, String> given() {
        Map<String, String> given = new LinkedHashMap<>(shape());
        given.put("--f-max", fMax);
        given.put("--k-max", kMax);
        given.values().removeIf(Objects::isNull);
        return given;
    }

    private Map<String, String> shape() {
        Map<String, String> shape = new LinkedHashMap<>();
        numbers().forEach((option, value) -> shape.put(option, value.toString()));
        if (window != null) {
            shape.put("--window", window);
        }
        return shape;
    }
}

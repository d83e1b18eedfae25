package dev.freshet.cli.verify;

import dev.freshet.graph.GraphSettings;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of commands that start a graph job on a data set: what shapes its graphs. */
public final class GraphOptions {

    /** Events up to which all pairs count, unless cuts are given. */
    private static final long SMALL = 1_000_000;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--f-max",
            paramLabel = "N|unlimited",
            description = "Users of an item that count. Default: unlimited for up to a million events, else 500")
    private String fMax;

    @Option(
            names = "--k-max",
            paramLabel = "N|unlimited",
            description = "Items of a user that count. Default: as for --f-max")
    private String kMax;

    @Option(
            names = "--window",
            paramLabel = "TIME|unlimited",
            description =
                    "How far an interaction that counts may lie behind the latest one, such as 90d. Default: unlimited")
    private String window;

    @Option(
            names = "--user-cooccurrence-top-k",
            paramLabel = "K",
            description = "Neighbors per node in the graph of users by common items. Default: no such graph")
    private Integer userCooccurrence;

    @Option(
            names = "--content-exact",
            paramLabel = "N",
            description =
                    "Nodes up to which the graphs by content are exact; beyond, they must have 95 of 100 true neighbors. Default: the graph job's")
    private Integer contentExact;

    /** Checks the cuts; the job checks the rest. */
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
        if (userCooccurrence != null && userCooccurrence < 0) {
            throw new ParameterException(
                    spec.commandLine(), "--user-cooccurrence-top-k is " + userCooccurrence + "; it must be at least 0");
        }
        if (contentExact != null && contentExact < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--content-exact is " + contentExact + "; it must be at least 1");
        }
    }

    /** The arguments for the cuts, for a data set of this size. */
    public List<String> cuts(long events) {
        String cut = events <= SMALL ? "unlimited" : "500";
        return List.of("--f-max", fMax == null ? cut : fMax, "--k-max", kMax == null ? cut : kMax);
    }

    /** The arguments of the graph job for a data set of this size. */
    public List<String> arguments(long events) {
        List<String> arguments = new ArrayList<>(cuts(events));
        if (window != null) {
            arguments.addAll(List.of("--window", window));
        }
        if (userCooccurrence != null) {
            arguments.addAll(List.of("--user-cooccurrence-top-k", userCooccurrence.toString()));
        }
        if (contentExact != null) {
            arguments.addAll(List.of("--content-exact", contentExact.toString()));
        }
        return arguments;
    }
}

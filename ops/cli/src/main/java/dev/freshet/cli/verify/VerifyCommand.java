package dev.freshet.cli.verify;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.OutputFiles;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.ScratchFolder;
import dev.freshet.dataset.BadRow;
import dev.freshet.dataset.BadRowException;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSetException;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet verify}: whether the graphs of the stream are those of a batch computation. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = {
            "Replays a data set through a broker and a graph job of its own, takes a snapshot, computes every graph again",
            "from the topics in one go, and compares: interactions, items, dead letters and every list of every graph,",
            "weights to the last bit."
        },
        footer = {"", "Exit status: 0 equal, 1 different or failed, 2 wrong usage or no such data set."})
public final class VerifyCommand implements Callable<Integer> {

    private static final Set<String> NO_GRAPHS =
            Set.of(SnapshotContent.INTERACTIONS, SnapshotContent.ITEMS, Topic.DEAD_LETTERS.name());

    @Spec
    private CommandSpec spec;

    @Option(names = "--data", required = true, description = "Data set: a folder or a CSV file.")
    private Path data;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the result as JSON, too.")
    private Path json;

    @Mixin
    private GraphOptions graphs;

    @Option(
            names = "--kill-at",
            split = ",",
            paramLabel = "SHARE",
            description = "Kill the graph job (SIGKILL) when this share of the events, up to 1, has been sent.")
    private List<Double> killAt = List.of();

    @Option(names = "--limit", description = "Most events to send. Default: all")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--strict", description = "Fail at a bad row. Default: skip it and report it")
    private boolean strict;

    @Option(
            names = "--state",
            description =
                    "Folder of the broker and the graph job, which is kept. Default: one that is deleted if all is equal")
    private Path state;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        for (int i = 0; i < killAt.size(); i++) {
            if (!(killAt.get(i) > (i == 0 ? 0 : killAt.get(i - 1)) && killAt.get(i) <= 1)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--kill-at is " + killAt.get(i) + "; shares lie above 0, up to 1, ascending");
            }
        }
        graphs.check();
        if (limit < 1) {
            throw new ParameterException(spec.commandLine(), "--limit is " + limit + "; it must be at least 1");
        }
        OutputFiles.check(spec, "--json", json);
        try {
            BadRows badRows = strict ? BadRows.fatal() : BadRows.skipped();
            Feed feed = DataSets.open(data, badRows);
            for (BadRow row : badRows.first()) {
                err.println("skipped " + row);
            }
            return inFolder(feed, badRows);
        } catch (BadRowException e) {
            err.println("freshet verify: " + e.getMessage());
            return 1;
        } catch (DataSetException e) {
            err.println("freshet verify: " + e.getMessage());
            return 2;
        } catch (ClusterException e) {
            err.println("freshet verify: " + e.getMessage());
            e.logLines().forEach(line -> err.println("  " + line));
            return 1;
        } catch (IOException e) {
            err.println("freshet verify: " + (e.getClass() == IOException.class ? e.getMessage() : e.toString()));
            return 1;
        }
    }

    private int inFolder(Feed feed, BadRows badRows) throws IOException, InterruptedException, ClusterException {
        try (ScratchFolder folder = ScratchFolder.open(state, "freshet-verify-")) {
            Verification.Outcome outcome = inCluster(feed, folder);
            print(feed, outcome, badRows);
            if (outcome.comparison().equal()) {
                folder.done();
                return 0;
            }
            spec.commandLine().getOut().println("The topics and the snapshots are kept in " + folder.path());
            return 1;
        } catch (Verification.StoppedException e) {
            return 1;
        }
    }

    private Verification.Outcome inCluster(Feed feed, ScratchFolder folder)
            throws IOException, InterruptedException, ClusterException {
        long events = Math.min(limit, feed.size().orElseThrow());
        ClusterOptions options = ClusterOptions.in(folder.path())
                .withFreePorts()
                .with(Part.GRAPH_JOB, graphs.arguments(events).toArray(String[]::new));
        try (LocalCluster cluster =
                LocalCluster.start(options, EnumSet.of(Part.BROKER, Part.GRAPH_JOB), (part, status) -> {})) {
            return new Verification(cluster, feed, folder::stopped).run(limit, killAt);
        }
    }

    private void print(Feed feed, Verification.Outcome outcome, BadRows badRows) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Map<String, Double> recall = outcome.recall();
        out.printf(
                "%-20s %12s %12s %12s%s%n", "", "nodes", "edges", "differences", recall.isEmpty() ? "" : "     recall");
        outcome.comparison()
                .results()
                .forEach((name, result) -> out.printf(
                        Locale.ROOT,
                        "%-20s %,12d %12s %,12d%s%n",
                        name,
                        result.nodes(),
                        NO_GRAPHS.contains(name) ? "" : String.format(Locale.ROOT, "%,d", result.edges()),
                        result.differences(),
                        recall.containsKey(name) ? String.format(Locale.ROOT, " %10.4f", recall.get(name)) : ""));
        out.println("settings: " + outcome.manifest().getSettings());
        out.printf(
                Locale.ROOT,
                "%s: %,d events; sent in %.1f s (%,.0f/s); in %s after %.1f s (%,.0f/s); compared in %.1f s;"
                        + " graph job killed %d times, started again %d times%n",
                feed.name(),
                outcome.events(),
                outcome.sendSeconds(),
                outcome.events() / outcome.sendSeconds(),
                outcome.manifest().getSnapshotId(),
                outcome.loopSeconds(),
                outcome.events() / outcome.loopSeconds(),
                outcome.compareSeconds(),
                outcome.kills(),
                outcome.restarts());
        if (badRows.count() > 0) {
            out.printf(Locale.ROOT, "%,d bad rows skipped%n", badRows.count());
        }
        outcome.comparison().first().forEach(difference -> out.println("  " + difference));
        out.println(outcome.comparison().equal() ? "EQUAL" : "DIFFERENT");
        out.flush();
        if (json != null) {
            Files.write(json, json(outcome, badRows));
        }
    }

    private static byte[] json(Verification.Outcome outcome, BadRows badRows) throws IOException {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        ObjectNode root = mapper.createObjectNode()
                .put("equal", outcome.comparison().equal())
                .put("events", outcome.events());
        ObjectNode graphs = root.putObject("graphs");
        for (Map.Entry<String, Comparison.Result> entry :
                outcome.comparison().results().entrySet()) {
            Comparison.Result result = entry.getValue();
            ObjectNode node;
            if (NO_GRAPHS.contains(entry.getKey())) {
                node = root.putObject(entry.getKey()).put("rows", result.nodes());
            } else {
                node = graphs.putObject(entry.getKey())
                        .put("nodes", result.nodes())
                        .put("edges", result.edges());
            }
            node.put("differences", result.differences());
            if (outcome.recall().containsKey(entry.getKey())) {
                node.put("recall", outcome.recall().get(entry.getKey()));
            }
        }
        root.put("skipped", badRows.count())
                .put("kills", outcome.kills())
                .put("restarts", outcome.restarts())
                .put("snapshot", outcome.manifest().getSnapshotId())
                .put("sendSeconds", outcome.sendSeconds())
                .put("loopSeconds", outcome.loopSeconds())
                .put("compareSeconds", outcome.compareSeconds());
        return mapper.writeValueAsBytes(root);
    }
}

package dev.freshet.cli.replay;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.freshet.cli.CliException;
import dev.freshet.cli.OutputFiles;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.ScratchFolder;
import dev.freshet.cli.command.ModelName;
import dev.freshet.cli.send.Pace;
import dev.freshet.dataset.BadRow;
import dev.freshet.dataset.BadRowException;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSetException;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.FeedEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet replay}: what the loop is worth on a data set, every event first predicted, then learnt. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description = {
            "Replays a data set through a loop of its own and holds every event against what was recommended to its user",
            "just before, by the loop and by simpler ways beside it: the most popular items, item neighbors, the model without",
            "them, the first model as it was trained, and the first model refreshed by the stream. See docs/replay.md."
        },
        footer = {"", "Exit status: 0 done, 1 failed, 2 wrong usage or no such data set."})
public final class ReplayCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--data", required = true, description = "Data set: a folder or a CSV file.")
    private Path data;

    @Option(names = "--events", paramLabel = "N", description = "Use the first N interactions alone. Default: all")
    private long events = Long.MAX_VALUE;

    @Option(
            names = "--warm-up",
            paramLabel = "SHARE",
            defaultValue = "0.5",
            description = "Share of them that is sent first, to train on, and not predicted. Default: ${DEFAULT-VALUE}")
    private double warmUp;

    @Option(
            names = "--retrain-every",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Events from one training to the next; 0 for none. Default: ${DEFAULT-VALUE}")
    private long retrainEvery;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            converter = ModelName.class,
            description = "Model that the loop trains: spumr, lightgcn, and those that evaluate knows. Default: spumr")
    private String model;

    @Option(
            names = "--speed",
            paramLabel = "N",
            description = {
                "Times as fast as the events happened, taking the lists that are there.",
                "Default: in step, each list after the last event of its user is learnt"
            })
    private Double speed;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the result as JSON, too.")
    private Path json;

    @Option(names = "--plot", paramLabel = "FILE", description = "Draw hit rate, NDCG and coverage over time, as SVG.")
    private Path plot;

    @Option(names = "--strict", description = "Fail at a bad row. Default: skip it and report it")
    private boolean strict;

    @Option(
            names = "--state",
            paramLabel = "DIR",
            description = "Folder of the loop, new or empty, which is kept. Default: one that is deleted at the end")
    private Path state;

    @Override
    public Integer call() throws Exception {
        check();
        try {
            BadRows badRows = strict ? BadRows.fatal() : BadRows.skipped();
            Feed feed = DataSets.open(data, badRows);
            for (BadRow row : badRows.first()) {
                spec.commandLine().getErr().println("skipped " + row);
            }
            report(replay(feed, plan(feed)));
            return 0;
        } catch (BadRowException e) {
            throw new CliException(e.getMessage(), e);
        } catch (DataSetException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        } catch (IOException e) {
            throw new CliException(e.getClass() == IOException.class ? e.getMessage() : e.toString(), e);
        }
    }

    private void check() throws IOException {
        require(events >= 2, "--events is " + events + "; it must be at least 2");
        require(warmUp > 0 && warmUp < 1, "--warm-up is " + warmUp + "; it must lie between 0 and 1");
        require(retrainEvery >= 0, "--retrain-every is " + retrainEvery + "; it must not be negative");
        if (speed != null) {
            try {
                Pace.speed(speed);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
            }
        }
        OutputFiles.check(spec, "--json", json);
        OutputFiles.check(spec, "--plot", plot);
        require(
                state == null || ScratchFolder.isUnused(state),
                "--state is " + state + ", which is not empty; a replay begins with a new folder");
    }

    private void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    private ReplayRun.Plan plan(Feed feed) throws IOException {
        long interactions = 0;
        try (Feed.Cursor cursor = feed.open(0)) {
            for (FeedEvent event; interactions < events && (event = cursor.next()) != null; ) {
                interactions += event instanceof FeedEvent.OfInteraction ? 1 : 0;
            }
        }
        require(interactions >= 2, data + ": has fewer than two interactions; nothing can be predicted");
        long first = Math.min(interactions - 1, Math.max(1, (long) (warmUp * interactions)));
        return new ReplayRun.Plan(interactions, first, retrainEvery, speed);
    }

    private ReplayResult replay(Feed feed, ReplayRun.Plan plan)
            throws IOException, InterruptedException, CliException, ClusterException {
        try (ScratchFolder folder = ScratchFolder.open(state, "freshet-replay-")) {
            EnumSet<Part> later = EnumSet.copyOf(ReplayRun.LATER);
            ReplayResult result;
            try (LocalCluster cluster = LocalCluster.start(
                    options(folder.path(), plan), EnumSet.allOf(Part.class), later, (part, status) -> {})) {
                result = new ReplayRun(cluster, feed, plan, folder::stopped).run();
            } catch (CliException | ClusterException e) {
                if (!folder.stopped()) {
                    spec.commandLine()
                            .getErr()
                            .println("The logs are kept in " + folder.path().resolve("logs"));
                }
                throw e;
            }
            folder.done();
            return result;
        }
    }

    /** One partition, and a commit as soon as there is something: time between answers is what a replay waits for. */
    private ClusterOptions options(Path folder, ReplayRun.Plan plan) {
        String shadows = Arrays.stream(Contender.values())
                .filter(contender -> contender != Contender.LIVE)
                .map(Contender::label)
                .collect(Collectors.joining(","));
        ClusterOptions options = ClusterOptions.in(folder)
                .withFreePorts()
                .withPartitions(1)
                .with(Part.GRAPH_JOB, "--checkpoint-interval", "1s")
                .with(Part.SERVING, "--shadow", shadows, "--commit-interval", "10")
                .with(Part.SERVING, "--size", Integer.toString(Metric.AT))
                // The first release must outlive a restart of serving.
                .with(Part.TRAINER, "--keep", Integer.toString(Integer.MAX_VALUE));
        // In step, it is told when to train.
        boolean byItself = speed != null && plan.retrainEvery() > 0;
        options = options.with(
                Part.TRAINER, "--min-new-interactions", Long.toString(byItself ? plan.retrainEvery() : Long.MAX_VALUE));
        return model == null ? options : options.with(Part.TRAINER, "--model", model);
    }

    private void report(ReplayResult result) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        result.print(out);
        if (json != null) {
            Files.write(
                    json,
                    new ObjectMapper()
                            .enable(SerializationFeature.INDENT_OUTPUT)
                            .writeValueAsBytes(result.json()));
        }
        if (plot != null) {
            ReplayPlot.write(result, plot);
            out.printf(Locale.ROOT, "hit rate, NDCG and coverage over time: %s%n", plot);
            out.flush();
        }
    }
}

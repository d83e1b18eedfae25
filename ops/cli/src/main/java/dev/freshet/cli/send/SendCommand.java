package dev.freshet.cli.send;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.RunFile;
import dev.freshet.cli.command.RegistryMixin;
import dev.freshet.cli.command.StateOption;
import dev.freshet.dataset.BadRow;
import dev.freshet.dataset.BadRowException;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSetException;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code freshet send}: a data set into the topics. */
@Command(
        name = "send",
        mixinStandardHelpOptions = true,
        description = "Sends a data set into the loop: its items, then its interactions in the order of their times.",
        footer = {
            "",
            "Formats: an MMRec folder (*.inter, *_feat.npy), or events as CSV, plain or gz (timestamp,user,item,action),",
            "with items.csv beside it. See docs/data-sets.md.",
            "Exit status: 0 sent, 1 failed, 2 wrong usage or no such data set."
        })
public final class SendCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Mixin
    private StateOption state;

    @Option(names = "--bootstrap", paramLabel = "HOST:PORT", description = "Broker. Default: the local cluster's")
    private String bootstrap;

    @Mixin
    private RegistryMixin registry;

    @ArgGroup
    private Tempo tempo = new Tempo();

    @Option(names = "--from", defaultValue = "0", description = "Events to pass over, to go on after an interruption.")
    private long from;

    @Option(names = "--limit", description = "Most events to send. Default: all")
    private Long limit;

    @Option(names = "--strict", description = "Send nothing if any row is bad. Default: skip bad rows and report them")
    private boolean strict;

    @Option(names = "--json", description = "Print the summary as JSON.")
    private boolean json;

    private static final class Source {
        @Option(names = "--data", description = "Data set: a folder or a CSV file.")
        private Path data;

        @Parameters(paramLabel = "FILE", description = "CSV file of events, plain or gz.")
        private Path file;
    }

    private static final class Tempo {
        @Option(
                names = "--speed",
                description = "Times as fast as the events happened: 1 is real time. Default: as fast as possible")
        private Double speed;

        @Option(names = "--rate", description = "Interactions a second.")
        private Double rate;

        Pace pace() {
            return speed != null ? Pace.speed(speed) : rate != null ? Pace.rate(rate) : Pace.FASTEST;
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        Pace pace = pace();
        BadRows badRows = strict ? BadRows.fatal() : BadRows.skipped();
        try {
            Feed feed = DataSets.open(source.data != null ? source.data : source.file, badRows);
            return send(feed, pace, badRows);
        } catch (BadRowException e) {
            err.println("freshet send: " + e.getMessage() + "; nothing was sent (--strict)");
            return 1;
        } catch (DataSetException e) {
            err.println("freshet send: " + e.getMessage());
            return 2;
        } catch (IOException e) {
            err.println("freshet send: " + (e instanceof SendException ? e.getMessage() : e.toString()));
            return 1;
        }
    }

    private Pace pace() {
        if (from < 0 || limit != null && limit < 0) {
            throw new ParameterException(spec.commandLine(), "--from and --limit must not be negative");
        }
        try {
            return tempo.pace();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
        }
    }

    private int send(Feed feed, Pace pace, BadRows badRows) throws IOException, InterruptedException {
        long left = Math.max(0, feed.size().orElse(Long.MAX_VALUE) - from);
        long count = limit == null ? left : Math.min(limit, left);
        try (Replay replay = new Replay(feed, broker(), registry.format())) {
            Thread main = Thread.currentThread();
            Thread stopper = new Thread(() -> {
                replay.stop();
                try {
                    // Time to flush and to say how far it came.
                    main.join(10_000);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            Runtime.getRuntime().addShutdownHook(stopper);
            long start = System.nanoTime();
            try (ProgressBar bar = Bars.open("Sending", count, "events")) {
                replay.run(from, count, pace, position -> bar.stepTo(position - from));
            } catch (SendException e) {
                throw new SendException(e.getMessage() + "; go on with --from " + replay.acknowledged(), e);
            } finally {
                forget(stopper);
            }
            summarize(feed, replay, badRows, (System.nanoTime() - start) / 1e9, count);
        }
        return 0;
    }

    private String broker() throws IOException {
        if (bootstrap != null) {
            return bootstrap;
        }
        return RunFile.running(state.path())
                .map(RunFile.Content::bootstrapServers)
                .orElse("127.0.0.1:" + ClusterOptions.DEFAULT_KAFKA_PORT);
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is stopping already: the hook is running.
        }
    }

    private void summarize(Feed feed, Replay replay, BadRows badRows, double seconds, long count) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        long sent = replay.position() - from;
        if (json) {
            ObjectMapper mapper = new ObjectMapper();
            ObjectNode summary = mapper.createObjectNode()
                    .put("name", feed.name())
                    .put("items", replay.items())
                    .put("interactions", replay.interactions())
                    .put("skipped", badRows.count())
                    .put("position", replay.position())
                    .put("seconds", seconds);
            badRows.first().forEach(row -> summary.withArray("reasons").add(row.toString()));
            out.println(mapper.writeValueAsString(summary));
            return;
        }
        out.printf(
                Locale.ROOT,
                "%s: %,d items and %,d interactions sent in %.1f s (%,.0f/s), %,d bad rows skipped%n",
                feed.name(),
                replay.items(),
                replay.interactions(),
                seconds,
                sent / Math.max(seconds, 1e-3),
                badRows.count());
        for (BadRow row : badRows.first()) {
            out.println("  " + row);
        }
        if (badRows.count() > badRows.first().size()) {
            out.printf(
                    Locale.ROOT,
                    "  … and %,d more%n",
                    badRows.count() - badRows.first().size());
        }
        if (sent < count) {
            out.println("stopped; go on with --from " + replay.position());
        }
    }
}

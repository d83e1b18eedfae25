package dev.freshet.cli.demo;

import dev.freshet.cli.CliException;
import dev.freshet.cli.Durations;
import dev.freshet.cli.Metrics;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.cli.command.ClusterMixin;
import dev.freshet.cli.command.ResidentMemory;
import dev.freshet.cli.command.SuperviseCommand;
import dev.freshet.process.Signals;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code freshet demo}: the whole loop, fed and shown. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Starts the loop, feeds it, and shows it alive. Ctrl-C stops it; the next start goes on from there.",
        footer = {"", "Exit status: 0 stopped cleanly, 1 failed or recommended what a user already has, 2 wrong usage."
        })
public final class DemoCommand implements Callable<Integer> {

    private static final int USERS_SHOWN = 3;
    private static final long REPAINT_MILLIS = 250;
    private static final long LINE_MILLIS = 5_000;
    private static final Duration SETTLE = Duration.ofSeconds(20);
    private static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClusterMixin clusterOptions;

    @Mixin
    private FeedMixin feedOptions;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Stop by itself after this time: 90s, 10m.")
    private Duration time;

    private final Map<Part, PartStatus> parts = Collections.synchronizedMap(new EnumMap<>(Part.class));
    private final CountDownLatch stop = new CountDownLatch(1);
    private Terminal terminal;
    private long peakBytes;
    private long residentBytes;

    @Override
    public Integer call() throws Exception {
        Instant start = Instant.now();
        terminal = new Terminal(spec.commandLine().getOut());
        ClusterOptions options = clusterOptions.options();
        WireFormat format = clusterOptions.format();
        FeedMixin.Source source = feedOptions.source(options.state());
        Optional<String> photos =
                feedOptions.photos().map(folder -> folder.toAbsolutePath().toString());
        if (photos.isPresent()
                && !options.arguments().getOrDefault(Part.SERVING, List.of()).contains("--photos")) {
            options = options.with(Part.SERVING, "--photos", photos.get());
        }
        Signals.onStop(this::stop);
        terminal.print("starting the loop, its state in " + options.state());
        RecommendationCheck.Result check;
        LoopView last;
        try (LocalCluster cluster = LocalCluster.start(options, EnumSet.allOf(Part.class), this::changed)) {
            try (LoopMonitor monitor = new LoopMonitor(cluster.bootstrapServers(), format, start);
                    Feeding feeding = source.feeding(cluster.bootstrapServers(), format)) {
                monitor.start();
                feeding.start();
                show(cluster, monitor, feeding, start);
                terminal.keep();
                feeding.close();
                last = monitor.view(USERS_SHOWN);
                check = last.recommendations() == 0 ? null : check(cluster, format);
            }
            terminal.print("stopping; the graph job takes a savepoint");
        }
        summarize(Duration.between(start, Instant.now()), last, check);
        return check == null || check.violations() == 0 ? 0 : 1;
    }

    private void stop() {
        if (stop.getCount() == 0) {
            // Asked twice: the parts end by their leash.
            Runtime.getRuntime().halt(INTERRUPTED);
        }
        stop.countDown();
    }

    private void changed(Part part, PartStatus status) {
        PartStatus before = parts.put(part, status);
        boolean first = before == null || before.restarts() == 0;
        boolean news = status.state() == PartStatus.State.READY
                || status.state() == PartStatus.State.RESTARTING
                || status.state() == PartStatus.State.GAVE_UP
                || (status.state() == PartStatus.State.STARTING && !first);
        if (news) {
            terminal.print(SuperviseCommand.describe(part, status));
        }
    }

    private void show(LocalCluster cluster, LoopMonitor monitor, Feeding feeding, Instant start)
            throws ClusterException, CliException, InterruptedException {
        Dashboard dashboard = new Dashboard(cluster.servingUri().toString(), start);
        if (!terminal.interactive()) {
            terminal.print("the page is at " + cluster.servingUri());
        }
        long interval = terminal.interactive() ? REPAINT_MILLIS : LINE_MILLIS;
        Instant measured = Instant.EPOCH;
        String releaseSeen = null;
        do {
            Optional<ClusterException> failure = cluster.failure();
            if (failure.isPresent()) {
                throw failure.get();
            }
            Optional<IOException> unfed = feeding.failure();
            if (unfed.isPresent()) {
                throw new CliException(unfed.get().getMessage(), unfed.get());
            }
            if (Duration.between(measured, Instant.now()).toSeconds() >= 2) {
                measured = Instant.now();
                measure();
            }
            LoopView view = monitor.view(USERS_SHOWN);
            if (terminal.interactive()) {
                terminal.paint(dashboard.screen(copyOfParts(), feeding.progress(), residentBytes, view));
            } else {
                if (view.release().isPresent()
                        && !view.release().get().version().equals(releaseSeen)) {
                    releaseSeen = view.release().get().version();
                    terminal.print("release " + releaseSeen + "  "
                            + Metrics.line(view.release().get().metrics()));
                }
                terminal.print(dashboard.line(view));
            }
        } while (!stop.await(left(start, interval), TimeUnit.MILLISECONDS) && !over(start));
    }

    private Map<Part, PartStatus> copyOfParts() {
        synchronized (parts) {
            return new EnumMap<>(parts);
        }
    }

    private boolean over(Instant start) {
        return time != null && Duration.between(start, Instant.now()).compareTo(time) >= 0;
    }

    private long left(Instant start, long interval) {
        return time == null
                ? interval
                : Math.max(
                        0,
                        Math.min(
                                interval,
                                time.minus(Duration.between(start, Instant.now()))
                                        .toMillis()));
    }

    private void measure() {
        long sum = ResidentMemory.of(ProcessHandle.current().pid()).orElse(0);
        synchronized (parts) {
            for (PartStatus status : parts.values()) {
                sum += status.pid() == 0 ? 0 : ResidentMemory.of(status.pid()).orElse(0);
            }
        }
        residentBytes = sum;
        peakBytes = Math.max(peakBytes, sum);
    }

    private RecommendationCheck.Result check(LocalCluster cluster, WireFormat format) throws InterruptedException {
        terminal.print("checking the recommendations against the interactions");
        return new RecommendationCheck(cluster.bootstrapServers(), format).await(SETTLE);
    }

    private void summarize(Duration took, LoopView last, RecommendationCheck.Result check) {
        terminal.print(String.format(
                Locale.ROOT,
                "%s: %,d interactions in, %,d snapshots, %,d releases, %,d recommendations out, %,d dead letters, at most %s of memory",
                Durations.format(took),
                last.interactions(),
                last.snapshot().map(LoopView.Snapshot::seen).orElse(0L),
                last.release().map(LoopView.Release::seen).orElse(0L),
                last.recommendations(),
                last.deadLetters(),
                Dashboard.gibibytes(peakBytes)));
        if (last.firstRecommendation() != null) {
            terminal.print(String.format(
                    Locale.ROOT,
                    "first recommendation after %.1f s%s",
                    last.firstRecommendation().toMillis() / 1e3,
                    last.firstModelRecommendation() == null
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    ", first of a trained model after %.1f s",
                                    last.firstModelRecommendation().toMillis() / 1e3)));
        }
        if (check != null) {
            terminal.print(String.format(
                    Locale.ROOT,
                    "check: %,d of %,d users with live interactions have recommendations; %,d recommended items, %,d violations",
                    check.servedUsers(),
                    check.liveUsers(),
                    check.recommended(),
                    check.violations()));
            check.examples().forEach(example -> terminal.print("  violation: " + example));
        }
    }
}

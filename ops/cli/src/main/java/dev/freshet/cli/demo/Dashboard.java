package dev.freshet.cli.demo;

import dev.freshet.cli.Durations;
import dev.freshet.cli.Metrics;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Puts the loop into words: as a screen for a terminal, as one line for a log. */
final class Dashboard {

    private static final int BAR = 30;

    private final String page;
    private final Instant start;

    Dashboard(String page, Instant start) {
        this.page = page;
        this.start = start;
    }

    /** The screen. */
    List<String> screen(Map<Part, PartStatus> parts, String feed, long residentBytes, LoopView view) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Freshet  " + Durations.format(Duration.between(start, Instant.now())) + "   page " + page
                + "   memory " + gibibytes(residentBytes));
        lines.add("parts    " + parts(parts));
        lines.add("feed     " + feed);
        lines.add(format(
                "in       %,.0f/s   %,d interactions   %,d items   dead letters %,d",
                view.interactionsPerSecond(), view.interactions(), view.items(), view.deadLetters()));
        lines.add("graph    " + graph(view));
        lines.add("training " + training(view));
        lines.add("release  " + release(view));
        lines.add(format(
                "out      %,.0f/s   %,d recommendations   %s",
                view.recommendationsPerSecond(), view.recommendations(), first(view)));
        if (view.deadLetterReason() != null) {
            lines.add("refused  " + view.deadLetterReason());
        }
        for (LoopView.Shopper shopper : view.shoppers()) {
            lines.add("");
            lines.add(shopper.user() + "  did  " + String.join(" · ", shopper.did()));
            lines.add(" ".repeat(shopper.user().length()) + "  gets " + String.join(" · ", shopper.gets())
                    + (shopper.model() == null ? "   (no model yet)" : ""));
        }
        return lines;
    }

    /** One line. */
    String line(LoopView view) {
        StringBuilder line = new StringBuilder(format(
                "%s  in %,.0f/s (%,d)",
                Durations.format(Duration.between(start, Instant.now())),
                view.interactionsPerSecond(),
                view.interactions()));
        line.append("  graph ").append(graph(view));
        view.training()
                .filter(training -> !training.done())
                .ifPresent(training -> line.append(format("  training %s %s", training.model(), epochs(training))));
        view.release().ifPresent(release -> line.append("  release ").append(release.version()));
        line.append(format("  out %,.0f/s (%,d)", view.recommendationsPerSecond(), view.recommendations()));
        line.append(format("  dead letters %,d", view.deadLetters()));
        return line.toString();
    }

    private static String parts(Map<Part, PartStatus> parts) {
        List<String> words = new ArrayList<>();
        parts.forEach((part, status) -> words.add(part.folder() + " "
                + switch (status.state()) {
                    case WAITING -> "waits";
                    case STARTING -> "starts…";
                    case READY -> format("ready (%.1f s)", status.startMillis() / 1e3);
                    case RESTARTING -> "starts again";
                    case GAVE_UP -> "gave up";
                    case STOPPED -> "stopped";
                }));
        return String.join(" · ", words);
    }

    private static String graph(LoopView view) {
        return view.snapshot()
                .map(snapshot -> format(
                        "%,d users  %,d items  %,d edges  %,d snapshots (%s, %s ago)",
                        snapshot.count("users"),
                        snapshot.count("items"),
                        snapshot.edges(),
                        snapshot.seen(),
                        snapshot.id(),
                        ago(snapshot.createdAt())))
                .orElse("no snapshot yet");
    }

    private static String training(LoopView view) {
        return view.training()
                .map(training -> {
                    double share = training.epochs() == 0 ? 0 : (double) training.epoch() / training.epochs();
                    return training.model() + " " + bar(training.done() ? 1 : share)
                            + " " + epochs(training) + " epochs"
                            + "  " + Metrics.line(training.metrics())
                            + (training.outcome() == null ? "" : "  " + training.outcome());
                })
                .orElse("waits for a snapshot with enough interactions");
    }

    private static String epochs(LoopView.Training training) {
        return training.epochs() == 0
                ? format("%d", training.epoch())
                : format("%d/%d", training.epoch(), training.epochs());
    }

    static String bar(double share) {
        int full = (int) Math.round(Math.max(0, Math.min(1, share)) * BAR);
        return "▕" + "█".repeat(full) + "░".repeat(BAR - full) + "▏";
    }

    private static String release(LoopView view) {
        return view.release()
                .map(release -> release.version()
                        + "  " + Metrics.line(release.metrics())
                        + format("  %,d so far, this one %s ago", release.seen(), ago(release.releasedAt())))
                .orElse("none yet");
    }

    private static String first(LoopView view) {
        if (view.firstRecommendation() == null) {
            return "";
        }
        String model = view.firstModelRecommendation() == null
                ? ""
                : format(
                        ", of a model after %.0f s",
                        view.firstModelRecommendation().toMillis() / 1e3);
        return format("first after %.0f s%s", view.firstRecommendation().toMillis() / 1e3, model);
    }

    static String gibibytes(long bytes) {
        return format("%.1f GiB", bytes / (double) (1L << 30));
    }

    private static String ago(Instant time) {
        return Durations.format(Duration.between(time, Instant.now()));
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}

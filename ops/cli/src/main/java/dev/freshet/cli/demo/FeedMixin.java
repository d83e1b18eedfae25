package dev.freshet.cli.demo;

import dev.freshet.cli.CliException;
import dev.freshet.cli.send.Pace;
import dev.freshet.dataset.BadRows;
import dev.freshet.dataset.DataSetException;
import dev.freshet.dataset.DataSets;
import dev.freshet.dataset.Feed;
import dev.freshet.dataset.storefront.Storefront;
import dev.freshet.dataset.storefront.StorefrontOptions;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What feeds the demo: the simulated storefront, or a data set. */
final class FeedMixin {

    private static final double DEFAULT_RATE = 50;
    private static final long STOREFRONT_HISTORY = 20_000;
    private static final long LIVE_EVENTS = 5_000;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Data set to replay, a folder or a CSV file. Default: the simulated storefront")
    private Path data;

    @Option(names = "--rate", paramLabel = "N", description = "Interactions a second after the history. Default: 50")
    private Double rate;

    @Option(
            names = "--speed",
            paramLabel = "X",
            description = "With --data: send interactions X times as fast as they happened, all of them.")
    private Double speed;

    @Option(
            names = "--history",
            paramLabel = "N",
            description = "Events sent at once at the beginning. Default: 20000; of a data set all but the last 5000")
    private Long history;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the storefront. Default: 42")
    private Long seed;

    @Option(names = "--shoppers", paramLabel = "N", description = "Shoppers of the storefront at first. Default: 2000")
    private Integer shoppers;

    @Option(names = "--items", paramLabel = "N", description = "Items of the storefront at first. Default: 1000")
    private Integer items;

    /** The folder of pictures of the data set. */
    Optional<Path> photos() {
        return Optional.ofNullable(data).map(folder -> folder.resolve("photos")).filter(Files::isDirectory);
    }

    /** A feed with its place in the state folder; called before anything is started, so that mistakes show at once. */
    record Source(Feed feed, FeedState state, long history, Pace pace) {

        Feeding feeding(String bootstrap, WireFormat format) {
            return new Feeding(feed, bootstrap, format, state, history, pace);
        }
    }

    /** What to feed the cluster with this state folder. */
    Source source(Path stateFolder) throws CliException {
        require(history == null || history >= 0, "--history is negative");
        require(data != null || speed == null, "--speed goes with --data; the storefront has --rate");
        require(speed == null || rate == null, "--speed and --rate exclude each other");
        require(
                data == null || (seed == null && shoppers == null && items == null),
                "--seed, --shoppers and --items are for the storefront, not for --data");
        Pace pace;
        try {
            pace = speed != null ? Pace.speed(speed) : Pace.rate(rate != null ? rate : DEFAULT_RATE);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
        }
        try {
            return data == null ? storefront(stateFolder, pace) : dataSet(stateFolder, pace);
        } catch (DataSetException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        } catch (IOException e) {
            throw new CliException(e.getMessage(), e);
        }
    }

    private Source dataSet(Path stateFolder, Pace pace) throws IOException {
        Feed feed = DataSets.open(data, BadRows.skipped());
        Path place = data.toAbsolutePath().normalize();
        FeedState state = FeedState.open(
                stateFolder,
                place.getFileName() + "-" + Integer.toHexString(place.toString().hashCode()));
        state.set("data", place);
        long byDefault = speed != null ? 0 : Math.max(0, feed.size().orElse(0) - LIVE_EVENTS);
        return new Source(feed, state, history != null ? history : byDefault, pace);
    }

    /** The same storefront every time: it is made from what it was made from at first. */
    private Source storefront(Path stateFolder, Pace pace) throws IOException {
        FeedState state = FeedState.open(stateFolder, "storefront");
        StorefrontOptions byDefault = StorefrontOptions.DEFAULT;
        String keptHistory = state.setting("history");
        long past = history != null ? history : keptHistory != null ? Long.parseLong(keptHistory) : STOREFRONT_HISTORY;
        state.set("history", past);
        Duration interval = Duration.ofNanos((long) (1e9 / (rate != null ? rate : DEFAULT_RATE)));
        try {
            StorefrontOptions options = byDefault
                    .withSeed(Long.parseLong(fixed(state, "seed", seed, byDefault.seed())))
                    .withSize(
                            Integer.parseInt(fixed(state, "shoppers", shoppers, byDefault.shoppers())),
                            Integer.parseInt(fixed(state, "items", items, byDefault.items())))
                    .withTimes(
                            Instant.parse(fixed(
                                    state,
                                    "start",
                                    null,
                                    Instant.now()
                                            .truncatedTo(ChronoUnit.SECONDS)
                                            .minus(interval.multipliedBy(past)))),
                            Duration.parse(fixed(state, "interval", null, interval)));
            return new Source(new Storefront(options), state, past, pace);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private String fixed(FeedState state, String name, Object given, Object byDefault) {
        String kept = state.setting(name);
        if (kept != null) {
            require(
                    given == null || given.toString().equals(kept),
                    "--" + name + " is " + given + ", but the storefront in the state folder has " + kept
                            + "; leave it out, or choose another folder with --state");
            return kept;
        }
        String value = (given != null ? given : byDefault).toString();
        state.set(name, value);
        return value;
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }
}

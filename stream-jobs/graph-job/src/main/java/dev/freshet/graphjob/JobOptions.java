package dev.freshet.graphjob;

import dev.freshet.graph.GraphSettings;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Options that both main classes have. */
final class JobOptions {

    private static final Duration MIN_RETENTION = Duration.ofSeconds(10);

    @Option(names = "--bootstrap", required = true, paramLabel = "HOST:PORT", description = "Address of Kafka.")
    String bootstrap;

    @Option(
            names = "--registry",
            paramLabel = "URL",
            description = "Schema registry of those who send interactions, items and erasures; see docs/clients.md"
                    + " (default: none).")
    String registry;

    @Option(
            names = "--top-k",
            defaultValue = "10",
            paramLabel = "K",
            description = "Neighbors per node in the Jaccard graphs (default: ${DEFAULT-VALUE}).")
    int topK;

    @Option(
            names = "--cooccurrence-min",
            defaultValue = "2",
            paramLabel = "N",
            description = "Fewest common users of an edge in the co-occurrence graph (default: ${DEFAULT-VALUE}).")
    int cooccurrenceMin;

    @Option(
            names = "--cooccurrence-top-k",
            defaultValue = "10",
            paramLabel = "K",
            description = "Neighbors per node in the co-occurrence graph (default: ${DEFAULT-VALUE}).")
    int cooccurrenceTopK;

    @Option(
            names = "--user-cooccurrence-top-k",
            defaultValue = "0",
            paramLabel = "K",
            description = "Neighbors per node in the graph of users by common items; 0 for no such graph"
                    + " (default: ${DEFAULT-VALUE}).")
    int userCooccurrenceTopK;

    @Option(
            names = "--f-max",
            defaultValue = "500",
            paramLabel = "N|unlimited",
            description =
                    "Users of an item that count (default: ${DEFAULT-VALUE}). Fixed for the life of a state folder,"
                            + " as are --k-max, --window, --content-top-k and whether there is a"
                            + " --user-cooccurrence-top-k.")
    String fMax;

    @Option(
            names = "--k-max",
            defaultValue = "500",
            paramLabel = "N|unlimited",
            description = "Items of a user that count (default: ${DEFAULT-VALUE}).")
    String kMax;

    @Option(
            names = "--window",
            defaultValue = "unlimited",
            converter = WindowConverter.class,
            paramLabel = "TIME|unlimited",
            description = "How far an interaction that counts may lie behind the latest one, such as 90d"
                    + " (default: ${DEFAULT-VALUE}).")
    Duration window;

    @Option(
            names = "--content-top-k",
            defaultValue = "10",
            paramLabel = "K",
            description = "Neighbors per node in the graphs by content (default: ${DEFAULT-VALUE}).")
    int contentTopK;

    @Option(
            names = "--content-exact",
            defaultValue = "" + GraphSettings.CONTENT_EXACT,
            paramLabel = "N",
            description = "Most nodes up to which a graph by content is exact; beyond, it lacks a neighbor now and then"
                    + " (default: ${DEFAULT-VALUE}).")
    int contentExact;

    @Option(
            names = "--snapshot-retention",
            defaultValue = "5m",
            converter = DurationConverter.class,
            paramLabel = "TIME",
            description = "How long superseded snapshots stay readable (default: ${DEFAULT-VALUE}).")
    Duration snapshotRetention;

    @Option(
            names = "--transaction-timeout",
            defaultValue = "15m",
            converter = DurationConverter.class,
            paramLabel = "TIME",
            description =
                    "How long the job may be down after a checkpoint without losing what that checkpoint committed"
                            + " to Kafka; at most the broker's transaction.max.timeout.ms (default: ${DEFAULT-VALUE}).")
    Duration transactionTimeout;

    /** The settings, checked. */
    GraphJob.Settings settings(CommandLine commandLine, String snapshots) {
        if (snapshotRetention.compareTo(MIN_RETENTION) < 0) {
            throw new CommandLine.ParameterException(
                    commandLine,
                    "--snapshot-retention is shorter than 10s, which is less than reading a snapshot may take");
        }
        try {
            return new GraphJob.Settings(
                    bootstrap,
                    WireFormat.open(registry),
                    snapshots,
                    new GraphSettings(
                            topK,
                            cooccurrenceMin,
                            cooccurrenceTopK,
                            userCooccurrenceTopK,
                            GraphSettings.limit("f-max", fMax),
                            GraphSettings.limit("k-max", kMax),
                            window.isZero() ? null : window,
                            contentTopK,
                            contentExact),
                    snapshotRetention,
                    transactionTimeout);
        } catch (IOException e) {
            throw new CommandLine.ParameterException(commandLine, "--registry: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(commandLine, e.getMessage(), e);
        }
    }

    /** Reads a time, or "unlimited" as zero. */
    static final class WindowConverter implements CommandLine.ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            return text.equals("unlimited") ? Duration.ZERO : new DurationConverter().convert(text);
        }
    }

    /** Reads 500ms, 5s, 2m, 1h, 90d. */
    static final class DurationConverter implements CommandLine.ITypeConverter<Duration> {
        private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

        @Override
        public Duration convert(String text) {
            Matcher matcher = FORM.matcher(text);
            if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
                throw new CommandLine.TypeConversionException(
                        "'" + text + "' is no time; write a positive number and ms, s, m, h or d, such as 5s");
            }
            long number = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
            };
        }
    }

    /** Runs a command with exit code 2 and one line for a bad argument, 1 and one line for what fails. */
    static int execute(Object command, String[] args) {
        return new CommandLine(command)
                .setOverwrittenOptionsAllowed(true)
                .setParameterExceptionHandler((e, badArguments) -> {
                    e.getCommandLine()
                            .getErr()
                            .println(e.getCommandLine().getCommandName() + ": " + oneLine(e) + "; see --help");
                    return 2;
                })
                .setExecutionExceptionHandler((e, commandLine, parsed) -> {
                    LoggerFactory.getLogger(JobOptions.class).debug("failed", e);
                    commandLine.getErr().println(commandLine.getCommandName() + ": " + oneLine(e));
                    return 1;
                })
                .execute(args);
    }

    static String oneLine(Throwable e) {
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        return message.lines().findFirst().orElseGet(e::toString);
    }
}

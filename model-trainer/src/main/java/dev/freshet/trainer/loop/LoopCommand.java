package dev.freshet.trainer.loop;

import dev.freshet.topic.Split;
import dev.freshet.trainer.ModelOptions;
import dev.freshet.trainer.TorchThreads;
import dev.freshet.trainer.model.ModelFactory;
import dev.freshet.trainer.model.Models;
import dev.freshet.trainer.model.Settings;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains on every snapshot that is worth it, and releases. */
@Command(
        name = "loop",
        mixinStandardHelpOptions = true,
        description =
                "Trains on the snapshots of the graph job as they come, and releases embeddings, until it is stopped.")
public final class LoopCommand implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(LoopCommand.class);
    private static final long SHUTDOWN_MILLIS = 8000;

    @Option(
            names = "--bootstrap",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Kafka's bootstrap servers.")
    private String bootstrap;

    @Option(names = "--models", required = true, paramLabel = "DIR", description = "Folder where models are saved.")
    private Path models;

    @Option(
            names = "--keep",
            paramLabel = "N",
            defaultValue = "3",
            description = "Saved releases of each model to keep, at least (default: ${DEFAULT-VALUE}).")
    private int keep;

    @Option(
            names = "--min-new-interactions",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Interactions since the last training from which a snapshot is trained on (default: ${DEFAULT-VALUE}).")
    private long minNewInteractions;

    @Option(
            names = "--min-interval",
            paramLabel = "TIME",
            defaultValue = "60s",
            converter = Durations.class,
            description = "Shortest time from one training to the next, such as 30s or 5m (default: ${DEFAULT-VALUE}).")
    private Duration minInterval;

    @Option(
            names = "--max-age",
            paramLabel = "TIME",
            defaultValue = "24h",
            converter = Durations.class,
            description =
                    "Time since the last training after which a snapshot with anything new is trained on, be it features of an"
                            + " item alone (default: ${DEFAULT-VALUE}).")
    private Duration maxAge;

    @Option(
            names = "--training-time",
            paramLabel = "TIME",
            defaultValue = "90s",
            converter = Durations.class,
            description =
                    "Time after which a training from the beginning begins no new epoch; half of it from a saved model"
                            + " (default: ${DEFAULT-VALUE}).")
    private Duration trainingTime;

    @Option(
            names = "--metrics",
            paramLabel = "HOST:PORT",
            converter = Addresses.class,
            description = "Address where Prometheus finds /metrics, such as 127.0.0.1:9404 (default: nowhere).")
    private InetSocketAddress metrics;

    @Option(
            names = "--split",
            paramLabel = "MODEL=N,…",
            description = {
                "Train the models of this split, which serving is told, too: spumr=80,lightgcn=20. Each must be no worse than its",
                "own release in force. Default: --model alone, against the release in force, of whatever model."
            })
    private String split;

    @Mixin
    private ModelOptions options;

    /** Times such as 500ms, 30s, 5m or 2h. */
    static final class Durations implements CommandLine.ITypeConverter<Duration> {
        private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

        @Override
        public Duration convert(String text) {
            Matcher matcher = FORM.matcher(text);
            if (!matcher.matches()) {
                throw new CommandLine.TypeConversionException("'" + text + "' is no time; write 500ms, 30s, 5m or 2h");
            }
            long number = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                default -> Duration.ofHours(number);
            };
        }
    }

    /** Addresses to listen on. */
    static final class Addresses implements CommandLine.ITypeConverter<InetSocketAddress> {
        private static final Pattern FORM = Pattern.compile("(\\S+):(\\d{1,5})");

        @Override
        public InetSocketAddress convert(String text) {
            Matcher matcher = FORM.matcher(text);
            int port = matcher.matches() ? Integer.parseInt(matcher.group(2)) : -1;
            InetSocketAddress address = port < 0 || port > 65535 ? null : new InetSocketAddress(matcher.group(1), port);
            if (address == null || address.isUnresolved()) {
                throw new CommandLine.TypeConversionException(
                        "'" + text + "' is no address of this machine; write HOST:PORT, such as 127.0.0.1:9404");
            }
            return address;
        }
    }

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        TrainingLoop.Options loopOptions;
        try {
            loopOptions = loopOptions();
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        // Torch's threads wait for one another after every operation; where the processors are shared with the other
        // parts of
        // the loop, one for each is too many.
        TorchThreads.set(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        TrainingLoop loop = new TrainingLoop(loopOptions, new TrainerMetrics(registry));
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            loop.stop();
                            try {
                                ended.await(SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        },
                        "shutdown"));
        try (MetricsServer served = metrics == null ? null : serve(metrics, registry)) {
            loop.run();
        } finally {
            ended.countDown();
        }
        return 0;
    }

    private static MetricsServer serve(InetSocketAddress address, PrometheusMeterRegistry registry) throws IOException {
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        MetricsServer server = new MetricsServer(address, registry);
        LOG.info("metrics on http://{}:{}/metrics", address.getHostString(), server.port());
        return server;
    }

    private TrainingLoop.Options loopOptions() throws IOException {
        require(
                bootstrap.matches("\\S+:\\d+"),
                "--bootstrap is '" + bootstrap + "'; it must be HOST:PORT[,HOST:PORT…]");
        require(keep >= 1, "--keep is " + keep + "; it must be at least 1");
        require(minNewInteractions >= 0, "--min-new-interactions is " + minNewInteractions + "; it must be at least 0");
        Split users = split();
        int threads = options.threads();
        return new TrainingLoop.Options(
                bootstrap,
                new ModelStore(models, keep),
                models(users),
                users,
                minNewInteractions,
                minInterval,
                maxAge,
                trainingTime,
                options.seed(),
                threads);
    }

    private Split split() {
        try {
            return split == null ? Split.NONE : Split.of(split, Split.SALT);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--split: " + e.getMessage(), e);
        }
    }

    /** The models to train, the one with the most users first. */
    private Map<ModelFactory, Settings> models(Split users) {
        if (!users.splits()) {
            ModelFactory factory = options.factory();
            return Map.of(factory, options.settings(factory.livePreset()));
        }
        require(
                !options.namesModel(),
                "--split names the models and each has its own preset; leave out --model, --preset and --set");
        Map<ModelFactory, Settings> models = new LinkedHashMap<>();
        users.arms().stream()
                .sorted(Comparator.comparingDouble(Split.Arm::share).reversed())
                .map(arm -> Models.of(arm.name()))
                .forEach(factory -> models.put(factory, Models.preset(factory, factory.livePreset())));
        return models;
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}

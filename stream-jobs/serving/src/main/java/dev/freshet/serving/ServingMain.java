package dev.freshet.serving;

import dev.freshet.serving.http.BearerToken;
import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.http.Tls;
import dev.freshet.serving.score.ActionWeights;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.Scoring;
import dev.freshet.serving.score.Variant;
import dev.freshet.topic.ModelNames;
import dev.freshet.topic.Split;
import dev.freshet.topic.WireFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The process: options, signals, exit codes. */
@Command(
        name = "serving",
        mixinStandardHelpOptions = true,
        description = "Scores users as their interactions come in, and answers over HTTP.")
public final class ServingMain implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(ServingMain.class);
    private static final int MAX_SIZE = 1000;
    private static final int MAX_RATE = 1_000_000;
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--bootstrap",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Kafka's bootstrap servers.")
    private String bootstrap;

    @Option(
            names = "--registry",
            paramLabel = "URL",
            description = {
                "Schema registry for what programs outside send and read; see docs/clients.md.",
                "Recommendations and embeddings then carry its ids. Default: none."
            })
    private String registry;

    @Option(
            names = "--state",
            required = true,
            paramLabel = "DIR",
            description =
                    "Folder of the stream's state; created if missing. It can be thrown away: the topics have all.")
    private Path state;

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "Address for HTTP (default ${DEFAULT-VALUE}).")
    private String host;

    @Option(names = "--port", defaultValue = "18080", description = "Port for HTTP (default ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--size", defaultValue = "20", description = "Recommendations per user (default ${DEFAULT-VALUE}).")
    private int size;

    @Option(
            names = "--action-weight",
            split = ",",
            paramLabel = "ACTION=N",
            description = {
                "How much an action counts, times the event's own weight: purchase=3,view=0.5,dislike=-1.",
                "Default: 1, and -1 for dislike, which alone may be negative."
            })
    private Map<String, Double> actionWeights = Map.of();

    @Option(
            names = "--diversity",
            paramLabel = "N",
            defaultValue = "0",
            description = {
                "How much it counts that an item differs from those above it, from 0, not at all, to 1,",
                "nothing else (default ${DEFAULT-VALUE})."
            })
    private double diversity;

    @Option(
            names = "--allow",
            split = ",",
            paramLabel = "ATTRIBUTE:VALUE",
            description = {
                "Recommend only items that have one of the values of every attribute that is named:",
                "--allow category:shoes,category:hats. Default: all items."
            })
    private List<String> allow = List.of();

    @Option(
            names = "--deny",
            split = ",",
            paramLabel = "ATTRIBUTE:VALUE",
            description = "Do not recommend items with such an attribute.")
    private List<String> deny = List.of();

    @Option(names = "--hide", split = ",", paramLabel = "ITEM", description = "Do not recommend these items.")
    private List<String> hide = List.of();

    @Option(
            names = "--exact-items",
            paramLabel = "N",
            defaultValue = "" + Scoring.EXACT_ITEMS,
            description = {
                "Items of a model up to which a score looks at all; more are searched by an index, which finds most of the",
                "best (default ${DEFAULT-VALUE})."
            })
    private int exactItems;

    @Option(
            names = "--split",
            paramLabel = "MODEL=N,…",
            description = {
                "Split the users over models that run side by side, in proportion to the numbers: spumr=80,lightgcn=20.",
                "Default: the newest release, of whatever model, recommends to everyone."
            })
    private String split;

    @Option(
            names = "--split-salt",
            paramLabel = "TEXT",
            defaultValue = Split.SALT,
            description = "Another text assigns all users anew (default ${DEFAULT-VALUE}).")
    private String splitSalt;

    @Option(
            names = "--rescore-rate",
            defaultValue = "2000",
            description = "Users re-scored per second, at most, after a release (default ${DEFAULT-VALUE}).")
    private int rescoreRate;

    @Option(names = "--threads", defaultValue = "2", description = "Threads of the stream (default ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--standbys",
            paramLabel = "N",
            defaultValue = "0",
            description = "Other instances that keep a copy of each user's state, to take over at once"
                    + " (default ${DEFAULT-VALUE}).")
    private int standbys;

    @Option(
            names = "--commit-interval",
            paramLabel = "MILLIS",
            defaultValue = "100",
            description = {
                "Longest time until a list that is scored can be read;",
                "a shorter one is fresher and costs more (default ${DEFAULT-VALUE})."
            })
    private int commitInterval;

    @Option(
            names = "--shadow",
            split = ",",
            paramLabel = "VARIANT",
            description = {
                "Also publish what these would recommend, on shadow-recommendations:",
                "popularity, item-knn, model (without item-knn), frozen (the first release as trained),",
                "frozen-refreshed."
            })
    private List<String> shadows = List.of();

    @Option(
            names = "--photos",
            paramLabel = "DIR",
            description = "Folder of pictures that is served, for reading, under /photos/.")
    private Path photos;

    @Option(
            names = "--allow-writes",
            description = {
                "Take interactions, rollbacks and replays over HTTP from everyone who reaches --host;",
                "on loopback, or with --token-file, they are taken without it."
            })
    private boolean allowWrites;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = {
                "File with the token that every request must carry (Authorization: Bearer TOKEN),",
                "but for the page's own files, its API document and the health checks. Default: none is asked for."
            })
    private Path tokenFile;

    @Option(
            names = "--tls-key-store",
            paramLabel = "FILE",
            description = {
                "PKCS #12 key store with the key and certificates to serve HTTPS with; read again when it changes.",
                "Default: HTTP."
            })
    private Path tlsKeyStore;

    @Option(
            names = "--tls-password-file",
            paramLabel = "FILE",
            description = "File with the password of --tls-key-store.")
    private Path tlsPasswordFile;

    @Option(
            names = "--rate-limit",
            paramLabel = "N",
            defaultValue = "0",
            description = {
                "Requests that one address may make per second, in the long run; five times as many at once.",
                "Health checks and metrics do not count. Default: any number."
            })
    private int rateLimit;

    private ServingMain() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new ServingMain())
                .setParameterExceptionHandler((e, badArguments) -> {
                    e.getCommandLine().getErr().println("serving: " + oneLine(e) + "; see --help");
                    return 2;
                })
                .setExecutionExceptionHandler((e, commandLine, parsed) -> {
                    if (!(e instanceof IOException)) {
                        LOG.error("failed", e);
                    }
                    commandLine.getErr().println("serving: " + oneLine(e));
                    return 1;
                })
                .execute(args));
    }

    private static String oneLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
    }

    @Override
    public Integer call() throws Exception {
        check(port >= 0 && port <= 65535, "--port is " + port + "; ports are 0 (any) to 65535");
        check(size >= 1 && size <= MAX_SIZE, "--size is " + size + "; it may be 1 to " + MAX_SIZE);
        check(diversity >= 0 && diversity <= 1, "--diversity is " + diversity + "; it may be 0 to 1");
        check(exactItems >= 0, "--exact-items is " + exactItems + "; it must be at least 0");
        check(rescoreRate >= 1, "--rescore-rate is " + rescoreRate + "; it must be at least 1");
        check(threads >= 1, "--threads is " + threads + "; it must be at least 1");
        check(standbys >= 0, "--standbys is " + standbys + "; it must be at least 0");
        check(
                commitInterval >= 1 && commitInterval < Serving.Settings.TRANSACTION_TIMEOUT.toMillis(),
                "--commit-interval is " + commitInterval + "; it must be at least 1, and less than the "
                        + Serving.Settings.TRANSACTION_TIMEOUT.toMillis() + " after which a transaction is given up");
        check(bootstrap.matches("\\S+:\\d+"), "--bootstrap is '" + bootstrap + "'; it must be HOST:PORT[,HOST:PORT…]");
        check(photos == null || Files.isDirectory(photos), "--photos is " + photos + ", which is no folder");
        check(
                (tlsKeyStore == null) == (tlsPasswordFile == null),
                "--tls-key-store and --tls-password-file belong together; one of them is missing");
        check(
                rateLimit >= 0 && rateLimit <= MAX_RATE,
                "--rate-limit is " + rateLimit + "; it may be 0, for no limit, to " + MAX_RATE);
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            throw new IOException("the JVM lacks --add-modules " + VECTOR_MODULE + "; start it with @jvm.options");
        }
        HttpApi.Settings http = http();
        Serving serving = new Serving(new Serving.Settings(
                bootstrap,
                format(),
                state,
                http,
                size,
                scoring(),
                rescoreRate,
                threads,
                standbys,
                Duration.ofMillis(commitInterval),
                variants()));
        Runtime.getRuntime().addShutdownHook(new Thread(serving::close, "shutdown"));
        LOG.info("listening on {}://{}:{}/", http.scheme(), host, serving.port());
        return serving.awaitEnd();
    }

    private WireFormat format() {
        try {
            return WireFormat.open(registry);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), "--registry: " + e.getMessage(), e);
        }
    }

    private HttpApi.Settings http() {
        try {
            BearerToken token = tokenFile == null ? null : BearerToken.read(tokenFile);
            Tls tls = tlsKeyStore == null ? null : Tls.read(tlsKeyStore, tlsPasswordFile);
            boolean writes = allowWrites || token != null || HttpApi.isLoopback(host);
            return new HttpApi.Settings(host, port, photos, writes, token, tls, rateLimit);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private Scoring scoring() {
        try {
            return new Scoring(ActionWeights.of(actionWeights), filter(), diversity, split(), exactItems);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--action-weight: " + e.getMessage(), e);
        }
    }

    private Split split() {
        if (split == null) {
            return Split.NONE;
        }
        try {
            Split models = Split.of(split, splitSalt);
            // A misspelt one would be an arm without a model for good.
            ModelNames.require(models);
            return models;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--split: " + e.getMessage(), e);
        }
    }

    private ItemFilter filter() {
        try {
            return ItemFilter.of(allow, deny, hide);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--allow, --deny: " + e.getMessage(), e);
        }
    }

    private Set<Variant> variants() {
        Set<Variant> variants = EnumSet.noneOf(Variant.class);
        for (String shadow : shadows) {
            try {
                variants.add(Variant.of(shadow));
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), "--shadow: " + e.getMessage(), e);
            }
        }
        return variants;
    }

    private void check(boolean good, String otherwise) {
        if (!good) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }
}

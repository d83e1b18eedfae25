package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.PartStatus;
import dev.freshet.cli.cluster.ScratchFolder;
import dev.freshet.cli.command.LoopControl;
import dev.freshet.cli.command.ServingClient;
import dev.freshet.cli.send.Bars;
import dev.freshet.cli.send.Pace;
import dev.freshet.cli.send.Replay;
import dev.freshet.codec.BadRecordException;
import dev.freshet.dataset.Feed;
import dev.freshet.graph.GraphSettings;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import dev.freshet.schema.Evaluation;
import dev.freshet.schema.Interaction;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import me.tongfei.progressbar.ProgressBar;
import org.apache.kafka.clients.consumer.Consumer;

/**
 * The loop as a measurement finds it: broker, graph job and serving run, a data set is in them, and a model that was trained on it is
 * in force; the trainer has ended, and starts again only when asked for.
 */
final class PreparedLoop implements AutoCloseable {

    private static final Set<Part> RUNNING = EnumSet.of(Part.BROKER, Part.GRAPH_JOB, Part.SERVING);
    private static final Set<Part> LATER = EnumSet.of(Part.TRAINER);
    private static final Duration START_TIMEOUT = Duration.ofMinutes(10);
    private static final Duration STALL_TIMEOUT = Duration.ofMinutes(10);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int TAIL_LINES = 12;

    private final Options options;
    private final Path folder;
    private final LocalCluster cluster;
    private final Map<String, Integer> userNumbers = new HashMap<>();
    private final Map<String, Integer> itemNumbers = new HashMap<>();
    private final List<String> users = new ArrayList<>();
    private final List<String> items = new ArrayList<>();
    private final Set<Long> pairs = new HashSet<>();
    private final Map<Integer, Integer> degrees = new HashMap<>();
    private long interactions;
    private long heldFrom;
    private String model;

    /**
     * What to prepare.
     *
     * @param feed data set
     * @param state folder that keeps the state for the next time; null for one that goes at the end
     * @param model name of the model to train
     * @param trainingTime time after which no new epoch begins
     * @param checkpointInterval of the graph job
     * @param held events at the end of the feed that are left for the measurement to send
     */
    record Options(
            Feed feed, Path state, String model, Duration trainingTime, Duration checkpointInterval, long held) {}

    private PreparedLoop(Options options, Path folder, LocalCluster cluster) {
        this.options = options;
        this.folder = folder;
        this.cluster = cluster;
    }

    /** Starts the parts on free ports; sends and trains, unless the state folder has a model from an earlier time. */
    static PreparedLoop start(Options options)
            throws IOException, CliException, ClusterException, InterruptedException {
        Path folder = options.state == null ? Files.createTempDirectory("freshet-bench-") : options.state;
        claim(folder, options.feed.name() + " " + options.model);
        PreparedLoop loop = null;
        try {
            loop = new PreparedLoop(
                    options,
                    folder,
                    LocalCluster.start(
                            ClusterOptions.in(folder)
                                    .withFreePorts()
                                    .with(
                                            Part.GRAPH_JOB,
                                            "--checkpoint-interval",
                                            options.checkpointInterval.toMillis() + "ms")
                                    .with(
                                            Part.TRAINER,
                                            "--model",
                                            options.model,
                                            "--training-time",
                                            options.trainingTime.toMillis() + "ms",
                                            "--min-interval",
                                            "9999h"),
                            EnumSet.allOf(Part.class),
                            LATER,
                            (part, status) -> {}));
            loop.prepare();
            return loop;
        } finally {
            if (loop == null || loop.model == null) {
                if (loop != null) {
                    loop.close();
                } else if (options.state == null) {
                    ScratchFolder.delete(folder);
                }
            }
        }
    }

    /** Marks a folder as one of measurements, which send what nobody did, of this data set and model; refuses any other. */
    private static void claim(Path folder, String content) throws IOException, CliException {
        Path marker = folder.resolve("measured");
        if (Files.exists(marker)) {
            String found = Files.readString(marker);
            if (!found.equals(content)) {
                throw new CliException("--state " + folder + " is of " + found + ", not of " + content
                        + "; name another folder, or the same --data and --model");
            }
        } else if (ScratchFolder.isUnused(folder)) {
            Files.createDirectories(folder);
            Files.writeString(marker, content);
        } else {
            throw new CliException(
                    "--state " + folder + " has something that is not of a measurement; name another folder");
        }
    }

    private void prepare() throws IOException, CliException, ClusterException, InterruptedException {
        for (Part part : RUNNING) {
            awaitReady(part);
        }
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(cluster.bootstrapServers())) {
            SchemaTopic.load(consumer);
            TopicScan.assign(consumer, Topic.MODELS.name());
            boolean[] released = {false};
            TopicScan.toEnd(consumer, record -> released[0] = true);
            if (!released[0]) {
                send();
                train();
            }
            readIds(consumer);
        }
        String inForce = awaitModel();
        if (users.isEmpty()) {
            throw new CliException(options.feed.name() + " has no interactions; there is nothing to measure");
        }
        model = inForce;
    }

    /** Starts a trainer that stays, and trains when it is told to. */
    void startTrainer() throws ClusterException, InterruptedException {
        cluster.start(Part.TRAINER);
        awaitReady(Part.TRAINER);
    }

    private void awaitReady(Part part) throws ClusterException, InterruptedException {
        long start = System.nanoTime();
        while (cluster.status(part).state() != PartStatus.State.READY) {
            checkCluster();
            if (System.nanoTime() - start > START_TIMEOUT.toNanos()) {
                throw new ClusterException(part.folder() + " is not ready after " + START_TIMEOUT.toSeconds()
                        + " s; its log is " + cluster.options().log(part));
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    /** Throws what has made the cluster give up, if something has. */
    void checkCluster() throws ClusterException {
        if (cluster.failure().isPresent()) {
            throw cluster.failure().get();
        }
    }

    private void send() throws IOException, CliException, InterruptedException {
        long size = options.feed.size().orElse(-1);
        if (options.held > 0 && size <= options.held) {
            throw new CliException(
                    options.feed.name() + " has " + size + " events, of which " + options.held + " cannot come later");
        }
        long limit = options.held > 0 ? size - options.held : Long.MAX_VALUE;
        try (Replay replay = new Replay(options.feed, cluster.bootstrapServers());
                ProgressBar bar = Bars.open("Sending", options.held > 0 ? limit : size, "events")) {
            heldFrom = replay.run(0, limit, Pace.FASTEST, bar::stepTo);
        }
    }

    /** Sends the events that were held back; their number. */
    long sendHeld() throws IOException, InterruptedException {
        try (Replay replay = new Replay(options.feed, cluster.bootstrapServers());
                ProgressBar bar = Bars.open("Sending", options.held, "events")) {
            return replay.run(heldFrom, options.held, Pace.FASTEST, at -> bar.stepTo(at - heldFrom)) - heldFrom;
        }
    }

    /** Opens the feed at the events that were held back. */
    Feed.Cursor held() throws IOException {
        return options.feed.open(heldFrom);
    }

    private static void requireProgress(long moved, String what) throws ClusterException {
        if (System.nanoTime() - moved > STALL_TIMEOUT.toNanos()) {
            throw new ClusterException(what + " has come no further for " + STALL_TIMEOUT.toMinutes() + " minutes");
        }
    }

    /** Trains on a snapshot of everything, so that the model knows every user; the trainer ends with that. */
    private void train() throws IOException, CliException, ClusterException, InterruptedException {
        Watchdog watchdog = new Watchdog();
        try (LoopControl control = new LoopControl(cluster.bootstrapServers(), watchdog)) {
            try (ProgressBar bar = Bars.open("Graphs", 1, "records")) {
                control.snapshot((covered, all) -> {
                    bar.maxHint(all);
                    watchdog.moved(covered > bar.getCurrent());
                    bar.stepTo(covered);
                });
            }
            try (ProgressBar bar = Bars.open("Training", 1, "epochs");
                    JavaProcess trainer = launchTrainer()) {
                watchdog.follow(trainer);
                Evaluation decision = control.decision(epoch -> {
                    watchdog.moved(true);
                    bar.maxHint(Math.max(1, epoch.getEpochs()));
                    bar.stepTo(epoch.getEpoch());
                });
                trainer.stop(STOP_TIMEOUT);
                if (!Boolean.TRUE.equals(decision.getAccepted())) {
                    throw new CliException("the model to measure with was not released: " + decision.getReason()
                            + "; give it longer with --training-time, or take another with --model");
                }
            }
        }
    }

    private JavaProcess launchTrainer() throws IOException {
        return JavaProcess.start(
                Installation.find().jars(Part.TRAINER.folder()),
                List.of(),
                Part.TRAINER.mainClass(),
                Part.TRAINER.arguments(cluster.options()),
                cluster.options().log(Part.TRAINER));
    }

    /** Whether a wait may go on: all processes live, and something has moved not long ago. */
    private final class Watchdog implements LoopControl.Check {

        private JavaProcess trainer;
        private long moved = System.nanoTime();

        void follow(JavaProcess started) {
            trainer = started;
            moved(true);
        }

        void moved(boolean further) {
            if (further) {
                moved = System.nanoTime();
            }
        }

        @Override
        public void check() throws ClusterException {
            checkCluster();
            if (trainer != null && !trainer.isAlive()) {
                throw new ClusterException(
                        "the trainer ended with exit code " + trainer.exitCode().orElseThrow(),
                        trainer.tail(TAIL_LINES));
            }
            requireProgress(moved, trainer == null ? "the graph job" : "the trainer");
        }
    }

    private void readIds(Consumer<byte[], byte[]> consumer) {
        TopicScan.assign(consumer, Topic.INTERACTIONS.name());
        TopicScan.toEnd(consumer, record -> {
            interactions++;
            try {
                addPair(Topic.INTERACTIONS.codec().decode(record.value()));
            } catch (BadRecordException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /**
     * Notes that a user has an item.
     *
     * @return the number of users that have it now, as of {@link #degree}; 0 if that was so before
     */
    int addPair(Interaction interaction) {
        int user = number(interaction.getUser(), userNumbers, users);
        int item = number(interaction.getItem(), itemNumbers, items);
        return addPair(user, item) ? degree(item) : 0;
    }

    private static int number(String id, Map<String, Integer> numbers, List<String> ids) {
        return numbers.computeIfAbsent(id, any -> {
            ids.add(id);
            return ids.size() - 1;
        });
    }

    /** Notes that a user has an item, both by their place in the lists; false if that was so before. */
    boolean addPair(int user, int item) {
        boolean added = pairs.add((long) user << 32 | item);
        if (added) {
            degrees.merge(item, 1, Integer::sum);
        }
        return added;
    }

    /** Number of users that have an item, by its place in the list; 0 beyond those that count in the graphs, where no list tells of one more. */
    int degree(int item) {
        int having = degrees.getOrDefault(item, 0);
        return having > GraphSettings.DEFAULT.fMax() ? 0 : having;
    }

    /** Waits until serving has the model in force for every user; its version. */
    private String awaitModel() throws CliException, ClusterException, InterruptedException {
        ServingClient serving = new ServingClient(cluster.servingUri());
        long moved = System.nanoTime();
        try (ProgressBar bar = Bars.open("Scoring", users.size(), "users")) {
            while (true) {
                JsonNode status = serving.get("/v1/status");
                String version = status.path("model").path("version").asText("");
                long done = status.path("rescoring").path("done").asLong();
                long known = status.path("users").asLong();
                if (!version.isEmpty()
                        && known >= users.size()
                        && done >= status.path("rescoring").path("total").asLong()
                        && done > 0) {
                    bar.stepTo(users.size());
                    return version;
                }
                if (done > bar.getCurrent()) {
                    bar.stepTo(done);
                    moved = System.nanoTime();
                }
                checkCluster();
                requireProgress(moved, "serving");
                Thread.sleep(POLL.toMillis());
            }
        }
    }

    /** Processor time that each part has taken so far. */
    Map<Part, Long> cpuNanos() {
        Map<Part, Long> nanos = new EnumMap<>(Part.class);
        for (Part part : RUNNING) {
            nanos.put(
                    part,
                    cluster.process(part)
                            .flatMap(process -> process.info().totalCpuDuration())
                            .map(Duration::toNanos)
                            .orElse(0L));
        }
        return nanos;
    }

    LocalCluster cluster() {
        return cluster;
    }

    /** Users with interactions, in the order of the first. */
    List<String> users() {
        return users;
    }

    /** Items with interactions, in the order of the first. */
    List<String> items() {
        return items;
    }

    /** Interactions on the topic at the start. */
    long interactions() {
        return interactions;
    }

    /** Version of the model in force. */
    String model() {
        return model;
    }

    /** Stops everything, and deletes the folder unless it is to be kept. */
    @Override
    public void close() throws IOException {
        cluster.close();
        if (options.state == null) {
            ScratchFolder.delete(folder);
        }
    }
}

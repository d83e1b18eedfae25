package dev.freshet.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.freshet.cli.CliException;
import dev.freshet.cli.bench.GraphBenchResult.Job;
import dev.freshet.cli.bench.GraphBenchResult.Run;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.ClusterOptions;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.cluster.ScratchFolder;
import dev.freshet.cli.command.SnapshotWatch;
import dev.freshet.cli.send.Bars;
import dev.freshet.cli.send.Pace;
import dev.freshet.cli.send.Replay;
import dev.freshet.cli.verify.GraphOptions;
import dev.freshet.codec.BadRecordException;
import dev.freshet.dataset.Feed;
import dev.freshet.process.Installation;
import dev.freshet.process.JavaProcess;
import dev.freshet.process.Ports;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** Runs the graph job, the naive job and the in-memory limit over one data set on one broker, in a folder that goes at the end. */
final class GraphBench implements AutoCloseable {

    /**
     * Pair updates that the naive job is given: about a minute at 0.3 million a second, which is what RocksDB allows with a
     * read and a write for each.
     */
    private static final long NAIVE_PAIR_UPDATES = 18_000_000;

    private static final String YARDSTICKS = "bench";
    private static final Duration START_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration STALL_TIMEOUT = Duration.ofMinutes(10);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(60);
    private static final long POLL_MILLIS = 20;
    private static final long SAMPLE_NANOS = 1_000_000_000L;
    private static final int TAIL_LINES = 12;
    private static final int POINTS = 10;

    private final Installation installation = Installation.find();
    private final Feed feed;
    private final Path folder;
    private final LocalCluster broker;

    /**
     * What to run.
     *
     * @param naiveEvents events for the naive job; null for as many as take it about a minute
     * @param parallelism of both jobs
     * @param checkpointInterval of the graph job
     * @param graphs what shapes the graphs
     * @param profile file for a flight recording of the graph job, or null
     */
    record Options(Long naiveEvents, int parallelism, Duration checkpointInterval, Path profile, GraphOptions graphs) {}

    private GraphBench(Feed feed, Path folder, LocalCluster broker) {
        this.feed = feed;
        this.folder = folder;
        this.broker = broker;
    }

    /** Starts a broker on free ports. */
    static GraphBench start(Feed feed) throws IOException, ClusterException, InterruptedException {
        Path folder = Files.createTempDirectory("freshet-bench-");
        try {
            LocalCluster broker = LocalCluster.start(
                    ClusterOptions.in(folder).withFreePorts(), Set.of(Part.BROKER), (part, status) -> {});
            return new GraphBench(feed, folder, broker);
        } catch (ClusterException | InterruptedException | RuntimeException e) {
            ScratchFolder.delete(folder);
            throw e;
        }
    }

    /** Sends the data set, and measures one after the other. */
    GraphBenchResult run(Options options) throws IOException, CliException, ClusterException, InterruptedException {
        long events = send();
        if (events == 0) {
            throw new CliException(feed.name() + " has no interactions; there is nothing to measure");
        }
        List<String> limitArguments = new ArrayList<>(options.graphs().cuts(events));
        limitArguments.addAll(List.of("--mark", Long.toString(NAIVE_PAIR_UPDATES)));
        JsonNode limit = yardstick(
                "Limit",
                "dev.freshet.bench.InMemoryLimitMain",
                List.of("-Xmx" + HostMachine.now().memoryBytes() / 2),
                limitArguments,
                events);
        long first = options.naiveEvents() != null
                ? options.naiveEvents()
                : limit.path("events_to_mark").asLong();
        int partitions = broker.options().partitions();
        long until = first >= events ? Long.MAX_VALUE : (first + partitions - 1) / partitions;
        JsonNode naive = yardstick(
                "Naive job",
                "dev.freshet.bench.NaiveGraphJobMain",
                List.of(),
                List.of(
                        "--state",
                        folder.resolve("naive").toString(),
                        "--parallelism",
                        Integer.toString(options.parallelism()),
                        "--until",
                        Long.toString(until)),
                Math.min(events, first));
        ScratchFolder.delete(folder.resolve("naive"));
        return ours(options, events, limit, naive);
    }

    private long send() throws IOException, InterruptedException {
        try (Replay replay = new Replay(feed, broker.bootstrapServers());
                ProgressBar bar = Bars.open("Sending", feed.size().orElse(-1), "events")) {
            replay.run(0, Long.MAX_VALUE, Pace.FASTEST, bar::stepTo);
            return replay.interactions();
        }
    }

    /** Runs a main class of the yardsticks to its end, and gives the last line that it has printed. */
    private JsonNode yardstick(String name, String main, List<String> flags, List<String> arguments, long events)
            throws IOException, ClusterException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("--bootstrap", broker.bootstrapServers()));
        all.addAll(arguments);
        Path log = folder.resolve("logs").resolve(main + ".log");
        return new MeasuringProcess(name, YARDSTICKS, main, flags, all, log).run(events, "events", "events");
    }

    private GraphBenchResult ours(Options options, long events, JsonNode limit, JsonNode naive)
            throws IOException, ClusterException, InterruptedException {
        List<String> flags = new ArrayList<>();
        if (options.profile() != null) {
            flags.add("-XX:StartFlightRecording=settings=profile,filename="
                    + options.profile().toAbsolutePath());
        }
        int port = Ports.free(1)[0];
        List<String> arguments = new ArrayList<>(options.graphs().arguments(events));
        arguments.addAll(List.of(
                "--bootstrap",
                broker.bootstrapServers(),
                "--state",
                folder.resolve("graph-job").toString(),
                "--snapshots",
                folder.resolve("snapshots").toString(),
                "--rest-port",
                Integer.toString(port),
                "--parallelism",
                Integer.toString(options.parallelism()),
                "--checkpoint-interval",
                options.checkpointInterval().toMillis() + "ms"));
        FlinkRest flink = new FlinkRest(URI.create("http://127.0.0.1:" + port));
        Inputs inputs = Inputs.now(broker.bootstrapServers());
        try (SnapshotWatch watch = new SnapshotWatch(broker.bootstrapServers());
                ProgressBar bar = Bars.open("Graph job", events, "events");
                JavaProcess job = JavaProcess.start(
                        installation.jars(Part.GRAPH_JOB.folder()),
                        flags,
                        Part.GRAPH_JOB.mainClass(),
                        arguments,
                        folder.resolve("logs").resolve("graph-job.log"))) {
            long launched = System.nanoTime();
            Measurement measured = awaitRunning(job, flink, launched);
            measure(measured, job, flink, watch, inputs, bar);
            bar.stepTo(events);
            FlinkRest.Checkpoint checkpoint = awaitCheckpoint(job, flink, measured.manifest.getCheckpointId());
            if (options.profile() != null && !job.stop(STOP_TIMEOUT)) {
                throw new ClusterException("the graph job did not stop, so that its recording is not whole");
            }
            long pairUpdates = limit.path("pair_updates").asLong();
            return new GraphBenchResult(
                    feed.name(),
                    HostMachine.now(),
                    options.parallelism(),
                    limit.path("interactions").asLong(),
                    limit.path("distinct_pairs").asLong(),
                    run(naive),
                    new Run(events, pairUpdates, (measured.ended - measured.started) / 1e9),
                    run(limit),
                    new Job(
                            (measured.started - launched) / 1e9,
                            (measured.cpuEnded - measured.cpuStarted) / 1e9,
                            (measured.endedMillis - checkpoint.triggered()) / 1e3,
                            watch.seen(),
                            checkpoint.stateBytes(),
                            measured.heapMax,
                            measured.heapPeak),
                    measured.growth);
        } catch (BadRecordException e) {
            throw new ClusterException(e.getMessage());
        }
    }

    private static Run run(JsonNode yardstick) {
        return new Run(
                yardstick.path("events").asLong(),
                yardstick.path("pair_updates").asLong(),
                yardstick.path("seconds").asDouble());
    }

    /** Waits for the first running task: from then on events are read. */
    private static Measurement awaitRunning(JavaProcess job, FlinkRest flink, long launched)
            throws ClusterException, InterruptedException {
        while (true) {
            OptionalLong running = flink.runningMillis();
            if (running.isPresent()) {
                return new Measurement(System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(running.getAsLong()), job);
            }
            checkAlive(job);
            if (System.nanoTime() - launched > START_TIMEOUT.toNanos()) {
                throw new ClusterException(
                        "the graph job does not run after " + START_TIMEOUT.toSeconds() + " s", job.tail(TAIL_LINES));
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Where the inputs of the job ended before it was started. */
    private record Inputs(Map<TopicPartition, Long> interactions, Map<TopicPartition, Long> items) {

        static Inputs now(String bootstrap) {
            try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
                return new Inputs(
                        consumer.endOffsets(Consumers.partitions(consumer, Topic.INTERACTIONS.name())),
                        consumer.endOffsets(Consumers.partitions(consumer, Topic.ITEMS.name())));
            }
        }

        long size() {
            return total(interactions) + total(items);
        }

        long events() {
            return total(interactions);
        }

        private static long total(Map<TopicPartition, Long> ends) {
            return ends.values().stream().mapToLong(Long::longValue).sum();
        }

        long covered(SnapshotManifest manifest) {
            return eventsCovered(manifest) + SnapshotWatch.covered(manifest, items);
        }

        long eventsCovered(SnapshotManifest manifest) {
            return SnapshotWatch.covered(manifest, interactions);
        }
    }

    /** Times by the monotonic clock, nanoseconds; the end by the wall clock too. */
    private static final class Measurement {
        private final long cpuStarted;
        private final long started;
        private long ended;
        private long cpuEnded;
        private long endedMillis;
        private SnapshotManifest manifest;
        private long heapMax;
        private long heapPeak;
        private final List<GraphBenchResult.Point> growth = new ArrayList<>();

        private long eventsAtPoint() {
            return growth.isEmpty() ? 0 : growth.get(growth.size() - 1).events();
        }

        Measurement(long started, JavaProcess job) {
            this.started = started;
            cpuStarted = cpuNanos(job);
        }
    }

    private static long cpuNanos(JavaProcess process) {
        return ProcessHandle.of(process.pid())
                .flatMap(handle -> handle.info().totalCpuDuration())
                .map(Duration::toNanos)
                .orElse(0L);
    }

    /** Ends with the committed snapshot that holds all. */
    private static void measure(
            Measurement measured, JavaProcess job, FlinkRest flink, SnapshotWatch watch, Inputs inputs, ProgressBar bar)
            throws ClusterException, BadRecordException, InterruptedException {
        long sampled = measured.started;
        long moved = measured.started;
        boolean backlog = false;
        boolean noneBefore = false;
        int seenWhenAsked = -1;
        while (true) {
            SnapshotManifest manifest = watch.poll(Duration.ofMillis(POLL_MILLIS));
            long now = System.nanoTime();
            if (inputs.covered(manifest) == inputs.size()) {
                measured.ended = now;
                measured.endedMillis = System.currentTimeMillis();
                measured.cpuEnded = cpuNanos(job);
                measured.manifest = manifest;
                sample(flink, measured);
                return;
            }
            long events = inputs.eventsCovered(manifest);
            if (manifest != null && events - measured.eventsAtPoint() >= inputs.events() / POINTS) {
                point(measured, job, flink, manifest, events);
            }
            if (events > bar.getCurrent()) {
                bar.stepTo(events);
                moved = now;
            }
            checkAlive(job);
            if (now - sampled > SAMPLE_NANOS) {
                sampled = now;
                sample(flink, measured);
                checkRunning(job, flink);
                // Not to wait for the interval to end, as nobody would with a bulk behind him. What was fetched takes a
                // moment to be read.
                OptionalLong pending = flink.pendingRecords();
                backlog |= pending.orElse(0) > 0;
                boolean none = pending.orElse(1) == 0;
                if (backlog && none && noneBefore && seenWhenAsked < watch.seen() && flink.triggerCheckpoint()) {
                    seenWhenAsked = watch.seen();
                }
                noneBefore = none;
            }
            if (now - moved > STALL_TIMEOUT.toNanos()) {
                throw new ClusterException(
                        "the graph job has committed nothing new for " + STALL_TIMEOUT.toMinutes() + " minutes",
                        job.tail(TAIL_LINES));
            }
        }
    }

    /** Notes how the job stands; when Flink does not know the checkpoint yet, the caller tries again. */
    private static void point(
            Measurement measured, JavaProcess job, FlinkRest flink, SnapshotManifest manifest, long events)
            throws InterruptedException {
        long now = System.nanoTime();
        flink.checkpoint(manifest.getCheckpointId())
                .ifPresent(checkpoint -> measured.growth.add(new GraphBenchResult.Point(
                        events,
                        (now - measured.started) / 1e9,
                        (cpuNanos(job) - measured.cpuStarted) / 1e9,
                        checkpoint.stateBytes(),
                        checkpoint.newBytes(),
                        checkpoint.millis() / 1e3)));
    }

    private static void sample(FlinkRest flink, Measurement measured) throws InterruptedException {
        flink.heap().ifPresent(heap -> {
            measured.heapMax = heap.max();
            measured.heapPeak = Math.max(measured.heapPeak, heap.used());
        });
    }

    private static void checkAlive(JavaProcess job) throws ClusterException {
        if (!job.isAlive()) {
            throw new ClusterException(
                    "the graph job ended with exit code " + job.exitCode().orElseThrow(), job.tail(TAIL_LINES));
        }
    }

    /** A restart would be a result, but of another question. */
    private static void checkRunning(JavaProcess job, FlinkRest flink) throws ClusterException, InterruptedException {
        Optional<String> state = flink.jobState();
        if (state.isPresent() && !state.get().equals("RUNNING")) {
            throw new ClusterException(
                    "the graph job is " + state.get() + ": "
                            + flink.rootException().orElse("no reason given"),
                    job.tail(TAIL_LINES));
        }
    }

    /** The manifest is committed by the tasks; the JobManager's figures may come a moment later. */
    private static FlinkRest.Checkpoint awaitCheckpoint(JavaProcess job, FlinkRest flink, long id)
            throws ClusterException, InterruptedException {
        long start = System.nanoTime();
        while (true) {
            Optional<FlinkRest.Checkpoint> checkpoint = flink.checkpoint(id);
            if (checkpoint.isPresent()) {
                return checkpoint.get();
            }
            checkAlive(job);
            if (System.nanoTime() - start > START_TIMEOUT.toNanos()) {
                throw new ClusterException("Flink says nothing of checkpoint " + id, job.tail(TAIL_LINES));
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Stops the broker and deletes the folder. */
    @Override
    public void close() throws IOException {
        broker.close();
        ScratchFolder.delete(folder);
    }
}

package dev.freshet.cli.cluster;

import dev.freshet.process.Installation;
import dev.freshet.process.Ports;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.TopicCatalogue;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts as processes on this machine: started (the broker and the topics first, then the rest at once), supervised
 * (one that dies is started again, after a pause that doubles), stopped in order (serving and trainer, then the graph job,
 * which takes a savepoint, then the broker). They do not outlive this process.
 */
public final class LocalCluster implements AutoCloseable {

    /** Told of every change, from the thread that made it. */
    @FunctionalInterface
    public interface Listener {
        void changed(Part part, PartStatus status);
    }

    private static final Logger LOG = LoggerFactory.getLogger(LocalCluster.class);

    private static final Duration BROKER_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STALE_TIMEOUT = Duration.ofSeconds(20);
    private static final long MIN_FREE_BYTES = 512L << 20;
    private static final long POLL_MILLIS = 100;

    private final ClusterOptions options;
    private final Listener listener;
    private final RunFile runFile;
    private final Instant startedAt;
    private final Installation installation = Installation.find();
    private final Admin admin;
    private final Map<Part, Supervisor> supervisors = new EnumMap<>(Part.class);

    private volatile boolean stopping;

    private LocalCluster(
            ClusterOptions options, Set<Part> parts, Listener listener, RunFile runFile, Instant startedAt) {
        this.options = options;
        this.startedAt = startedAt;
        this.listener = listener;
        this.runFile = runFile;
        this.admin = Admin.create(Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                options.bootstrapServers(),
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                "200",
                AdminClientConfig.RETRY_BACKOFF_MAX_MS_CONFIG,
                "200"));
        Readiness readiness = new Readiness(options, admin);
        for (Part part : Part.values()) {
            if (parts.contains(part)) {
                supervisors.put(
                        part, new Supervisor(part, options, installation, readiness, () -> stopping, this::publish));
            }
        }
    }

    /**
     * Starts the parts. Returns when the broker answers and has the topics, while the others still start.
     *
     * @throws ClusterException if the folder is in use or cannot be written, a port is taken, or the broker does not start
     */
    public static LocalCluster start(ClusterOptions options, Set<Part> parts, Listener listener)
            throws ClusterException, InterruptedException {
        return start(options, parts, Set.of(), listener);
    }

    /**
     * As {@link #start(ClusterOptions, Set, Listener)}, but some parts only when asked for.
     *
     * @param later those of the parts that wait for {@link #start(Part)}
     */
    public static LocalCluster start(ClusterOptions options, Set<Part> parts, Set<Part> later, Listener listener)
            throws ClusterException, InterruptedException {
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        RunFile runFile = acquire(options, startedAt);
        LocalCluster cluster = null;
        try {
            awaitStaleProcesses(options.state(), runFile);
            checkPorts(options, parts);
            cluster = new LocalCluster(options, parts, listener, runFile, startedAt);
            cluster.checkJars();
            cluster.startAll(later);
            return cluster;
        } catch (ClusterException | InterruptedException | RuntimeException e) {
            if (cluster != null) {
                cluster.close();
            } else {
                release(runFile);
            }
            throw e;
        }
    }

    private static RunFile.Content content(ClusterOptions options, Instant startedAt, Map<String, PartStatus> parts) {
        return new RunFile.Content(
                ProcessHandle.current().pid(),
                startedAt.toString(),
                options.bootstrapServers(),
                options.servingUri().toString(),
                options.flinkUri().toString(),
                parts,
                Map.of());
    }

    /**
     * Makes sure that no cluster runs on the state folder.
     *
     * @throws ClusterException with its owner if one does
     */
    public static void requireFree(Path state) throws ClusterException {
        try {
            Optional<RunFile.Content> running = RunFile.running(state);
            if (running.isPresent()) {
                throw inUse(state, running);
            }
        } catch (IOException e) {
            throw new ClusterException("cannot read the state folder " + state + " (" + e + ")");
        }
    }

    private static ClusterException inUse(Path state, Optional<RunFile.Content> running) {
        String owner = running.map(content -> " (pid " + content.pid() + ", since " + content.startedAt() + ")")
                .orElse("");
        return new ClusterException("a cluster already runs on " + state + owner
                + "; stop it with 'freshet down', or choose another folder with --state");
    }

    private static RunFile acquire(ClusterOptions options, Instant startedAt)
            throws ClusterException, InterruptedException {
        Path state = options.state();
        try {
            Optional<RunFile> runFile = RunFile.acquire(state, content(options, startedAt, Map.of()));
            if (runFile.isPresent()) {
                long free = Files.getFileStore(state).getUsableSpace();
                if (free < MIN_FREE_BYTES) {
                    release(runFile.get());
                    throw new ClusterException("only " + (free >> 20) + " MiB are free for the state folder " + state
                            + ", and at least " + (MIN_FREE_BYTES >> 20)
                            + " MiB are needed; free some, or choose another folder with --state");
                }
                return runFile.get();
            }
            throw inUse(state, RunFile.running(state));
        } catch (IOException e) {
            throw new ClusterException(
                    "cannot write to the state folder " + state + " (" + e + "); choose another with --state");
        }
    }

    private static void release(RunFile runFile) {
        try {
            runFile.close();
        } catch (IOException e) {
            LOG.warn("cannot remove the run file", e);
        }
    }

    /** Children of a killed cluster end by themselves within seconds; their ports and folders are free only then. */
    private static void awaitStaleProcesses(Path state, RunFile runFile) throws ClusterException, InterruptedException {
        Instant deadline = Instant.now().plus(STALE_TIMEOUT);
        for (Map.Entry<String, Long> part : runFile.earlier().entrySet()) {
            while (isOurs(part.getValue())) {
                if (Instant.now().isAfter(deadline)) {
                    throw new ClusterException("the " + part.getKey() + " of an earlier cluster (pid " + part.getValue()
                            + ") still runs on " + state + "; kill it");
                }
                Thread.sleep(POLL_MILLIS);
            }
        }
        runFile.forgetEarlier();
    }

    private static boolean isOurs(long pid) {
        return pid > 0
                && ProcessHandle.of(pid)
                        .filter(ProcessHandle::isAlive)
                        .flatMap(process -> process.info().commandLine())
                        .filter(command -> command.contains("dev.freshet.process.Leash"))
                        .isPresent();
    }

    private static void checkPorts(ClusterOptions options, Set<Part> parts) throws ClusterException {
        for (Part part : parts) {
            for (Part.PortUse use : part.ports(options)) {
                if (!Ports.isFree(use.port())) {
                    throw new ClusterException("port " + use.port() + " (" + use.purpose()
                            + ") is taken; stop its owner, or choose another with " + use.option()
                            + ", or a row of four with --port-base");
                }
            }
        }
    }

    private void checkJars() throws ClusterException {
        for (Part part : supervisors.keySet()) {
            try {
                installation.jars(part.folder());
            } catch (IllegalStateException e) {
                throw new ClusterException(e.getMessage());
            }
        }
    }

    private void startAll(Set<Part> later) throws ClusterException, InterruptedException {
        Supervisor broker = supervisors.get(Part.BROKER);
        if (broker != null) {
            broker.start();
            broker.awaitReady(Instant.now().plus(BROKER_TIMEOUT));
        }
        try {
            TopicCatalogue.create(admin, options.partitions(), (short) 1);
            try (Producer<byte[], byte[]> producer = new KafkaProducer<>(
                    Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, options.bootstrapServers()),
                    new ByteArraySerializer(),
                    new ByteArraySerializer())) {
                SchemaTopic.publish(producer);
            }
        } catch (KafkaException e) {
            throw new ClusterException(
                    "the broker at " + options.bootstrapServers() + " has no topics: " + e.getMessage());
        }
        supervisors.forEach((part, supervisor) -> {
            if (supervisor != broker && !later.contains(part)) {
                supervisor.start();
            }
        });
    }

    /** Starts a part that was to start later; returns at once. */
    public void start(Part part) {
        supervisors.get(part).start();
    }

    /** Why the cluster cannot go on: the first part that was given up. */
    public Optional<ClusterException> failure() {
        return supervisors.values().stream()
                .map(Supervisor::failure)
                .flatMap(Optional::stream)
                .findFirst();
    }

    public ClusterOptions options() {
        return options;
    }

    /** Address of the broker, host:port. */
    public String bootstrapServers() {
        return options.bootstrapServers();
    }

    /** Address of serving and its page. */
    public URI servingUri() {
        return options.servingUri();
    }

    /** An admin client of the broker, shared: not to be closed. */
    public Admin admin() {
        return admin;
    }

    /** How a part is. */
    public PartStatus status(Part part) {
        return supervisors.get(part).status();
    }

    /** The process of a part, while there is one. */
    public Optional<ProcessHandle> process(Part part) {
        long pid = supervisors.get(part).status().pid();
        return pid == 0 ? Optional.empty() : ProcessHandle.of(pid);
    }

    /** Kills a part (SIGKILL), as a crash would; supervision starts it again, however often. */
    public void kill(Part part) {
        supervisors.get(part).kill();
    }

    /** Stops the parts in order, and gives the state folder up. */
    @Override
    public void close() {
        stopping = true;
        stop(Part.SERVING, Part.TRAINER);
        stop(Part.GRAPH_JOB);
        stop(Part.BROKER);
        admin.close(Duration.ofSeconds(1));
        release(runFile);
    }

    private void stop(Part... parts) {
        List<Supervisor> stopped = new ArrayList<>();
        for (Part part : parts) {
            if (supervisors.containsKey(part)) {
                supervisors.get(part).requestStop();
                stopped.add(supervisors.get(part));
            }
        }
        stopped.forEach(Supervisor::awaitStop);
    }

    private void publish(Part part, PartStatus status) {
        listener.changed(part, status);
        synchronized (runFile) {
            writeRunFile();
        }
    }

    private void writeRunFile() {
        Map<String, PartStatus> parts = new LinkedHashMap<>();
        supervisors.forEach((each, supervisor) -> parts.put(each.folder(), supervisor.status()));
        try {
            runFile.write(content(options, startedAt, parts));
        } catch (IOException e) {
            LOG.warn("cannot write the run file", e);
        }
    }
}

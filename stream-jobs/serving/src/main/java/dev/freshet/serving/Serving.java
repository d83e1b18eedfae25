package dev.freshet.serving;

import dev.freshet.serving.http.HttpApi;
import dev.freshet.serving.http.StatusBoard;
import dev.freshet.serving.release.LoopFollower;
import dev.freshet.serving.score.Scoring;
import dev.freshet.serving.score.Variant;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.serving.stream.ServingMetrics;
import dev.freshet.serving.stream.ServingTopology;
import dev.freshet.topic.BuildVersion;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import dev.freshet.topic.WireFormat;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.TaskMetadata;
import org.apache.kafka.streams.ThreadMetadata;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance of serving: HTTP at once, then, when the topics are there, the model in force, then the stream. So no user is
 * scored before the model is known.
 */
public final class Serving implements AutoCloseable {

    /**
     * Settings of an instance.
     *
     * @param bootstrap Kafka's bootstrap servers
     * @param format how values are framed on the topics of clients
     * @param state folder of the stream's state
     * @param http where it listens, what it shows and to whom
     * @param size recommendations per user
     * @param scoring what else shapes them
     * @param rescoreRate users re-scored per second, at most, after a release
     * @param threads threads of the stream
     * @param standbys other instances that keep a copy of each user's state
     * @param commitInterval longest time until a list that is scored can be read
     * @param shadows variants whose lists are published, too
     */
    public record Settings(
            String bootstrap,
            WireFormat format,
            Path state,
            HttpApi.Settings http,
            int size,
            Scoring scoring,
            int rescoreRate,
            int threads,
            int standbys,
            Duration commitInterval,
            Set<Variant> shadows) {

        /** Time between commits, unless another is asked for. */
        public static final Duration COMMIT_INTERVAL = Duration.ofMillis(100);

        /** The broker gives up a transaction that is not committed by then. */
        static final Duration TRANSACTION_TIMEOUT = Duration.ofSeconds(10);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Serving.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration TOPICS_POLL = Duration.ofMillis(500);
    private static final int POLLS_PER_LOG_LINE = 20;

    private final Settings settings;
    private final FileChannel lock;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ServingContext serving;
    private final LoopFollower loop;
    private final HttpApi http;
    private final Thread startup = new Thread(this::startStream, "startup");
    private final CompletableFuture<Integer> end = new CompletableFuture<>();
    private final RecentFailures failures = new RecentFailures(10, Duration.ofMinutes(1));
    private volatile KafkaStreams streams;
    private volatile KafkaStreamsMetrics streamsMetrics;
    private final AtomicBoolean closing = new AtomicBoolean();

    /**
     * Starts an instance; the stream follows in the background once the broker has the topics.
     *
     * @throws IOException with a line for people, if the folder cannot be used or the port is taken
     */
    public Serving(Settings settings) throws IOException {
        this.settings = settings;
        this.lock = lockFolder(settings.state());
        boolean started = false;
        ServingMetrics metrics = new ServingMetrics(registry);
        try {
            this.loop = new LoopFollower(
                    settings.bootstrap(), "serving " + BuildVersion.current(), this::writesDeadLetters);
        } catch (KafkaException e) {
            lock.close();
            Throwable reason = e.getCause() == null ? e : e.getCause();
            throw new IOException(
                    "Kafka's address " + settings.bootstrap() + " cannot be used (" + reason.getMessage()
                            + "); set --bootstrap to HOST:PORT of a broker",
                    e);
        }
        try {
            new JvmMemoryMetrics().bindTo(registry);
            new JvmGcMetrics().bindTo(registry);
            new JvmThreadMetrics().bindTo(registry);
            new ProcessorMetrics().bindTo(registry);
            this.serving = new ServingContext(
                    metrics,
                    settings.format(),
                    loop.deadLetters(),
                    settings.size(),
                    settings.scoring(),
                    settings.rescoreRate(),
                    settings.shadows());
            loop.follow(serving);
            LoopMetrics.bind(registry, serving, loop, this::ready);
            StatusBoard board = new StatusBoard(
                    BuildVersion.current(),
                    serving,
                    loop.watcher(),
                    loop.releases(),
                    this::state,
                    this::lag,
                    settings.http().writes());
            this.http = new HttpApi(
                    settings.http(),
                    BuildVersion.current(),
                    advertised(settings.http().host()),
                    serving,
                    board,
                    loop,
                    registry,
                    () -> Optional.ofNullable(streams));
            started = true;
        } finally {
            if (!started) {
                loop.close();
                lock.close();
            }
        }
        startup.start();
    }

    private static FileChannel lockFolder(Path state) throws IOException {
        try {
            Files.createDirectories(state);
            FileChannel channel = FileChannel.open(
                    state.resolve("serving.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (isFree(channel)) {
                return channel;
            }
            channel.close();
        } catch (IOException e) {
            throw new IOException("cannot write to " + state + " (" + e + "); choose another folder with --state", e);
        }
        throw new IOException(state + " is in use by another instance; stop it, or choose another folder with --state");
    }

    private static boolean isFree(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /** This instance's name in the consumer group, the same after a restart. */
    private static String instanceId(Path state) throws IOException {
        Path file = state.resolve("instance-id");
        if (!Files.exists(file)) {
            Files.writeString(file, UUID.randomUUID().toString());
        }
        return "serving-" + Files.readString(file).strip();
    }

    private static String advertised(String host) throws IOException {
        InetAddress address = InetAddress.getByName(host);
        return address.isAnyLocalAddress() ? InetAddress.getLocalHost().getHostName() : host;
    }

    private String state() {
        KafkaStreams running = streams;
        return closing.get()
                ? "STOPPING"
                : running == null ? "STARTING" : running.state().name();
    }

    /** Interactions on this instance's partitions that are not committed yet; of those, the stream has the first in its hands. */
    private long lag() {
        KafkaStreams running = streams;
        if (running == null) {
            return 0;
        }
        Map<Integer, Long> ends = loop.watcher().interactionsEnd();
        long lag = 0;
        for (ThreadMetadata thread : running.metadataForLocalThreads()) {
            for (TaskMetadata task : thread.activeTasks()) {
                for (Map.Entry<TopicPartition, Long> read :
                        task.committedOffsets().entrySet()) {
                    long end = ends.getOrDefault(read.getKey().partition(), 0L);
                    if (read.getKey().topic().equals(Topic.INTERACTIONS.name()) && read.getValue() >= 0) {
                        lag += Math.max(0, end - read.getValue());
                    }
                }
            }
        }
        return lag;
    }

    /** The port that HTTP listens on. */
    public int port() {
        return http.port();
    }

    /** Whether the stream runs. */
    public boolean ready() {
        return state().equals("RUNNING");
    }

    /** Waits until the instance ends; 0 if it was closed, 1 if it failed. */
    public int awaitEnd() throws InterruptedException {
        try {
            return end.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void startStream() {
        long start = System.nanoTime();
        try {
            awaitTopics();
            SchemaTopic.follow(settings.bootstrap());
            loop.start();
            loop.awaitFirstModel();
            Properties properties = new Properties();
            properties.putAll(StreamSettings.of(
                    settings.bootstrap(),
                    settings.state(),
                    settings.threads(),
                    settings.standbys(),
                    settings.commitInterval(),
                    http.self(),
                    instanceId(settings.state())));
            KafkaStreams next = new KafkaStreams(ServingTopology.build(serving), properties);
            next.setUncaughtExceptionHandler(failure -> {
                if (failures.tooMany(System.nanoTime())) {
                    LOG.error(
                            "the stream failed again and again; ending, so that whoever watches this process sees it",
                            failure);
                    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
                }
                LOG.error("the stream failed; going on with a new thread", failure);
                return StreamThreadExceptionResponse.REPLACE_THREAD;
            });
            next.setStateListener((now, before) -> {
                if (now == KafkaStreams.State.RUNNING) {
                    LOG.info(
                            "ready on {}:{} after {} ms",
                            settings.http().host(),
                            port(),
                            Duration.ofNanos(System.nanoTime() - start).toMillis());
                } else if (now == KafkaStreams.State.ERROR
                        || (now == KafkaStreams.State.NOT_RUNNING && !closing.get())) {
                    LOG.error("the stream cannot go on");
                    end.complete(1);
                }
            });
            synchronized (this) {
                if (closing.get()) {
                    next.close(Duration.ZERO);
                    return;
                }
                streams = next;
                streamsMetrics = new KafkaStreamsMetrics(next);
                streamsMetrics.bindTo(registry);
                next.start();
            }
        } catch (InterruptedException e) {
            LOG.debug("stopped while starting");
        } catch (IOException | RuntimeException e) {
            if (!closing.get()) {
                LOG.error("cannot start", e);
                end.complete(1);
            }
        }
    }

    private void awaitTopics() throws InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", settings.bootstrap()))) {
            Set<String> missing = new TreeSet<>(Topic.all().keySet());
            missing.add(SchemaTopic.NAME);
            for (int polls = 0; ; polls++) {
                String problem;
                try {
                    missing.removeAll(admin.listTopics().names().get(5, TimeUnit.SECONDS));
                    if (missing.isEmpty()) {
                        return;
                    }
                    problem = "without topics " + missing + " yet";
                } catch (ExecutionException | TimeoutException | KafkaException e) {
                    problem = "not answering";
                }
                if (polls % POLLS_PER_LOG_LINE == 0) {
                    LOG.info("waiting for the broker at {}: {}", settings.bootstrap(), problem);
                }
                Thread.sleep(TOPICS_POLL.toMillis());
            }
        }
    }

    /** One instance writes for all: the one that has the first partition of the interactions. */
    private boolean writesDeadLetters() {
        KafkaStreams running = streams;
        if (running == null) {
            return false;
        }
        for (ThreadMetadata thread : running.metadataForLocalThreads()) {
            boolean first = thread.activeTasks().stream()
                    .flatMap(task -> task.topicPartitions().stream())
                    .anyMatch(partition ->
                            partition.topic().equals(Topic.INTERACTIONS.name()) && partition.partition() == 0);
            if (first) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        if (closing.getAndSet(true)) {
            return;
        }
        // Before the lock, which a stream holds that starts: it may wait for a schema registry.
        startup.interrupt();
        KafkaStreams running;
        synchronized (this) {
            running = streams;
        }
        http.close();
        if (running != null) {
            running.close(CLOSE_TIMEOUT);
            streamsMetrics.close();
        }
        loop.close();
        registry.close();
        try {
            lock.close();
        } catch (IOException e) {
            LOG.debug("lock", e);
        }
        end.complete(0);
    }
}

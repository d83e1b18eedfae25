package dev.freshet.graphjob;

import dev.freshet.topic.Topic;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.BlobServerOptions;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.MetricOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.PipelineOptionsInternal;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.SecurityOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.configuration.WebOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.metrics.prometheus.PrometheusReporterFactory;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * The graph job with a Flink cluster of its own in this process. It goes on from the newest checkpoint or savepoint in its state
 * folder, and takes a savepoint when asked to end.
 */
@Command(
        name = "graph-job",
        mixinStandardHelpOptions = true,
        description = "The graph job, with a Flink cluster of its own in this process, on loopback.")
@SuppressWarnings("sunapi") // The JDK's only way to handle a signal; supported in the module jdk.unsupported.
public final class LocalGraphJobMain implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(LocalGraphJobMain.class);

    private static final String HOST = "127.0.0.1";
    private static final String JOB_ID = "66726573686574006772617068000001";
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(18);
    private static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);
    private static final Duration METRICS_INTERVAL = Duration.ofSeconds(2);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Mixin
    private JobOptions options;

    @Option(
            names = "--state",
            required = true,
            paramLabel = "DIR",
            description = "Folder of checkpoints and savepoints; created if missing.")
    private Path state;

    @Option(
            names = "--snapshots",
            required = true,
            paramLabel = "DIR",
            description = "Folder of the snapshot files, of this loop alone; created if missing.")
    private Path snapshots;

    @Option(
            names = "--rest-port",
            defaultValue = "18081",
            paramLabel = "PORT",
            description = "Port of Flink's REST interface and web page (default: ${DEFAULT-VALUE}).")
    private int restPort;

    @Option(
            names = "--parallelism",
            defaultValue = "1",
            paramLabel = "N",
            description = "Parallel instances of every operator, at most 128 (default: ${DEFAULT-VALUE}).")
    private int parallelism;

    @Option(
            names = "--checkpoint-interval",
            defaultValue = "5s",
            converter = JobOptions.DurationConverter.class,
            paramLabel = "TIME",
            description = "Time between checkpoints, which are what snapshots and lists go out with"
                    + " (default: ${DEFAULT-VALUE}).")
    private Duration checkpointInterval;

    @Option(
            names = "--metrics-port",
            paramLabel = "PORT",
            description = "Port where Prometheus finds Flink's metrics, on every address of the machine"
                    + " (default: none).")
    private Integer metricsPort;

    private final CountDownLatch stop = new CountDownLatch(1);

    private LocalGraphJobMain() {}

    public static void main(String[] args) {
        System.exit(JobOptions.execute(new LocalGraphJobMain(), args));
    }

    @Override
    public Integer call() throws Exception {
        check("--parallelism", parallelism, 128);
        check("--rest-port", restPort, 65535);
        if (metricsPort != null) {
            check("--metrics-port", metricsPort, 65535);
        }
        Path snapshotFolder = snapshots.toAbsolutePath().normalize();
        GraphJob.Settings settings = options.settings(spec.commandLine(), StateFolder.uri(snapshotFolder));
        checkPort();
        StateFolder folder = StateFolder.open(state);
        StateFolder.probe(snapshotFolder);
        onTerm("TERM");
        onTerm("INT");

        long start = System.nanoTime();
        Optional<StateFolder.Completed> newest = folder.newest();
        folder.clean(newest);
        if (!Topics.await(settings.bootstrap(), stop, Topic.INTERACTIONS, Topic.ITEMS, Topic.ERASURES, Topic.CONTROL)) {
            return 0;
        }
        JobClient job = submit(settings, folder, newest);
        LOG.info(
                "started after {} ms, Flink's page on http://{}:{}",
                (System.nanoTime() - start) / 1_000_000,
                HOST,
                restPort);
        return watch(job, folder, snapshotFolder);
    }

    private void check(String option, int value, int max) {
        if (value < 1 || value > max) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), option + " is " + value + "; it must be 1 to " + max);
        }
    }

    private void checkPort() throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), restPort));
        } catch (IOException e) {
            throw new IOException(
                    "port " + restPort + " is taken (" + e.getMessage()
                            + "); stop its owner or choose another with --rest-port",
                    e);
        }
    }

    /** The savepoint comes before the JVM's shutdown, whose hooks take Flink's files away. */
    private void onTerm(String signal) {
        SignalHandler before = Signal.handle(new Signal(signal), received -> stop.countDown());
        if (before == SignalHandler.SIG_IGN) {
            Signal.handle(new Signal(signal), before);
        }
    }

    private JobClient submit(GraphJob.Settings settings, StateFolder folder, Optional<StateFolder.Completed> newest)
            throws Exception {
        Configuration flink = configuration(folder);
        if (newest.isPresent()) {
            LOG.info(
                    "going on from {} (checkpoint {})",
                    newest.get().path(),
                    newest.get().checkpointId());
            flink.set(
                    StateRecoveryOptions.SAVEPOINT_PATH,
                    StateFolder.uri(newest.get().path()));
            flink.set(StateRecoveryOptions.RESTORE_MODE, RecoveryClaimMode.CLAIM);
        } else {
            LOG.info("no checkpoint in {}: starting from the beginning of the topics", folder.checkpoints());
        }
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironmentWithWebUI(flink);
        env.setParallelism(parallelism);
        GraphJob.build(env, settings);
        return env.executeAsync("freshet graph job");
    }

    private Configuration configuration(StateFolder folder) {
        Configuration flink = new Configuration();
        flink.set(PipelineOptionsInternal.PIPELINE_FIXED_JOB_ID, JOB_ID);
        flink.set(PipelineOptions.GENERIC_TYPES, false);

        flink.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        flink.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, StateFolder.uri(folder.checkpoints()));
        flink.set(
                CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        flink.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, checkpointInterval);
        flink.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
        flink.set(CheckpointingOptions.MIN_PAUSE_BETWEEN_CHECKPOINTS, checkpointInterval.dividedBy(10));
        flink.set(CheckpointingOptions.TOLERABLE_FAILURE_NUMBER, 2);

        flink.set(RestartStrategyOptions.RESTART_STRATEGY, "exponential-delay");
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_INITIAL_BACKOFF, Duration.ofMillis(500));
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_MAX_BACKOFF, Duration.ofSeconds(10));

        flink.set(RestOptions.ADDRESS, HOST);
        flink.set(RestOptions.BIND_ADDRESS, HOST);
        flink.set(RestOptions.PORT, restPort);
        flink.set(RestOptions.BIND_PORT, Integer.toString(restPort));
        flink.set(MetricOptions.METRIC_FETCHER_UPDATE_INTERVAL, METRICS_INTERVAL);
        if (metricsPort != null) {
            flink.setString("metrics.reporters", "prom");
            flink.setString("metrics.reporter.prom.factory.class", PrometheusReporterFactory.class.getName());
            flink.setString("metrics.reporter.prom.port", metricsPort.toString());
        }
        flink.set(WebOptions.SUBMIT_ENABLE, false);
        flink.set(WebOptions.CANCEL_ENABLE, false);
        flink.set(JobManagerOptions.ADDRESS, HOST);
        flink.set(JobManagerOptions.BIND_HOST, HOST);
        flink.set(TaskManagerOptions.HOST, HOST);
        flink.set(TaskManagerOptions.BIND_HOST, HOST);
        flink.set(BlobServerOptions.PORT, "0");
        // There is no Hadoop whose tokens could run out.
        flink.set(SecurityOptions.DELEGATION_TOKENS_ENABLED, false);

        flink.set(CoreOptions.TMP_DIRS, folder.work().toString());
        flink.set(TaskManagerOptions.NUM_TASK_SLOTS, parallelism);
        flink.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(256));
        flink.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(64));
        flink.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(64));
        return flink;
    }

    /** Waits for the end: of the job, of the space on the disk, or of this process's time. */
    private int watch(JobClient job, StateFolder folder, Path snapshotFolder) throws Exception {
        boolean wasRunning = false;
        CompletableFuture<JobExecutionResult> result = job.getJobExecutionResult();
        while (!stop.await(WATCH_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
            if (result.isDone()) {
                try {
                    result.get();
                } catch (ExecutionException e) {
                    throw new IllegalStateException("the job ended: " + JobOptions.oneLine(rootCause(e)), e);
                }
                throw new IllegalStateException("the job ended by itself");
            }
            JobStatus status = status(job);
            if (status == JobStatus.RUNNING && !wasRunning) {
                LOG.info("running");
            } else if (status != JobStatus.RUNNING && wasRunning) {
                LOG.warn("{}: the job restarts from its last checkpoint", status);
            }
            wasRunning = status == JobStatus.RUNNING;
            if (!wasRunning) {
                StateFolder.probe(folder.checkpoints());
                StateFolder.probe(snapshotFolder);
            }
        }
        return end(job, folder);
    }

    private static JobStatus status(JobClient job) throws InterruptedException {
        try {
            return job.getJobStatus().get();
        } catch (ExecutionException | IllegalStateException e) {
            // The cluster ends with the job, a moment before the result is there.
            LOG.debug("no status", e);
            return JobStatus.FAILING;
        }
    }

    private static Throwable rootCause(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static int end(JobClient job, StateFolder folder) throws InterruptedException {
        LOG.info("stopping with a savepoint");
        try {
            String savepoint = job.stopWithSavepoint(
                            false, StateFolder.uri(folder.savepoints()), SavepointFormatType.NATIVE)
                    .get(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            LOG.info("stopped; the next start goes on from {}", savepoint);
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn(
                    "no savepoint ({}); the next start goes on from the last checkpoint",
                    JobOptions.oneLine(e.getCause() == null ? e : e.getCause()));
        }
        return 0;
    }
}

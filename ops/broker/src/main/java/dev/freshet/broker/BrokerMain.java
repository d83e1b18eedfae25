package dev.freshet.broker;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.Callable;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** A Kafka broker of one node: KRaft broker and controller in one process, on loopback, its log in one folder. */
@Command(
        name = "broker",
        mixinStandardHelpOptions = true,
        description = "A Kafka broker of one node on loopback, with its log in one folder.")
public final class BrokerMain implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(BrokerMain.class);
    private static final String HOST = "127.0.0.1";
    private static final int NODE_ID = 1;
    private static final long MIN_FREE_BYTES = 128L << 20;
    private static final Duration FOREVER = Duration.ofDays(3650);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--dir",
            required = true,
            paramLabel = "DIR",
            description = "Folder of the log; created if missing.")
    private Path dir;

    @Option(names = "--port", defaultValue = "19092", description = "Port for clients (default ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--controller-port",
            defaultValue = "19093",
            description = "Port of the KRaft controller (default ${DEFAULT-VALUE}).")
    private int controllerPort;

    /** Held open for the life of the process: a collected channel gives its lock up. */
    private FileChannel lockFile;

    private BrokerMain() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new BrokerMain())
                .setParameterExceptionHandler((e, badArguments) -> {
                    e.getCommandLine().getErr().println("broker: " + oneLine(e) + "; see --help");
                    return 2;
                })
                .setExecutionExceptionHandler((e, commandLine, parsed) -> {
                    LOG.debug("failed", e);
                    commandLine.getErr().println("broker: " + oneLine(e));
                    return 1;
                })
                .execute(args));
    }

    @Override
    public Integer call() throws Exception {
        long start = System.nanoTime();
        checkPort("--port", port);
        checkPort("--controller-port", controllerPort);
        if (port == controllerPort) {
            throw new ParameterException(spec.commandLine(), "--port and --controller-port are both " + port);
        }
        prepareFolder();
        format();
        KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(settings()), Time.SYSTEM);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown, "shutdown"));
        server.startup();
        LOG.info("ready on {}:{} after {} ms, log in {}", HOST, port, (System.nanoTime() - start) / 1_000_000, dir);
        server.awaitShutdown();
        return 0;
    }

    private void checkPort(String option, int number) throws IOException {
        if (number < 1 || number > 65535) {
            throw new ParameterException(spec.commandLine(), option + " is " + number + "; ports are 1 to 65535");
        }
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(HOST, number));
        } catch (IOException e) {
            throw new IOException(
                    "port " + number + " is taken (" + e.getMessage() + "); stop its owner or choose another with "
                            + option,
                    e);
        }
    }

    /** Creates the folder and locks it for the life of this process: Kafka's own lock comes after its first writes. */
    private void prepareFolder() throws IOException {
        FileLock lock;
        try {
            Files.createDirectories(dir);
            lockFile =
                    FileChannel.open(dir.resolve("broker.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = lockFile.tryLock();
        } catch (IOException e) {
            throw new IOException("cannot write to " + dir + " (" + e + "); choose another folder with --dir", e);
        }
        if (lock == null) {
            throw new IOException(dir + " is in use by another broker; stop it, or choose another folder with --dir");
        }
        long free = Files.getFileStore(dir).getUsableSpace();
        if (free < MIN_FREE_BYTES) {
            throw new IOException("only " + (free >> 20) + " MiB are free in " + dir + ", and the broker needs "
                    + (MIN_FREE_BYTES >> 20) + " MiB; free some, or choose another folder with --dir");
        }
    }

    private void format() throws Exception {
        if (Files.exists(dir.resolve("meta.properties"))) {
            return;
        }
        new Formatter()
                .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                .setNodeId(NODE_ID)
                .setClusterId(Uuid.randomUuid().toString())
                .setControllerListenerName("CONTROLLER")
                .setMetadataLogDirectory(dir.toString())
                .addDirectory(dir.toString())
                .setReleaseVersion(MetadataVersion.latestProduction())
                .setIgnoreFormatted(true)
                .run();
        LOG.info("formatted {}", dir);
    }

    /** The settings of the node: defaults apart from what a single node, a small heap and quick restarts need. */
    private Properties settings() {
        Properties settings = new Properties();
        settings.setProperty("process.roles", "broker,controller");
        settings.setProperty("node.id", Integer.toString(NODE_ID));
        settings.setProperty("controller.quorum.voters", NODE_ID + "@" + HOST + ":" + controllerPort);
        settings.setProperty("controller.listener.names", "CONTROLLER");
        settings.setProperty("inter.broker.listener.name", "PLAINTEXT");
        settings.setProperty(
                "listeners", "PLAINTEXT://" + HOST + ":" + port + ",CONTROLLER://" + HOST + ":" + controllerPort);
        settings.setProperty("advertised.listeners", "PLAINTEXT://" + HOST + ":" + port);
        settings.setProperty("log.dirs", dir.toString());

        for (String topic : new String[] {"offsets.topic", "transaction.state.log", "share.coordinator.state.topic"}) {
            settings.setProperty(topic + ".replication.factor", "1");
            settings.setProperty(topic + ".num.partitions", "4");
        }
        settings.setProperty("transaction.state.log.min.isr", "1");
        settings.setProperty("share.coordinator.state.topic.min.isr", "1");
        settings.setProperty("default.replication.factor", "1");
        settings.setProperty("auto.create.topics.enable", "false");

        // A cluster that is started again after a long break goes on where it was.
        settings.setProperty("offsets.retention.minutes", Long.toString(FOREVER.toMinutes()));
        settings.setProperty("group.initial.rebalance.delay.ms", "0");
        // What a checkpoint of the graph job has committed waits for it through a night.
        settings.setProperty(
                "transaction.max.timeout.ms", Long.toString(Duration.ofDays(1).toMillis()));
        settings.setProperty("group.min.session.timeout.ms", "1000");
        // After a kill, the broker waits until the registration of its dead predecessor has run out.
        settings.setProperty("broker.session.timeout.ms", "3000");
        settings.setProperty("broker.heartbeat.interval.ms", "500");

        settings.setProperty("num.network.threads", "2");
        settings.setProperty("num.io.threads", "4");
        settings.setProperty("log.cleaner.dedupe.buffer.size", Integer.toString(32 << 20));
        settings.setProperty("message.max.bytes", Integer.toString(8 << 20));
        return settings;
    }

    private static String oneLine(Throwable e) {
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        return message.lines().findFirst().orElseGet(e::toString);
    }
}

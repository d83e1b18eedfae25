package dev.freshet.cli.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.freshet.cli.Freshet;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file in the state folder that says what runs there, {@code run/cluster.json}, and the lock that says whether it still
 * does: the operating system gives it up with the process, so that a stale file misleads nobody.
 */
public final class RunFile implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RunFile.class);
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final Duration PROBING = Duration.ofSeconds(1);
    private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(2);

    /** Folders of the locks that this process has. */
    private static final Set<Path> HELD = new HashSet<>();

    /**
     * What runs.
     *
     * @param pid process that supervises the cluster
     * @param startedAt ISO-8601, UTC
     * @param parts the parts by name
     * @param earlier pids of the parts of an earlier cluster by name, until this one has seen them end
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Content(
            long pid,
            String startedAt,
            String bootstrapServers,
            String serving,
            String flink,
            Map<String, PartStatus> parts,
            Map<String, Long> earlier) {

        public Content {
            earlier = earlier == null ? Map.of() : Map.copyOf(earlier);
        }

        /** The process that supervises the cluster; empty if it is gone and another one has its pid. */
        public Optional<ProcessHandle> owner() {
            return ProcessHandle.of(pid)
                    .filter(process -> process.info().commandLine().orElse("").contains(Freshet.class.getName()))
                    .filter(process -> process.info()
                            .startInstant()
                            .filter(started ->
                                    started.isBefore(Instant.parse(startedAt).plus(CLOCK_TOLERANCE)))
                            .isPresent());
        }

        /** Every process of a part that this file knows. */
        Map<String, Long> pids() {
            Map<String, Long> pids = new TreeMap<>(earlier);
            parts.forEach((part, status) -> {
                if (status.pid() > 0) {
                    pids.put(part, status.pid());
                }
            });
            return pids;
        }

        Content withEarlier(Map<String, Long> pids) {
            return new Content(pid, startedAt, bootstrapServers, serving, flink, parts, pids);
        }
    }

    private final Path file;
    private final Path key;
    private final FileChannel lock;
    private final Map<String, Long> earlier;

    private RunFile(Path file, Path key, FileChannel lock, Map<String, Long> earlier) {
        this.file = file;
        this.key = key;
        this.lock = lock;
        this.earlier = new TreeMap<>(earlier);
    }

    /**
     * Takes the lock of the state folder and writes the file, so that it never speaks of another cluster than the one that has the lock;
     * empty if a running cluster has it.
     */
    static Optional<RunFile> acquire(Path state, Content own) throws IOException, InterruptedException {
        Path run = Files.createDirectories(state.resolve("run")).toRealPath();
        synchronized (HELD) {
            if (!HELD.add(run)) {
                return Optional.empty();
            }
        }
        FileChannel channel = null;
        try {
            channel = lock(run.resolve("lock"));
            if (channel == null) {
                letGo(run);
                return Optional.empty();
            }
            RunFile runFile = new RunFile(run.resolve("cluster.json"), run, channel, earlier(state));
            runFile.write(own);
            return Optional.of(runFile);
        } catch (IOException | InterruptedException | RuntimeException e) {
            if (channel != null) {
                channel.close();
            }
            letGo(run);
            throw e;
        }
    }

    private static void letGo(Path run) {
        synchronized (HELD) {
            HELD.remove(run);
        }
    }

    /** Tries for a moment: whoever asks what runs has the lock for an instant. */
    private static FileChannel lock(Path file) throws IOException, InterruptedException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        Instant deadline = Instant.now().plus(PROBING);
        do {
            if (channel.tryLock() != null) {
                return channel;
            }
            Thread.sleep(PROBING.toMillis() / 20);
        } while (Instant.now().isBefore(deadline));
        channel.close();
        return null;
    }

    private static Map<String, Long> earlier(Path state) {
        try {
            return read(state).map(Content::pids).orElse(Map.of());
        } catch (IOException e) {
            LOG.warn("unreadable run file in {}", state, e);
            return Map.of();
        }
    }

    /** What runs on the state folder; empty if nothing does. */
    public static Optional<Content> running(Path state) throws IOException {
        Path lockFile = state.resolve("run").resolve("lock");
        if (!Files.exists(lockFile)) {
            return Optional.empty();
        }
        Path run = lockFile.getParent().toRealPath();
        synchronized (HELD) {
            // The owner must not open the file again: closing it would give the lock up.
            if (!HELD.contains(run)) {
                try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.READ)) {
                    if (channel.tryLock(0, Long.MAX_VALUE, true) != null) {
                        return Optional.empty();
                    }
                }
            }
        }
        return read(state);
    }

    /** What the file says, whether it still runs or not. */
    static Optional<Content> read(Path state) throws IOException {
        try {
            return Optional.of(
                    JSON.readValue(Files.readAllBytes(state.resolve("run").resolve("cluster.json")), Content.class));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Processes of an earlier cluster by the name of their part, which may still be ending. */
    synchronized Map<String, Long> earlier() {
        return Map.copyOf(earlier);
    }

    /** Notes that the processes of the earlier cluster have ended. */
    synchronized void forgetEarlier() {
        earlier.clear();
    }

    synchronized void write(Content content) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".tmp");
        Files.write(next, JSON.writeValueAsBytes(content.withEarlier(earlier)));
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Deletes the file, unless the next start must know of processes of an earlier cluster, and gives up the lock. */
    @Override
    public synchronized void close() throws IOException {
        try {
            if (earlier.isEmpty()) {
                Files.deleteIfExists(file);
            }
        } finally {
            lock.close();
            letGo(key);
        }
    }
}

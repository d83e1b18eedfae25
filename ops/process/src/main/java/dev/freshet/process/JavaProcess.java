package dev.freshet.process;

import java.io.IOException;
import java.io.Reader;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A child JVM on the jars of one folder, on a {@link Leash}: it ends when this process does, and its output is appended to a
 * file, or goes where this process's output goes.
 */
public final class JavaProcess implements AutoCloseable {

    /** System property with flags for all JVMs that this one starts: integration tests want them to start quickly. */
    public static final String FLAGS = "freshet.jvmFlags";

    private static final long MAX_LOG_BYTES = 16L << 20;
    private static final int TAIL_BYTES = 1 << 16;
    private static final Path NICE = Path.of("/usr/bin/nice");
    /** Of util-linux. */
    private static final Path CHRT = Path.of("/usr/bin/chrt");

    private static final Duration CHRT_TIME = Duration.ofSeconds(1);
    private static final int PASSES = 5;

    private final Process process;
    private final Path log;
    private final long logStart;
    private final List<String> java;
    private final Optional<ClassArchive> archive;

    private JavaProcess(Process process, Path log, long logStart, List<String> java, Optional<ClassArchive> archive) {
        this.process = process;
        this.log = log;
        this.logStart = logStart;
        this.java = java;
        this.archive = archive;
    }

    /**
     * Starts {@code main} on the jars in {@code jars}, with the flags in {@code jvm.options} beside them, and the variables
     * of {@code environment} that this process does not have.
     *
     * @param flags further flags of the JVM
     * @param log file that its output is appended to, or null for this process's own output
     * @throws IOException if the JVM cannot be started or the log cannot be written
     */
    public static JavaProcess start(Path jars, List<String> flags, String main, List<String> arguments, Path log)
            throws IOException {
        return start(jars, flags, main, arguments, log, 0);
    }

    /**
     * The same, standing back for other processes: with {@code niceness} above this process's own where {@code nice} is there.
     *
     * @param niceness 0 to 19; 10 has a tenth of the processor time of 0 where both want it
     * @throws IOException if the JVM cannot be started or the log cannot be written
     */
    public static JavaProcess start(
            Path jars, List<String> flags, String main, List<String> arguments, Path log, int niceness)
            throws IOException {
        List<String> java = new ArrayList<>();
        java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        Path options = jars.resolve("jvm.options");
        if (Files.exists(options)) {
            java.add("@" + options);
        }
        java.addAll(flags);
        java.addAll(inherited());
        Path own = ownClassPath();
        Optional<ClassArchive> archive = ClassArchive.of(jars, own);
        // Nice becomes the JVM, so the process is the same one.
        List<String> command = new ArrayList<>(nice(niceness));
        command.addAll(java);
        archive.ifPresent(classes -> command.add(classes.flag()));
        command.add("-cp");
        command.add(ClassArchive.classPath(jars, own));
        command.add(Leash.class.getName());
        command.add(main);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        environment(jars).forEach((name, value) -> builder.environment().putIfAbsent((String) name, (String) value));
        long logStart = 0;
        if (log == null) {
            builder.redirectOutput(ProcessBuilder.Redirect.INHERIT).redirectError(ProcessBuilder.Redirect.INHERIT);
        } else {
            Files.createDirectories(Objects.requireNonNull(log.toAbsolutePath().getParent()));
            if (Files.exists(log) && Files.size(log) > MAX_LOG_BYTES) {
                Files.move(log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
            }
            logStart = Files.exists(log) ? Files.size(log) : 0;
            builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        }
        Process process = builder.start();
        archive.ifPresent(classes -> classes.started(process));
        return new JavaProcess(process, log, logStart, java, archive);
    }

    private static List<String> nice(int niceness) {
        return niceness > 0 && Files.isExecutable(NICE)
                ? List.of(NICE.toString(), "-n", Integer.toString(niceness))
                : List.of();
    }

    /** Flags from {@link #FLAGS}. */
    private static List<String> inherited() {
        String flags = System.getProperty(FLAGS, "").strip();
        return flags.isEmpty() ? List.of() : List.of(flags.split("\\s+"));
    }

    private static Properties environment(Path jars) throws IOException {
        Properties variables = new Properties();
        Path file = jars.resolve("environment");
        if (Files.exists(file)) {
            try (Reader reader = Files.newBufferedReader(file)) {
                variables.load(reader);
            }
        }
        return variables;
    }

    private static Path ownClassPath() {
        try {
            return Path.of(JavaProcess.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Has it run, from now on, where hardly anyone else wants a processor, and give it up at once to who does: Linux's {@code SCHED_IDLE}. Nothing happens where that
     * cannot be had.
     */
    public void standBack() throws InterruptedException {
        if (Files.isExecutable(CHRT)) {
            // A pass ends at a thread that has gone meanwhile, and does not see one that comes: two whole ones see all.
            int whole = 0;
            for (int pass = 0; pass < PASSES && whole < 2; pass++) {
                whole += makeIdle() ? 1 : 0;
            }
        }
    }

    private boolean makeIdle() throws InterruptedException {
        try {
            Process chrt = new ProcessBuilder(
                            CHRT.toString(), "--all-tasks", "--idle", "--pid", "0", Long.toString(pid()))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (chrt.waitFor(CHRT_TIME.toMillis(), TimeUnit.MILLISECONDS)) {
                return chrt.exitValue() == 0;
            }
            chrt.destroyForcibly();
            return false;
        } catch (IOException e) {
            // It has the niceness that it was started with.
            return false;
        }
    }

    /**
     * Has the classes that it has loaded by now kept in one file beside its jars, so that the next on the same jars starts
     * sooner. Call it when it is ready. Nothing happens where there is such a file, or there cannot be one.
     *
     * @param niceness how far the JVM that makes it stands back, 0 to 19; it takes some seconds of a processor
     * @return done when it is made; with an {@link IOException} if it cannot be
     */
    public CompletableFuture<Void> archiveClasses(int niceness) {
        List<String> command = new ArrayList<>(nice(niceness));
        command.addAll(java);
        return archive.map(classes -> classes.make(command)).orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    /** Process id. */
    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The exit code, once it has ended. */
    public OptionalInt exitCode() {
        return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
    }

    /** Waits for its end; false if it still runs after the time. */
    public boolean waitFor(Duration time) throws InterruptedException {
        return process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Waits for its end and gives the exit code. */
    public int waitFor() throws InterruptedException {
        return process.waitFor();
    }

    /**
     * Asks it to end (SIGTERM), and kills it if it has not within the time.
     *
     * @return whether it ended by itself
     */
    public boolean stop(Duration time) throws InterruptedException {
        terminate();
        if (process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS)) {
            return true;
        }
        kill();
        process.waitFor();
        return false;
    }

    /** Asks it to end (SIGTERM). */
    public void terminate() {
        // Process.destroy would close its standard input too, which the leash takes for the death of its starter.
        process.toHandle().destroy();
    }

    /** Kills it at once (SIGKILL). */
    public void kill() {
        process.destroyForcibly();
    }

    /** Kills it. */
    @Override
    public void close() {
        kill();
    }

    /** The last lines that this process (not an earlier one on the same file) has written, at most {@code lines}. */
    public List<String> tail(int lines) {
        if (log == null || !Files.exists(log)) {
            return List.of();
        }
        try (SeekableByteChannel channel = Files.newByteChannel(log)) {
            long from = Math.max(logStart, channel.size() - TAIL_BYTES);
            channel.position(Math.min(from, channel.size()));
            byte[] bytes = new byte[(int) (channel.size() - channel.position())];
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
            Deque<String> tail = new ArrayDeque<>();
            for (String line : new String(bytes, 0, buffer.position(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                tail.add(line);
                if (tail.size() > lines) {
                    tail.remove();
                }
            }
            return List.copyOf(tail);
        } catch (IOException e) {
            return List.of("cannot read " + log + ": " + e.getMessage());
        }
    }
}

package dev.freshet.process;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The classes that a JVM on a folder of jars loads, in one file beside the jars: the next one maps it, instead of reading and
 * checking each of them, and is ready sooner (class data sharing, JEP 310). A file is of one Java, one class path, and these
 * very jars and {@code jvm.options}; of others it has another name.
 */
final class ClassArchive {

    private static final String PREFIX = "classes-";
    private static final String SUFFIX = ".jsa";
    private static final Duration LONGEST_MAKING = Duration.ofMinutes(30);
    /** What is older was left behind by a kill, or is the list of a JVM that has long been ready. */
    private static final Duration UNFINISHED = Duration.ofDays(1);

    /** One at a time: each takes a core and some 250 MB. */
    private static final Executor MAKER = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "class-archive");
        thread.setDaemon(true);
        return thread;
    });

    /** It ends with this process, unless that is killed. */
    private static volatile Process making;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(ClassArchive::stopMaking, "class-archive-end"));
    }

    private final Path folder;
    private final String classPath;
    /** How the names of all archives of this Java and class path begin. */
    private final String ours;

    private final Path file;
    /** Where the JVM lists the classes that it loads; null if it starts from the archive. */
    private final Path list;

    private ClassArchive(Path folder, Path joined) throws IOException {
        this.folder = folder;
        this.classPath = classPath(folder, joined);
        this.ours = PREFIX + hash(Runtime.version() + System.getProperty("java.home") + classPath) + "-";
        this.file = folder.resolve(ours + hash(versions(folder, joined)) + SUFFIX);
        this.list = Files.exists(file) ? null : Files.createTempFile(folder, PREFIX, ".list");
        if (list != null) {
            list.toFile().deleteOnExit();
        }
    }

    private static void stopMaking() {
        Process process = making;
        if (process != null) {
            process.destroyForcibly();
        }
    }

    /** The class path of JVMs on a folder of jars, with one more jar behind them. */
    static String classPath(Path folder, Path joined) {
        return folder + File.separator + "*" + File.pathSeparator + joined;
    }

    /** Sizes and times of all that the archive is made of, in the order that the class path has. */
    private static String versions(Path folder, Path joined) throws IOException {
        StringBuilder versions = new StringBuilder();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path each : Stream.concat(files, Stream.of(joined)).toList()) {
                String name = each.getFileName().toString();
                if (name.endsWith(".jar") || name.equals("jvm.options")) {
                    versions.append(name).append(Files.size(each)).append(Files.getLastModifiedTime(each));
                }
            }
        }
        return versions.toString();
    }

    /** The JVM itself checks once more that jars are those that it is of. */
    private static String hash(String text) {
        return String.format("%08x", text.hashCode());
    }

    /**
     * The archive of a JVM that is to start; empty where there cannot be one, as where the folder cannot be written, or a JVM
     * would have to take a folder of classes into it.
     *
     * @param folder the jars
     * @param joined what the class path has behind them
     */
    static Optional<ClassArchive> of(Path folder, Path joined) {
        if (!Files.isRegularFile(joined)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ClassArchive(folder, joined));
        } catch (IOException | UncheckedIOException e) {
            // It starts without.
            return Optional.empty();
        }
    }

    /** The flag that the JVM wants. */
    String flag() {
        return list == null ? "-XX:SharedArchiveFile=" + file : "-XX:DumpLoadedClassList=" + list;
    }

    /** The JVM has started. */
    void started(Process jvm) {
        if (list != null) {
            jvm.onExit().thenRun(list.toFile()::delete);
        }
    }

    /**
     * Makes it of what the JVM has loaded by now, in another JVM; does nothing if it is there, if someone else makes one, or if
     * the JVM has ended.
     *
     * @param java command of a JVM with its flags, without class path
     * @return done when it is made; with an {@link IOException} if it cannot be
     */
    CompletableFuture<Void> make(List<String> java) {
        return list == null
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.runAsync(() -> makeUnlessThere(java), MAKER);
    }

    private void makeUnlessThere(List<String> java) {
        try (FileChannel channel = FileChannel.open(
                        folder.resolve(PREFIX + "lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock != null && Files.exists(list) && !Files.exists(file)) {
                makeNow(java);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new CompletionException(
                    new IOException("cannot make an archive of the classes in " + folder + ": " + e.getMessage(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void makeNow(List<String> java) throws IOException, InterruptedException {
        deleteOutdated();
        Path names = Files.createTempFile(folder, PREFIX, ".list");
        Path made = Files.createTempFile(folder, PREFIX, ".new");
        names.toFile().deleteOnExit();
        made.toFile().deleteOnExit();
        try {
            String loaded = Files.readString(list);
            // Its last line may not be whole yet.
            Files.writeString(names, loaded.substring(0, loaded.lastIndexOf('\n') + 1));
            List<String> command = new ArrayList<>(java);
            command.add("-Xshare:dump");
            command.add("-XX:SharedClassListFile=" + names);
            command.add("-XX:SharedArchiveFile=" + made);
            command.add("-cp");
            command.add(classPath);
            int exitCode = run(command);
            if (exitCode != 0) {
                throw new IOException("the JVM that was to make it exited with code " + exitCode);
            }
            Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(names);
            Files.deleteIfExists(made);
        }
    }

    private static int run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        making = process;
        if (!process.waitFor(LONGEST_MAKING.toMinutes(), TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        return process.waitFor();
    }

    /** Archives of other jars, and what was never finished. */
    private void deleteOutdated() throws IOException {
        long old = Instant.now().minus(UNFINISHED).toEpochMilli();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path each : files.toList()) {
                String name = each.getFileName().toString();
                boolean outdated = name.startsWith(ours) && name.endsWith(SUFFIX);
                boolean unfinished = name.startsWith(PREFIX)
                        && (name.endsWith(".list") || name.endsWith(".new"))
                        && each.toFile().lastModified() < old;
                if (outdated || unfinished) {
                    Files.deleteIfExists(each);
                }
            }
        }
    }
}

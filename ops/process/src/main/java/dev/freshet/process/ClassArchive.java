package dev.freshet.process;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * The classes that JVMs on a folder of jars load, in one file beside the jars: a JVM that maps it, instead of reading and
 * checking each of them, is ready in two thirds of the time (class data sharing, JEP 310). A file is of one Java, one class path
 * and these very jars; of others it has another name.
 */
final class ClassArchive {

    private static final String PREFIX = "classes-";
    /** Whoever has not made one by then is gone. */
    private static final Duration MAKING = Duration.ofMinutes(10);

    private final Path folder;
    private final Path joined;
    private final Path file;

    /**
     * @param jars the folder of jars
     * @param joined what the class path has behind them
     * @throws IOException if the folder cannot be read
     */
    ClassArchive(Path jars, Path joined) throws IOException {
        this.folder = jars;
        this.joined = joined;
        StringBuilder key = new StringBuilder()
                .append(Runtime.version())
                .append(System.getProperty("java.home"))
                .append(classPath());
        try (Stream<Path> files = Files.list(jars)) {
            for (Path jar : Stream.concat(
                            Stream.of(joined),
                            files.filter(path -> path.toString().endsWith(".jar"))
                                    .sorted())
                    .toList()) {
                key.append(jar).append(Files.size(jar)).append(Files.getLastModifiedTime(jar));
            }
        }
        UUID hash = UUID.nameUUIDFromBytes(key.toString().getBytes(StandardCharsets.UTF_8));
        this.file = jars.resolve(PREFIX + hash + ".jsa");
    }

    /** The class path that it is of. */
    String classPath() {
        return folder + File.separator + "*" + File.pathSeparator + joined;
    }

    /** The flag of a JVM that starts with it, if it has been made. */
    Optional<String> flag() {
        return Files.exists(file) ? Optional.of("-XX:SharedArchiveFile=" + file) : Optional.empty();
    }

    /** Whether it can be made: a JVM takes no folder of classes into one. */
    boolean canBeMade() {
        return Files.isWritable(folder) && Files.isRegularFile(joined);
    }

    /**
     * Makes it, in another JVM, unless someone else does.
     *
     * @param java command of a JVM with its flags, without class path
     * @param loaded list of the classes, as a JVM writes it; may still be written
     * @return done when the other JVM has ended, however it has
     * @throws IOException if the list cannot be read, or the JVM not be started
     */
    CompletableFuture<Void> make(List<String> java, Path loaded) throws IOException {
        deleteLeftovers();
        Path list = file.resolveSibling(file.getFileName() + ".list");
        String names = Files.readString(loaded);
        try {
            // Its last line may not be whole yet.
            Files.writeString(list, names.substring(0, names.lastIndexOf('\n') + 1), StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException e) {
            return CompletableFuture.completedFuture(null);
        }
        Path made = file.resolveSibling(file.getFileName() + ".new");
        List<String> command = new ArrayList<>(java);
        command.add("-Xshare:dump");
        command.add("-XX:SharedClassListFile=" + list);
        command.add("-XX:SharedArchiveFile=" + made);
        command.add("-cp");
        command.add(classPath());
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.onExit().thenAccept(ended -> {
            try {
                if (ended.exitValue() == 0) {
                    Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
                }
                Files.delete(list);
            } catch (IOException e) {
                // The next JVM starts as this one did.
            }
        });
    }

    /** Of other jars or another Java, and what was never finished. */
    private void deleteLeftovers() throws IOException {
        Instant old = Instant.now().minus(MAKING);
        try (DirectoryStream<Path> archives = Files.newDirectoryStream(folder, PREFIX + "*")) {
            for (Path archive : archives) {
                if (!archive.equals(file)
                        && Files.getLastModifiedTime(archive).toInstant().isBefore(old)) {
                    Files.deleteIfExists(archive);
                }
            }
        }
    }
}

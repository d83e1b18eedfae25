package dev.freshet.cli.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The state folder of a cluster that a command starts for itself alone. One that it has made is deleted when all went well; else it
 * is kept, for its logs. While it is open, an end from outside waits until the command has stopped its processes.
 */
public final class ScratchFolder implements AutoCloseable {

    private static final long STOP_MILLIS = 30_000;

    private final Path path;
    private final boolean given;
    private final Thread stopper;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean stopped;
    private boolean done;

    private ScratchFolder(Path path, boolean given) {
        this.path = path;
        this.given = given;
        this.stopper = new Thread(() -> {
            stopped = true;
            try {
                closed.await(STOP_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /**
     * Opens a folder.
     *
     * @param given the folder to use, which is never deleted; null for a new one
     * @param prefix beginning of the name of a new one
     */
    public static ScratchFolder open(Path given, String prefix) throws IOException {
        ScratchFolder folder =
                new ScratchFolder(given != null ? given : Files.createTempDirectory(prefix), given != null);
        Runtime.getRuntime().addShutdownHook(folder.stopper);
        return folder;
    }

    /** Whether nothing is in a folder, or there is none. */
    public static boolean isUnused(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return !Files.exists(folder);
        }
        try (Stream<Path> content = Files.list(folder)) {
            return content.findAny().isEmpty();
        }
    }

    public Path path() {
        return path;
    }

    /** Whether the process was asked to end. */
    public boolean stopped() {
        return stopped;
    }

    /** Says that all went well, so that the folder is of no more use. */
    public void done() {
        done = true;
    }

    @Override
    public void close() {
        if (!given && (done || stopped)) {
            delete(path);
        }
        try {
            Runtime.getRuntime().removeShutdownHook(stopper);
        } catch (IllegalStateException e) {
            // The process is stopping already: the hook is running.
        }
        closed.countDown();
    }

    /** Deletes a folder with all that it has, as far as it is there; says what it cannot delete. */
    public static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path each : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("cannot delete " + folder + " (" + e + "); delete it by hand");
        }
    }
}

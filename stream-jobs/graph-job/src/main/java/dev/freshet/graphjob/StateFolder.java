package dev.freshet.graphjob;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.OperatorStateHandle;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.filesystem.FileStateHandle;
import org.apache.flink.runtime.state.memory.ByteStreamStateHandle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The folder with the job's checkpoints and savepoints, on a local disk; this process alone uses it while it runs. */
final class StateFolder {

    private static final Logger LOG = LoggerFactory.getLogger(StateFolder.class);
    private static final String METADATA = "_metadata";
    private static final int PROBE_BYTES = 1 << 20;

    private final Path folder;

    /** Held open for the life of the process: a collected channel gives its lock up. */
    private final FileChannel lockFile;

    private StateFolder(Path folder, FileChannel lockFile) {
        this.folder = folder;
        this.lockFile = lockFile;
    }

    /** A completed checkpoint or savepoint. */
    record Completed(Path path, long checkpointId, Set<Path> files) {}

    /**
     * Opens and locks the folder, and creates it if it is missing.
     *
     * @throws IOException with a remedy if it cannot be written or is in use
     */
    static StateFolder open(Path path) throws IOException {
        Path folder = path.toAbsolutePath().normalize();
        FileChannel channel;
        FileLock lock;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(
                    folder.resolve("graph-job.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = channel.tryLock();
        } catch (IOException e) {
            throw new IOException("cannot write to " + folder + " (" + e + "); choose another folder with --state", e);
        }
        if (lock == null) {
            throw new IOException(
                    folder + " is in use by another graph job; stop it, or choose another folder with --state");
        }
        StateFolder state = new StateFolder(folder, channel);
        probe(folder);
        return state;
    }

    /**
     * Writes to a folder what a checkpoint might.
     *
     * @throws IOException with a remedy if that fails
     */
    static void probe(Path folder) throws IOException {
        Path file = folder.resolve(".probe-" + ProcessHandle.current().pid());
        try {
            Files.createDirectories(folder);
            Files.write(file, new byte[PROBE_BYTES]);
        } catch (IOException e) {
            throw new IOException(
                    "cannot write to " + folder + " (" + e + "); free space or mend the permissions, and start again",
                    e);
        } finally {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.debug("probe stays", e);
            }
        }
    }

    Path checkpoints() {
        return folder.resolve("checkpoints");
    }

    Path savepoints() {
        return folder.resolve("savepoints");
    }

    /** Where the job keeps its working state; nothing there outlives the process. */
    Path work() {
        return folder.resolve("work");
    }

    /**
     * The newest checkpoint or savepoint that is complete.
     *
     * @throws IOException with a remedy if there are some, and none can be read
     */
    Optional<Completed> newest() throws IOException {
        Optional<Completed> newest = Optional.empty();
        List<Path> candidates = candidates();
        for (Path candidate : candidates) {
            Optional<Completed> completed = read(candidate);
            if (completed.isPresent()
                    && (newest.isEmpty()
                            || completed.get().checkpointId() > newest.get().checkpointId())) {
                newest = completed;
            }
        }
        if (newest.isEmpty() && !candidates.isEmpty()) {
            throw new IOException("none of the " + candidates.size() + " checkpoints in " + folder
                    + " can be read; if the folder was moved, move it back, for a checkpoint has absolute paths;"
                    + " to build the state from the topics again, delete the folder");
        }
        return newest;
    }

    /** A path as Flink reads it: it escapes blanks and the like by itself. */
    static String uri(Path path) {
        return new org.apache.flink.core.fs.Path(path.toUri()).toString();
    }

    private List<Path> candidates() throws IOException {
        List<Path> candidates = new ArrayList<>();
        for (Path parent : List.of(checkpoints(), savepoints())) {
            if (Files.isDirectory(parent)) {
                try (Stream<Path> found = Files.walk(parent, 3)) {
                    found.filter(path -> path.endsWith(METADATA))
                            .map(Path::getParent)
                            .forEach(candidates::add);
                }
            }
        }
        return candidates;
    }

    private static Optional<Completed> read(Path candidate) {
        Path metadata = candidate.resolve(METADATA);
        try (DataInputStream in = new DataInputStream(Files.newInputStream(metadata))) {
            CheckpointMetadata checkpoint =
                    Checkpoints.loadCheckpointMetadata(in, StateFolder.class.getClassLoader(), uri(candidate));
            Set<Path> files = files(checkpoint);
            files.add(metadata);
            for (Path file : files) {
                if (!Files.exists(file)) {
                    throw new NoSuchFileException(file.toString());
                }
            }
            return Optional.of(new Completed(candidate, checkpoint.getCheckpointId(), files));
        } catch (IOException | RuntimeException e) {
            LOG.warn("passing over {}: {}", candidate, JobOptions.oneLine(e));
            return Optional.empty();
        }
    }

    /** Deletes what a crash has left and {@code kept} does not need. */
    void clean(Optional<Completed> kept) throws IOException {
        Set<Path> files = kept.map(Completed::files).orElseGet(HashSet::new);
        for (Path parent : List.of(checkpoints(), savepoints(), work())) {
            if (!Files.isDirectory(parent)) {
                continue;
            }
            Files.walkFileTree(parent, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    if (!files.contains(file)) {
                        Files.delete(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
                    boolean empty;
                    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
                        empty = !entries.iterator().hasNext();
                    }
                    if (empty) {
                        Files.delete(directory);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        }
    }

    private static Set<Path> files(CheckpointMetadata checkpoint) {
        Set<Path> files = new HashSet<>();
        for (OperatorState operator : checkpoint.getOperatorStates()) {
            add(files, operator.getCoordinatorState());
            for (OperatorSubtaskState subtask : operator.getStates()) {
                for (OperatorStateHandle handle : subtask.getManagedOperatorState()) {
                    add(files, handle.getDelegateStateHandle());
                }
                for (OperatorStateHandle handle : subtask.getRawOperatorState()) {
                    add(files, handle.getDelegateStateHandle());
                }
                for (KeyedStateHandle handle : subtask.getManagedKeyedState()) {
                    addKeyed(files, handle);
                }
                for (KeyedStateHandle handle : subtask.getRawKeyedState()) {
                    addKeyed(files, handle);
                }
            }
        }
        return files;
    }

    private static void addKeyed(Set<Path> files, KeyedStateHandle handle) {
        if (handle instanceof IncrementalRemoteKeyedStateHandle incremental) {
            incremental.getSharedState().forEach(file -> add(files, file.getHandle()));
            incremental.getPrivateState().forEach(file -> add(files, file.getHandle()));
            add(files, incremental.getMetaDataStateHandle());
        } else if (handle instanceof KeyGroupsStateHandle groups) {
            add(files, groups.getDelegateStateHandle());
        } else {
            throw new IllegalStateException("unknown state handle " + handle.getClass());
        }
    }

    private static void add(Set<Path> files, StreamStateHandle handle) {
        if (handle instanceof FileStateHandle file) {
            files.add(Path.of(URI.create(file.getFilePath().toUri().toString())).normalize());
        } else if (handle != null && !(handle instanceof ByteStreamStateHandle)) {
            throw new IllegalStateException("unknown state handle " + handle.getClass());
        }
    }

    /** Gives the folder free. */
    void close() {
        try {
            lockFile.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.freshet.graphjob;

import dev.freshet.graph.snapshot.SnapshotFileWriter;
import dev.freshet.schema.SnapshotFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;

/**
 * The files of one content that one subtask writes: a base, then deltas, until these have some times as many rows as the base or are too
 * many; then a base again. So a reader reads a few times what there is at most, and a writer writes little more than what changes.
 *
 * @param <T> the rows
 */
final class SnapshotChain<T extends SpecificRecordBase> {

    private static final Pattern FILE = Pattern.compile(".+-\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}\\.avro");

    private static final int MAX_FILES = 32;

    /** Most rows of deltas, in bases: the bound on what a reader reads. A base takes longer than its rows in deltas: they are made anew for it. */
    private static final int MAX_DELTAS = 3;

    private final String content;
    private final Class<T> type;
    private final Path folder;
    private final int subtask;
    private final int parallelism;

    private SnapshotFileWriter<T> delta;
    private String deltaPath;
    private boolean changed;
    private boolean rewrite;
    private long baseRows;
    private long deltaRows;
    private final List<String> paths = new ArrayList<>();

    /** Passes every row of the content to a writer. */
    @FunctionalInterface
    interface Rows<T> {
        void forEach(RowWriter<T> writer) throws Exception;
    }

    /** Writes a row. */
    @FunctionalInterface
    interface RowWriter<T> {
        void write(T row) throws IOException;
    }

    /**
     * @param states of all subtasks, before a restart; empty at the first start
     */
    SnapshotChain(
            String content, Class<T> type, String folder, int subtask, int parallelism, Iterable<ChainState> states)
            throws IOException {
        this.content = content;
        this.type = type;
        this.folder = new Path(folder);
        this.subtask = subtask;
        this.parallelism = parallelism;
        for (ChainState state : states) {
            // Without files to go on from, as after a rescale, the next cut writes a base.
            changed |= state.content.equals(content) && state.paths.length > 0;
            if (state.content.equals(content)
                    && state.subtask == subtask
                    && state.parallelism == parallelism
                    && exist(state.paths)) {
                baseRows = state.baseRows;
                deltaRows = state.deltaRows;
                paths.addAll(List.of(state.paths));
            }
        }
        changed &= paths.isEmpty();
    }

    private boolean exist(String[] names) throws IOException {
        FileSystem files = folder.getFileSystem();
        for (String name : names) {
            if (!files.exists(new Path(folder, name))) {
                return false;
            }
        }
        return true;
    }

    /** Notes a changed row. */
    void append(T row) throws IOException {
        if (change()) {
            delta.append(row);
        }
    }

    /** Notes a changed row that is encoded already, as Avro binary. */
    void append(ByteBuffer row) throws IOException {
        if (change()) {
            delta.append(row);
        }
    }

    /** Whether the change goes into a delta, which is open then: where the next file is a base, that is written from the state. */
    private boolean change() throws IOException {
        changed = true;
        if (paths.isEmpty()) {
            return false;
        }
        if (delta == null) {
            deltaPath = newPath();
            delta = open(deltaPath);
        }
        return true;
    }

    /** Makes the next cut write a base, so that no file of it holds what was in the earlier ones. */
    void rewrite() {
        rewrite = true;
        changed |= !paths.isEmpty();
    }

    /**
     * Ends the delta at a barrier.
     *
     * @param rows every row there is, for a base
     * @param part takes the new file, if there is one
     */
    void cut(long checkpointId, Rows<T> rows, CutPart part, List<SnapshotFile> files) throws Exception {
        part.content = content;
        part.subtask = subtask;
        part.parallelism = parallelism;
        part.erased = rewrite;
        if (!changed) {
            rewrite = false;
            return;
        }
        changed = false;
        long added = delta == null ? 0 : delta.records();
        if (delta != null) {
            delta.close();
        }
        if (rewrite || paths.isEmpty() || paths.size() >= MAX_FILES || deltaRows + added > MAX_DELTAS * baseRows) {
            rewrite = false;
            discardDelta();
            String path = newPath();
            SnapshotFileWriter<T> base = open(path);
            try (base) {
                rows.forEach(base::append);
            }
            part.base = true;
            files.add(base.entry(content, path, checkpointId, true));
            baseRows = base.records();
            deltaRows = 0;
            paths.clear();
            paths.add(path);
        } else {
            files.add(delta.entry(content, deltaPath, checkpointId, false));
            deltaRows += added;
            paths.add(deltaPath);
            delta = null;
        }
    }

    private void discardDelta() throws IOException {
        if (delta != null) {
            delta = null;
            folder.getFileSystem().delete(new Path(folder, deltaPath), false);
        }
    }

    ChainState state() {
        ChainState state = new ChainState();
        state.content = content;
        state.subtask = subtask;
        // Files that hold what must go are not gone on from.
        state.parallelism = rewrite ? 0 : parallelism;
        state.baseRows = baseRows;
        state.deltaRows = deltaRows;
        state.paths = paths.toArray(String[]::new);
        return state;
    }

    /** Gives up what is being written. */
    void abort() throws IOException {
        if (delta != null) {
            delta.close();
            discardDelta();
        }
    }

    /** A name that no attempt, before or after a crash, has used or will use. */
    private String newPath() {
        return content + '-' + UUID.randomUUID() + ".avro";
    }

    /** Whether a file has a name as those of snapshots have. */
    static boolean isFile(String name) {
        return FILE.matcher(name).matches();
    }

    private SnapshotFileWriter<T> open(String path) throws IOException {
        return new SnapshotFileWriter<>(
                type, folder.getFileSystem().create(new Path(folder, path), FileSystem.WriteMode.NO_OVERWRITE));
    }
}

package dev.freshet.graphjob;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.content.ContentGraphs;
import dev.freshet.graph.content.Pace;
import dev.freshet.graph.incremental.UserLinks;
import dev.freshet.schema.NeighborList;
import dev.freshet.topic.Keys;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Holds the vectors of all items; its second input are all users' live items. At the barrier it brings the graphs by content up to
 * date, sends the lists that changed to the topic neighbors, and writes the graphs of snapshots. One subtask, which uses all cores
 * for that: every vector is compared with all others. The state are the lists; vectors and users' items come again after a restart.
 *
 * <p>What takes longer than a barrier may is computed beside the stream: the cut is late then, what comes in meanwhile waits, and the lists go
 * out with the first checkpoint after; or, where something was erased meanwhile, once they are without it. While something comes in, which others
 * are busy with too, such work has a share of the processors and no more. While much is coming in it is not begun, since comparing would do the same work over and over: until less than a tenth of what is put off came since the last barrier, the graphs
 * stay behind, and cuts make no snapshots.
 *
 * <p>After each computation, a few nodes of one graph are compared with all, beside the stream, to see how many of the true neighbors its lists
 * have. A barrier does not wait for that.
 */
final class VectorGraphs extends AbstractStreamOperator<Outbound>
        implements TwoInputStreamOperator<ItemVector, NodeBatch, Outbound> {

    private static final long serialVersionUID = 1L;

    /** Multiplications that any barrier may take: about a tenth of a second on two cores. */
    static final long MAX_WORK = 2_000_000_000L;

    private static final int LULL = 10;

    /** While something comes in, the work beside the stream rests at least this many times as long as it works; see {@link Pace}. */
    private static final int REST = 3;

    /** Bytes of vectors and of users' items that wait, about; beyond, the stream waits until the work is done. */
    private static final long MAX_WAITING = 64 << 20;

    /** As often in a row is work undone by erasures; then it is done at the barrier. */
    private static final int MAX_UNDONE = 2;

    /** Nodes whose lists are checked after a computation. */
    private static final int SAMPLE = 8;

    /** Checks of a graph that its recall is the mean of. */
    private static final int CHECKS = 20;

    private static final long STOP_SECONDS = 10;

    private final String folder;
    private final int topK;
    private final int exactUpTo;
    private final long maxWork;
    private transient ContentGraphs graphs;
    private transient PutOffLists store;
    private transient GraphOutput lists;
    private transient Pace pace;
    private transient ExecutorService beside;
    /** The work beside the stream, which has the graphs until it is done; null when there is none. */
    private transient Future<Flushed> running;

    /** The check of some lists, which has the graphs until it is done or stopped; null when there is none. */
    private transient Future<?> checking;

    private transient volatile boolean stopChecking;
    /** Of the last checks of each graph. */
    private transient Map<String, RunningMean> recalls;
    /** For samples alone: no state and no list depends on it. */
    private transient RandomGenerator random;

    private transient int checks;

    /** The cut that it is for. */
    private transient long lateCut;

    /** Whether something was erased since. */
    private transient boolean erased;

    private transient int undone;
    /** Lists that were computed and have not gone out, by their keys. */
    private transient Map<String, NeighborList> unsent;

    private transient List<Runnable> waiting;
    private transient long waitingBytes;
    /** Whether something came since the last barrier, and since the one before. */
    private transient boolean came;

    private transient boolean busy;
    private transient long changesAtBarrier;
    private transient long changesAtFlush;
    private transient long flushMillis;

    /** Lists that changed, and the time that it took. */
    private record Flushed(List<NeighborList> lists, long nanos) {}

    VectorGraphs(String folder, GraphSettings settings) {
        this(folder, settings, MAX_WORK);
    }

    VectorGraphs(String folder, GraphSettings settings, long maxWork) {
        this.folder = folder;
        this.topK = settings.contentTopK();
        this.exactUpTo = settings.contentExact();
        this.maxWork = maxWork;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        store = new PutOffLists(
                new KeyedStores(getKeyedStateBackend(), context.getKeyedStateStore()).lists("content-lists"));
        pace = new Pace();
        graphs = new ContentGraphs(
                topK, Runtime.getRuntime().availableProcessors(), exactUpTo, store, context.isRestored(), pace);
        lists = new GraphOutput(context, folder, getRuntimeContext().getTaskInfo(), output);
        waiting = new ArrayList<>();
        unsent = new LinkedHashMap<>();
        recalls = new ConcurrentHashMap<>();
        random = new SplittableRandom();
        beside = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "content-graphs");
            thread.setDaemon(true);
            return thread;
        });
        JobMetric.CONTENT_MILLIS.gauge(getMetricGroup(), () -> flushMillis);
    }

    @Override
    public void processElement1(StreamRecord<ItemVector> element) throws Exception {
        ItemVector update = element.getValue();
        if (update.modality == null) {
            erase();
        } else if (update.vector == null) {
            apply(update.item.length(), () -> graphs.remove(update.modality, update.item));
        } else {
            apply(
                    (long) update.vector.length * Float.BYTES,
                    () -> graphs.put(update.modality, update.item, update.vector));
        }
    }

    @Override
    public void processElement2(StreamRecord<NodeBatch> element) throws Exception {
        NodeBatch batch = element.getValue();
        if (batch.erased) {
            erase();
        }
        apply(batch.data.length, () -> UserLinks.apply(batch.data, graphs::link));
    }

    private void erase() {
        lists.rewrite();
        erased |= running != null;
    }

    private void apply(long bytes, Runnable input) throws Exception {
        came = true;
        if (checking != null && checking.isDone()) {
            endCheck();
        }
        if (running == null && checking == null) {
            input.run();
        } else {
            waiting.add(input);
            waitingBytes += bytes;
            if (waitingBytes > MAX_WAITING) {
                endCheck();
                awaitRunning();
            }
        }
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        endCheck();
        busy = came;
        came = false;
        if (running == null) {
            graphs.restore();
            bring(checkpointId, false);
        } else if (running.isDone()) {
            take(awaitRunning());
            if (erased) {
                applyWaiting();
                anew(checkpointId);
            } else {
                undone = 0;
                say(part -> part.completes = true);
                cut(lateCut, true);
                if (waiting.isEmpty()) {
                    startCheck();
                } else {
                    applyWaiting();
                    bring(checkpointId, true);
                }
            }
        } else {
            setPace();
            say(part -> part.behind = true);
        }
    }

    private void setPace() {
        pace.rest(busy ? REST : 0);
    }

    /**
     * Brings the graphs up to date, or lets them stay behind.
     *
     * @param landed whether this barrier's files are those of a cut that was late
     */
    private void bring(long checkpointId, boolean landed) throws Exception {
        boolean due = isDue();
        boolean heavy = graphs.work() > maxWork;
        if (heavy ? !due : landed) {
            say(part -> part.behind = true);
        } else if (heavy) {
            start(checkpointId);
        } else {
            flush(checkpointId);
        }
    }

    /** What was computed names what is erased: none of it goes out before it is without. */
    private void anew(long checkpointId) throws Exception {
        erased = false;
        isDue();
        if (++undone < MAX_UNDONE && graphs.work() > maxWork) {
            start(checkpointId);
        } else {
            undone = 0;
            flush(checkpointId);
        }
    }

    private void applyWaiting() {
        waiting.forEach(Runnable::run);
        waiting.clear();
        waitingBytes = 0;
    }

    private boolean isDue() {
        long changes = graphs.changes();
        long since = changes - changesAtBarrier;
        changesAtBarrier = changes;
        return since == 0 || LULL * since <= changes - changesAtFlush;
    }

    private void say(Consumer<CutPart> what) {
        CutPart part = new CutPart();
        what.accept(part);
        output.collect(Cut.TAG, new StreamRecord<>(part));
    }

    private void flush(long checkpointId) throws Exception {
        boolean changed = graphs.changes() != changesAtFlush;
        changesAtFlush = graphs.changes();
        pace.rest(0);
        long start = System.nanoTime();
        graphs.flush(checkpointId, unsent.isEmpty() ? lists::send : this::keep);
        flushMillis = (System.nanoTime() - start) / 1_000_000;
        cut(checkpointId, false);
        if (changed) {
            startCheck();
        }
    }

    private void startCheck() {
        checking = beside.submit(() -> {
            try {
                check();
            } catch (RuntimeException e) {
                LOG.warn("the recall of lists by content could not be measured", e);
            }
        });
    }

    /** Compares some nodes of one graph with all; for whoever has the graphs, right after they were brought up to date. */
    private void check() {
        List<String> names = List.copyOf(graphs.nearest());
        if (!names.isEmpty()) {
            String graph = names.get(checks++ % names.size());
            graphs.recall(graph, SAMPLE, random, () -> stopChecking)
                    .ifPresent(recall ->
                            recalls.computeIfAbsent(graph, this::recallGauge).add(recall));
        }
    }

    private RunningMean recallGauge(String graph) {
        RunningMean recall = new RunningMean(CHECKS);
        JobMetric.KNN_RECALL.gauge(getMetricGroup(), graph, recall::value);
        return recall;
    }

    /** Stops a check, if there is one, and takes in what came meanwhile. */
    private void endCheck() throws InterruptedException {
        if (checking != null) {
            stopChecking = true;
            result(checking);
            stopChecking = false;
            checking = null;
            applyWaiting();
        }
    }

    private static <T> T result(Future<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("cannot bring the graphs by content up to date", e.getCause());
        }
    }

    private void keep(NeighborList list) {
        unsent.put(Keys.neighbors(list.getGraph(), list.getNode()), list);
    }

    private void start(long checkpointId) {
        changesAtFlush = graphs.changes();
        lateCut = checkpointId;
        setPace();
        running = beside.submit(() -> {
            long start = System.nanoTime();
            List<NeighborList> changed = new ArrayList<>();
            graphs.flush(checkpointId, changed::add);
            return new Flushed(changed, System.nanoTime() - start);
        });
        say(part -> part.late = true);
    }

    /** Waits for the work beside the stream, if there is any; its result is due at a barrier. */
    Flushed awaitRunning() throws InterruptedException {
        pace.rest(0);
        return running == null ? null : result(running);
    }

    private void take(Flushed flushed) {
        running = null;
        flushMillis = flushed.nanos() / 1_000_000;
        flushed.lists().forEach(this::keep);
    }

    /** Lets the lists go out that were kept, and writes the graphs' part of a cut. */
    private void cut(long checkpointId, boolean completes) throws Exception {
        unsent.values().forEach(lists::send);
        unsent.clear();
        store.write();
        // A graph whose vectors have all gone is not known any more after a restart, its files are.
        Set<String> all = lists.graphs();
        all.addAll(graphs.names());
        for (String graph : all) {
            Map<String, Double> means = graphs.meanCosines();
            means.keySet().removeIf(modality -> !graph.equals(GraphNames.itemContent(modality)));
            CutPart part = new CutPart();
            part.completes = completes;
            lists.cut(
                    graph,
                    checkpointId,
                    graphs.nodes(graph),
                    graphs.edges(graph),
                    means,
                    sink -> graphs.forEach(graph, sink),
                    part);
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        lists.save();
    }

    @Override
    public void close() throws Exception {
        if (beside != null) {
            stopChecking = true;
            beside.shutdownNow();
            // The next attempt in this JVM has vectors of its own.
            beside.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        }
        if (lists != null) {
            lists.abort();
        }
        super.close();
    }
}

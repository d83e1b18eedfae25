package dev.freshet.graphjob;

import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.PairRank;
import dev.freshet.graph.incremental.DeltaBatches;
import dev.freshet.graph.incremental.ErasedIds;
import dev.freshet.graph.incremental.IdAssigner;
import dev.freshet.graph.incremental.IdStore;
import dev.freshet.graph.incremental.InteractionSets;
import dev.freshet.graph.incremental.NodeTable;
import dev.freshet.graph.incremental.NodeUpdates;
import dev.freshet.graph.incremental.PairDeltas;
import dev.freshet.graph.incremental.SetChanges;
import dev.freshet.graph.incremental.UserLinks;
import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.SnapshotFile;
import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/**
 * Holds every user's interactions, keyed by the user's shard; its second input are news of items and how far time has come, broadcast. Sends
 * changes of membership for {@link SetPairs} and, where items are not cut, of item rows; news of users; and writes the interactions of
 * snapshots. What expires or is erased leaves at the barrier, when all that came before it is here.
 */
final class UserSets extends AbstractStreamOperator<ShardBatch>
        implements TwoInputStreamOperator<Event, NodeBatch, ShardBatch> {

    private static final long serialVersionUID = 1L;

    static final OutputTag<ShardBatch> MEMBERSHIPS = new OutputTag<>("memberships", Types.POJO(ShardBatch.class));
    static final OutputTag<NodeBatch> USERS = new OutputTag<>("users", Types.POJO(NodeBatch.class));

    /** Changes of users' live items, without cuts, once items have vectors: all of them first, and again after a restart. */
    static final OutputTag<NodeBatch> LINKS = new OutputTag<>("user-links", Types.POJO(NodeBatch.class));

    /** Pair updates that are put off, so that they can be consolidated. */
    private static final long MAX_WORK = 1 << 24;

    private static final long MAX_BUFFERED = 1 << 18;

    private final String folder;
    private final GraphSettings settings;
    private transient IdStore idStore;
    private transient IdAssigner ids;
    private transient ErasedIds erased;
    private transient Int2LongOpenHashMap erasedNow;
    private transient boolean userErased;
    private transient InteractionSets sets;
    private transient PairDeltas pairs;
    private transient DeltaBatches rowBatches;
    private transient SetChanges memberships;
    private transient NodeUpdates users;
    private transient UserLinks links;
    private transient boolean linksWanted;
    private transient boolean linksSent;
    private transient NodeTable items;
    private transient ChainStates chainStates;
    private transient SnapshotChain<LiveInteraction> chain;
    private transient Changes changes;
    private transient long latest;
    private transient ListState<Long> latestState;
    private transient ListState<String> fixedState;
    private transient boolean restored;

    UserSets(String folder, GraphSettings settings) {
        this.folder = folder;
        this.settings = settings;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        KeyedStores stores = new KeyedStores(getKeyedStateBackend(), context.getKeyedStateStore());
        idStore = stores.ids("user-ids");
        ids = new IdAssigner(idStore);
        erased = new ErasedIds(stores.erasures("erased-users"));
        erasedNow = new Int2LongOpenHashMap();
        sets = new InteractionSets(stores.nodes("interactions"), settings);
        pairs = new PairDeltas();
        rowBatches = new DeltaBatches(
                Batches.BYTES, (shard, batch) -> output.collect(new StreamRecord<>(new ShardBatch(shard, batch))));
        memberships = new SetChanges(settings.fMax() != GraphSettings.UNLIMITED);
        users = new NodeUpdates();
        links = new UserLinks();
        items = new NodeTable();
        changes = new Changes();
        chainStates = new ChainStates(context);
        chain = new SnapshotChain<>(
                SnapshotContent.INTERACTIONS,
                LiveInteraction.class,
                folder,
                getRuntimeContext().getTaskInfo().getIndexOfThisSubtask(),
                getRuntimeContext().getTaskInfo().getNumberOfParallelSubtasks(),
                chainStates.restored());
        latestState = context.getOperatorStateStore()
                .getUnionListState(new ListStateDescriptor<>("latest-event-time", Types.LONG));
        latest = Long.MIN_VALUE;
        for (long time : latestState.get()) {
            latest = Math.max(latest, time);
        }
        restored = context.isRestored();
        fixedState = context.getOperatorStateStore()
                .getUnionListState(new ListStateDescriptor<>("fixed-settings", Types.STRING));
        checkSettings();
        JobMetric.PAIR_UPDATES.gauge(getMetricGroup(), sets::pairUpdates);
    }

    /** The state of all operators goes with these settings: with others it would have to be made anew. */
    private void checkSettings() throws Exception {
        if (!restored) {
            return;
        }
        Set<String> before = new TreeSet<>();
        fixedState.get().forEach(before::add);
        if (!before.equals(Set.of(fixedSettings()))) {
            throw new SuppressRestartsException(new IllegalStateException("the state was made with "
                    + (before.isEmpty() ? "another version" : String.join("; ", before))
                    + ", this job has " + fixedSettings()
                    + ": go on with the same, or start with an empty state, which is made anew from the topics"));
        }
    }

    private String fixedSettings() {
        Map<String, String> all = settings.toMap();
        all.keySet().retainAll(List.of("content-top-k", "f-max", "k-max", "window"));
        all.put("user-cooccurrence", settings.userCooccurrenceTopK() == 0 ? "off" : "on");
        return all.toString();
    }

    /** After a restart, before anything changes: those who score rows have forgotten the users. */
    private void greet() {
        if (restored) {
            restored = false;
            idStore.forEach((name, id) -> {
                users.name(id, name);
                Batches.sendIfFull(users, USERS, output);
            });
            sets.restore((user, size) -> {
                users.degree(user, size);
                Batches.sendIfFull(users, USERS, output);
            });
        }
    }

    @Override
    public void processElement1(StreamRecord<Event> element) {
        greet();
        Event event = element.getValue();
        int user = ids.find(event.user);
        if (ErasureIntake.isOfUser(event)) {
            if (erased.erase(event.user, event.eventTime)) {
                // Files may hold one who has expired.
                userErased = true;
                if (user >= 0) {
                    erasedNow.put(user, event.eventTime);
                }
            }
            return;
        }
        if (erased.covers(event.user, event.eventTime) || sets.isExpired(event.eventTime)) {
            return;
        }
        if (user < 0) {
            user = ids.assign(event.user);
            users.name(user, event.user);
        }
        items.setName(event.itemId, event.item);
        sets.apply(
                user,
                event.user,
                new InteractionSets.Entry(
                        event.itemId,
                        event.live,
                        event.action,
                        event.weight,
                        event.eventTime,
                        event.partition,
                        event.offset),
                settings.cuts() ? PairRank.hash(event.item) : 0);
        if (sets.work() > MAX_WORK || sets.buffered() > MAX_BUFFERED) {
            flush();
        }
    }

    @Override
    public void processElement2(StreamRecord<NodeBatch> element) {
        NodeUpdates.apply(element.getValue().data, items);
        latest = Math.max(latest, element.getValue().eventTime);
        linksWanted |= element.getValue().vectors;
    }

    private void flush() {
        sets.flush(pairs, changes);
        memberships.flush(
                (shard, batch) -> output.collect(MEMBERSHIPS, new StreamRecord<>(new ShardBatch(shard, batch))));
        pairs.drain(rowBatches);
        rowBatches.flush();
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        greet();
        if (userErased || !items.erased().isEmpty()) {
            chain.rewrite();
            NodeBatch erasure = new NodeBatch();
            erasure.erased = true;
            output.collect(LINKS, new StreamRecord<>(erasure));
            if (userErased) {
                userErased = false;
                output.collect(USERS, new StreamRecord<>(erasure));
            }
        }
        sets.drop(items.erased(), erasedNow, latest, this::flush);
        erasedNow.clear();
        flush();
        Batches.send(users, USERS, output);
        sendLinks();

        CutPart part = new CutPart();
        List<SnapshotFile> files = new ArrayList<>();
        chain.cut(checkpointId, this::writeAll, part, files);
        part.manifest = Cut.manifest(
                files, Map.of("users", sets.liveUsers(), "interactions", sets.liveInteractions()), List.of());
        output.collect(Cut.TAG, new StreamRecord<>(part));
        items.settle();
    }

    private void sendLinks() {
        if (linksWanted && !linksSent) {
            // Not before the barrier: the names of items have come by now.
            linksSent = true;
            sets.forEachLive(this::link);
        }
        Batches.send(links, LINKS, output);
    }

    private void link(String user, InteractionSets.Entry entry) {
        links.change(user, items.name(entry.item()), entry.live());
        if (links.size() >= Batches.BYTES) {
            Batches.send(links, LINKS, output);
        }
    }

    private void writeAll(SnapshotChain.RowWriter<LiveInteraction> writer) {
        sets.forEachLive((user, entry) -> {
            try {
                writer.write(row(user, entry));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private LiveInteraction row(String user, InteractionSets.Entry entry) {
        return new LiveInteraction(
                user,
                items.name(entry.item()),
                entry.live(),
                entry.action(),
                entry.weight(),
                Instant.ofEpochMilli(entry.eventTime()),
                entry.partition(),
                entry.offset());
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        chainStates.save(List.of(chain));
        latestState.update(List.of(latest));
        fixedState.update(List.of(fixedSettings()));
    }

    @Override
    public void close() throws Exception {
        if (chain != null) {
            chain.abort();
        }
        super.close();
    }

    private final class Changes implements InteractionSets.Sink {
        @Override
        public void interaction(String user, InteractionSets.Entry entry) {
            if (linksSent) {
                link(user, entry);
            }
            try {
                chain.append(row(user, entry));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void membership(int user, int item, long rank, boolean add) {
            memberships.change(item, user, rank, add);
        }

        @Override
        public void degree(int user, int size) {
            users.degree(user, size);
            Batches.sendIfFull(users, USERS, output);
        }

        @Override
        public void gone(int user, String name) {
            ids.forget(name);
            users.gone(user);
        }
    }
}

package dev.freshet.graphjob;

import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.graph.snapshot.SnapshotReader;
import dev.freshet.schema.SnapshotFile;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the parts of a cut together into a manifest, which goes out in the transaction of the checkpoint: it is there when the
 * checkpoint is. One subtask. Nothing goes out when nothing was read since the last manifest, unless a snapshot was asked for, nor
 * while a part is behind the cut. A cut with a part that is late is held until the part comes: its manifest goes out with that checkpoint. Manifests that are old and superseded get a tombstone, and files that no manifest names any more are
 * deleted. The last few stay, but for those from before an erasure.
 */
final class ManifestAssembler extends AbstractStreamOperator<Outbound>
        implements OneInputStreamOperator<CutPart, Outbound> {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(ManifestAssembler.class);
    private static final Pattern ID = Pattern.compile("snapshot-(\\d{12})");
    private static final int MIN_RETAINED = 3;

    private final String folder;
    private final HashMap<String, String> settings;
    private final long retentionMillis;
    private final Schemas schemas;
    private final Earlier earlier;

    private transient Map<String, Part> parts;
    private transient Map<String, Position> positions;
    private transient long featureVersion;
    private transient Deque<Published> published;
    private transient boolean changed;
    private transient boolean requested;
    private transient long number;
    private transient boolean erased;
    /** Snapshots of lower numbers hold what is erased. */
    private transient long cleanSince;

    private transient boolean behind;
    private transient boolean late;
    private transient boolean completed;
    /** Keys of the parts that were late. */
    private transient Set<String> completing;
    /** Whether these are without what is erased, as the others of their cut are. */
    private transient boolean cleaned;
    /** The cut that waits for them, or null. */
    private transient Snapshot held;

    /** Files that the next snapshot will name, and those heard of since the last checkpoint. */
    private transient Set<String> files;
    /** Young files that nobody named when this attempt started: its own, or of one that failed. */
    private transient Set<String> orphans;

    private transient long orphansFrom;

    /** Whether no snapshot has gone out since there was no state. */
    private transient boolean unswept;

    private transient Set<String> earlierLists;
    /** Files to delete once the checkpoint that forgets them is complete. */
    private transient TreeMap<Long, Set<String>> garbage;

    private transient ListState<CutPart> partState;
    private transient ListState<PublishedSnapshot> publishedState;
    private transient ListState<Long> numberState;
    private transient Counter snapshots;

    private static final class Part {
        private final String content;
        private final int subtask;
        private final int parallelism;
        private final List<SnapshotFile> files = new ArrayList<>();
        private Map<String, Long> counts = Map.of();
        private Map<String, Double> meanCosines = Map.of();

        Part(CutPart part) {
            content = part.content;
            subtask = part.subtask;
            parallelism = part.parallelism;
        }

        Part(Part other) {
            content = other.content;
            subtask = other.subtask;
            parallelism = other.parallelism;
            files.addAll(other.files);
            counts = other.counts;
            meanCosines = other.meanCosines;
        }
    }

    /**
     * What a manifest says of a cut.
     *
     * @param superseded files that the job has ceased to name since
     */
    private record Snapshot(
            long checkpointId,
            Map<String, Part> parts,
            List<TopicOffset> offsets,
            Instant watermark,
            long featureVersion,
            Set<String> superseded) {}

    private record Position(TopicOffset offset, long eventTime) {}

    /** A snapshot that is not retired, and the files that it is the last one to name: as one that is named no more never is again. */
    private record Published(long number, long createdAt, Set<String> files) {}

    /** What the topics have of a job before this one; asked when there is no state. */
    interface Earlier extends Serializable {

        /** The manifests, by id ascending. */
        List<SnapshotManifest> manifests() throws Exception;

        /** Keys of the lists on the topic neighbors. */
        Set<String> lists() throws Exception;
    }

    ManifestAssembler(
            String folder, Map<String, String> settings, Duration retention, Schemas schemas, Earlier earlier) {
        this.schemas = schemas;
        this.earlier = earlier;
        this.folder = folder;
        this.settings = new HashMap<>(settings);
        this.retentionMillis = retention.toMillis();
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        schemas.follow();
        parts = new TreeMap<>();
        positions = new TreeMap<>();
        published = new ArrayDeque<>();
        files = new HashSet<>();
        orphans = new HashSet<>();
        completing = new HashSet<>();
        garbage = new TreeMap<>();
        partState = context.getOperatorStateStore()
                .getListState(new ListStateDescriptor<>("parts", Types.POJO(CutPart.class)));
        publishedState = context.getOperatorStateStore()
                .getListState(new ListStateDescriptor<>("published-snapshots", Types.POJO(PublishedSnapshot.class)));
        for (CutPart part : partState.get()) {
            merge(part);
        }
        for (PublishedSnapshot snapshot : publishedState.get()) {
            published.add(
                    new Published(snapshot.number, snapshot.createdAt, new HashSet<>(List.of(snapshot.lastNamed))));
        }
        changed = false;
        snapshots = JobMetric.SNAPSHOTS.counter(getMetricGroup());
        numberState = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("number", Types.LONG));
        if (context.isRestored()) {
            for (long saved : numberState.get()) {
                number = saved;
            }
        } else {
            takeOver(earlier.manifests());
            unswept = true;
        }
        earlierLists = unswept ? earlier.lists() : Set.of();
        findOrphans();
    }

    /** Numbers go on where a job that has lost its state ended, and its snapshots are retired like one's own. */
    private void takeOver(List<SnapshotManifest> manifests) {
        Map<String, Published> last = new TreeMap<>();
        for (SnapshotManifest manifest : manifests) {
            Matcher id = ID.matcher(manifest.getSnapshotId());
            if (!id.matches()) {
                LOG.warn("snapshot {} is not this job's: passed over", manifest.getSnapshotId());
                continue;
            }
            number = Long.parseLong(id.group(1));
            if (manifest.getLocation().equals(location())) {
                Published snapshot =
                        new Published(number, manifest.getCreatedAt().toEpochMilli(), new HashSet<>());
                published.add(snapshot);
                manifest.getFiles().forEach(file -> last.put(file.getPath(), snapshot));
            }
        }
        last.forEach((path, snapshot) -> snapshot.files().add(path));
    }

    private static String id(long number) {
        return String.format(Locale.ROOT, "snapshot-%012d", number);
    }

    private String location() {
        return new Path(folder).toUri().toString();
    }

    private long now() {
        return getProcessingTimeService().getCurrentProcessingTime();
    }

    /**
     * Deletes files of attempts that failed. Young ones may be another task's of this attempt, or of a snapshot that someone is reading, and that
     * came after the checkpoint that this attempt goes on from: they wait for the retention.
     */
    private void findOrphans() throws Exception {
        Path root = new Path(folder);
        FileSystem system = root.getFileSystem();
        Set<String> named = named();
        orphansFrom = now() + retentionMillis;
        FileStatus[] found = system.exists(root) ? system.listStatus(root) : new FileStatus[0];
        for (FileStatus file : found) {
            String name = file.getPath().getName();
            if (!file.isDir() && SnapshotChain.isFile(name) && !named.contains(name)) {
                if (file.getModificationTime() < now() - retentionMillis) {
                    system.delete(file.getPath(), false);
                } else {
                    orphans.add(name);
                }
            }
        }
    }

    @Override
    public void processElement(StreamRecord<CutPart> element) {
        merge(element.getValue());
    }

    private void merge(CutPart update) {
        requested |= update.requested;
        erased |= update.erased && !update.completes;
        cleaned |= update.erased && update.completes;
        cleanSince = Math.max(cleanSince, update.cleanSince);
        unswept |= update.unswept;
        behind |= update.behind;
        late |= update.late;
        completed |= update.completes;
        featureVersion += update.featureChanges;
        if (update.manifest == null) {
            return;
        }
        SnapshotManifest manifest = Cut.manifest(update.manifest);
        for (int p = 0; p < manifest.getOffsets().size(); p++) {
            TopicOffset offset = manifest.getOffsets().get(p);
            String key = String.format(Locale.ROOT, "%s-%010d", offset.getTopic(), offset.getPartition());
            Position before = positions.get(key);
            long eventTime = update.eventTimes[p];
            positions.put(
                    key, new Position(offset, before == null ? eventTime : Math.max(eventTime, before.eventTime())));
            // A command changes no graph.
            changed |= !offset.getTopic().equals(Topic.CONTROL.name());
        }
        if (update.content.isEmpty()) {
            return;
        }
        // After a change of parallelism, the content is split in another way.
        parts.values().removeIf(part -> part.content.equals(update.content) && part.parallelism != update.parallelism);
        String partKey = update.content + '-' + update.subtask;
        Part part = parts.computeIfAbsent(partKey, key -> new Part(update));
        if (update.base) {
            part.files.clear();
        }
        part.files.addAll(manifest.getFiles());
        part.counts = manifest.getCounts();
        part.meanCosines = manifest.getMeanCosines();
        manifest.getFiles().forEach(file -> files.add(file.getPath()));
        if (update.completes) {
            completing.add(partKey);
        }
        // What completes a cut that is held goes out with it.
        changed |= !manifest.getFiles().isEmpty() && !(update.completes && held != null);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        if (erased) {
            changed = true;
            giveUpHeld();
        }
        if (erased || cleaned) {
            erased = false;
            cleaned = false;
            cleanSince = number + 1;
        }
        supersede();
        if (completed && held != null) {
            completing.forEach(key -> held.parts().put(key, parts.get(key)));
            publish(held);
            held = null;
        }
        completing.clear();
        if ((changed || requested) && !behind) {
            changed = false;
            requested = false;
            if (late) {
                held = cut(checkpointId);
            } else {
                publish(cut(checkpointId));
            }
        }
        completed = false;
        behind = false;
        late = false;
        Set<String> due = retire();
        if (now() >= orphansFrom && !orphans.isEmpty()) {
            // By its first barrier, an attempt has named what is its own.
            orphans.removeAll(named());
            due.addAll(orphans);
            orphans.clear();
        }
        if (!due.isEmpty()) {
            garbage.put(checkpointId, due);
        }
    }

    /** Notes that from now on, files are named no more, but by the snapshots that there are. */
    private void supersede() {
        Set<String> dropped = new HashSet<>(files);
        files.clear();
        parts.values().forEach(part -> part.files.forEach(file -> files.add(file.getPath())));
        dropped.removeAll(files);
        if (held == null) {
            release(dropped);
        } else {
            held.superseded().addAll(dropped);
        }
    }

    /** Notes files that no later snapshot names than those that there are. */
    private void release(Set<String> paths) {
        if (published.isEmpty()) {
            orphans.addAll(paths);
        } else {
            published.getLast().files().addAll(paths);
        }
    }

    /** The cut that is held has what was erased since. */
    private void giveUpHeld() {
        if (held != null) {
            release(held.superseded());
            held = null;
        }
    }

    private Snapshot cut(long checkpointId) {
        Map<String, Part> copies = new TreeMap<>();
        parts.forEach((key, part) -> copies.put(key, new Part(part)));
        return new Snapshot(
                checkpointId,
                copies,
                positions.values().stream().map(Position::offset).toList(),
                watermark(),
                featureVersion,
                new HashSet<>());
    }

    private void publish(Snapshot cut) throws Exception {
        List<SnapshotFile> all = new ArrayList<>();
        Map<String, Long> counts = new TreeMap<>();
        Map<String, Double> meanCosines = new TreeMap<>();
        for (Part part : cut.parts().values()) {
            all.addAll(part.files);
            part.counts.forEach((name, count) -> counts.merge(name, count, Long::sum));
            meanCosines.putAll(part.meanCosines);
        }
        SnapshotManifest manifest = SnapshotManifest.newBuilder()
                .setSnapshotId(id(++number))
                .setCheckpointId(cut.checkpointId())
                .setCreatedAt(Instant.ofEpochMilli(now()))
                .setWatermark(cut.watermark())
                .setOffsets(cut.offsets())
                .setLocation(location())
                .setFiles(all)
                .setCounts(counts)
                .setMeanCosines(meanCosines)
                .setFeatureVersion(cut.featureVersion())
                .setSettings(settings)
                .setJobVersion(JobVersion.get())
                .build();
        published.add(new Published(number, manifest.getCreatedAt().toEpochMilli(), cut.superseded()));
        snapshots.inc();
        send(number, Topic.GRAPH_SNAPSHOTS.codec().encode(manifest));
        if (unswept) {
            unswept = false;
            sweep();
        }
    }

    /** Withdraws the lists that a job before this one has left, and that this one does not have. */
    private void sweep() throws IOException {
        Set<String> stale = new HashSet<>(earlierLists);
        earlierLists = Set.of();
        if (stale.isEmpty()) {
            return;
        }
        // As of this barrier: a cut that was held does not have what has gone out since.
        List<SnapshotFile> present = new ArrayList<>();
        parts.values().forEach(part -> present.addAll(part.files));
        for (SnapshotFile file : present) {
            if (!file.getContent().equals(SnapshotContent.INTERACTIONS)
                    && !file.getContent().equals(SnapshotContent.ITEMS)) {
                Path path = new Path(folder, file.getPath());
                try (InputStream in = path.getFileSystem().open(path)) {
                    SnapshotReader.forEachList(
                            in, list -> stale.remove(Keys.neighbors(list.getGraph(), list.getNode())));
                }
            }
        }
        stale.forEach(key -> output.collect(
                new StreamRecord<>(new Outbound(Topic.NEIGHBORS.name(), key.getBytes(StandardCharsets.UTF_8), null))));
    }

    /** The greatest event time. */
    private Instant watermark() {
        return positions.values().stream()
                .filter(position -> position.eventTime() != Long.MIN_VALUE)
                .map(position -> Instant.ofEpochMilli(position.eventTime()))
                .max(Instant::compareTo)
                .orElse(null);
    }

    /** Returns the files that go with the snapshots. */
    private Set<String> retire() {
        long latest = now() - retentionMillis;
        Set<String> due = new HashSet<>();
        while (!published.isEmpty()
                && (published.size() > MIN_RETAINED || published.peek().number() < cleanSince)
                && published.peek().createdAt() < latest) {
            Published snapshot = published.remove();
            send(snapshot.number(), null);
            due.addAll(snapshot.files());
        }
        return due;
    }

    private void send(long snapshot, byte[] manifest) {
        output.collect(new StreamRecord<>(
                new Outbound(Topic.GRAPH_SNAPSHOTS.name(), id(snapshot).getBytes(StandardCharsets.UTF_8), manifest)));
    }

    /** Paths of all files that a retained snapshot names, or the next one will. */
    private Set<String> named() {
        Set<String> named = new HashSet<>(files);
        published.forEach(snapshot -> named.addAll(snapshot.files()));
        if (held != null) {
            named.addAll(held.superseded());
        }
        return named;
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        partState.clear();
        for (Part part : parts.values()) {
            CutPart saved = new CutPart();
            saved.content = part.content;
            saved.subtask = part.subtask;
            saved.parallelism = part.parallelism;
            saved.manifest = Cut.manifest(part.files, part.counts, List.of(), part.meanCosines);
            partState.add(saved);
        }
        CutPart input = new CutPart();
        input.featureChanges = featureVersion;
        input.cleanSince = cleanSince;
        input.unswept = unswept;
        // A snapshot that was held back is still due after a restart.
        input.requested = changed || requested || held != null;
        input.manifest = Cut.manifest(
                List.of(),
                Map.of(),
                positions.values().stream().map(Position::offset).toList());
        input.eventTimes =
                positions.values().stream().mapToLong(Position::eventTime).toArray();
        partState.add(input);
        numberState.update(List.of(number));
        publishedState.clear();
        for (Published snapshot : published) {
            Set<String> lastNamed = new HashSet<>(snapshot.files());
            if (held != null && snapshot.equals(published.getLast())) {
                // A restart gives the cut up.
                lastNamed.addAll(held.superseded());
            }
            PublishedSnapshot saved = new PublishedSnapshot();
            saved.number = snapshot.number();
            saved.createdAt = snapshot.createdAt();
            saved.lastNamed = lastNamed.toArray(String[]::new);
            publishedState.add(saved);
        }
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        super.notifyCheckpointComplete(checkpointId);
        Map<Long, Set<String>> due = garbage.headMap(checkpointId, true);
        for (Set<String> paths : due.values()) {
            for (String path : paths) {
                Path file = new Path(folder, path);
                file.getFileSystem().delete(file, false);
            }
        }
        due.clear();
    }
}

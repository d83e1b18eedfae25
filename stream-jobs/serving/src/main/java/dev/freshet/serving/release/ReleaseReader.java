package dev.freshet.serving.release;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.serving.release.ReleaseHistory.Announcement;
import dev.freshet.serving.score.InvalidModelException;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.Refusals;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the topic models and puts the newest sound release of each arm in force, whole: the next model is built beside the one in
 * force, which keeps scoring until the switch, one arm after another. A release that is not sound becomes a dead letter and the model in force
 * stays. A thread of its own; its read-outs are thread-safe.
 */
public final class ReleaseReader implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ReleaseReader.class);
    private static final Duration POLL = Duration.ofMillis(100);

    /** Announcements of an arm that are kept, the newest, besides those in force and in effect. */
    public static final int KEPT = 100;

    /**
     * A record of the topic models.
     *
     * @param refused why it cannot be put in force; null if nothing is known against it
     */
    public record Entry(ModelRelease release, long offset, String refused) {}

    /**
     * A release being read.
     *
     * @param read embeddings read so far
     * @param total embeddings that it has
     */
    public record Loading(String version, long read, long total) {}

    private final Refusals refusals;
    private final ServingContext serving;
    private final EmbeddingReader embeddings;
    private final Indexer indexer;
    private final ReadingThread thread;
    private final CountDownLatch first = new CountDownLatch(1);
    private final ReleaseHistory history;
    /** Offsets of releases that were tried in vain to be kept as the first. */
    private final Set<Long> notFirst = new HashSet<>();

    private long position;
    private volatile Loading loading;

    ReleaseReader(Clients clients, Refusals refusals, ServingContext serving) {
        this.refusals = refusals;
        this.serving = serving;
        this.embeddings = new EmbeddingReader(clients, refusals);
        this.history = new ReleaseHistory(serving.split());
        this.indexer = new Indexer(serving);
        this.thread = new ReadingThread("release-reader", clients::consumer, this::follow);
    }

    void start() {
        thread.start();
    }

    /** Waits until the models that were in force at the start, if any, are in force here. */
    void awaitFirst() throws InterruptedException {
        first.await();
    }

    private void follow(Consumer<byte[], byte[]> reader) throws InterruptedException {
        TopicPartition partition = new TopicPartition(Topic.MODELS.name(), 0);
        reader.assign(List.of(partition));
        reader.seek(
                partition,
                Math.max(position, reader.beginningOffsets(List.of(partition)).get(partition)));
        long end = reader.endOffsets(List.of(partition)).get(partition);
        boolean pending = first.getCount() > 0 || position > 0;
        while (!thread.isClosed()) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                pending |= take(record);
            }
            position = reader.position(partition);
            if (position >= end) {
                if (pending) {
                    keepFirst();
                    for (int arm = 0; arm < serving.split().arms().size(); arm++) {
                        putNewestInForce(arm);
                    }
                    history.forgetOld(serving::isInForce);
                    pending = false;
                }
                first.countDown();
            }
        }
    }

    private boolean take(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null) {
            return false;
        }
        try {
            history.add(new Announcement(Topic.MODELS.codec().decode(record.value()), record));
            return true;
        } catch (BadRecordException e) {
            serving.metrics().skipped(Topic.MODELS.name());
            refusals.refuse(EmbeddingReader.refused(record), e.getMessage());
            return false;
        }
    }

    /** Keeps the oldest release that is sound and still there, where a variant rests on it. */
    private void keepFirst() throws InterruptedException {
        for (Announcement announcement : history.all()) {
            if (!serving.lacksFirst()) {
                return;
            }
            ModelRelease release = announcement.release();
            if (release.getAction() == ReleaseAction.RELEASE && !notFirst.contains(announcement.offset())) {
                try {
                    Model model = embeddings.read(release, read -> {}).build();
                    serving.keepFirst(model);
                    indexer.index(model);
                    LOG.info("model {} is the first, for comparison", release.getVersion());
                } catch (InvalidModelException | IllegalArgumentException | ArithmeticException | OutOfMemoryError e) {
                    notFirst.add(announcement.offset());
                    LOG.warn("model {} cannot be the first, for comparison: {}", release.getVersion(), e.getMessage());
                }
            }
        }
    }

    /** Goes back from the newest announcement for an arm to the first that is sound, but not behind the one in force. */
    private void putNewestInForce(int arm) throws InterruptedException {
        List<Announcement> all = history.all();
        for (int at = all.size() - 1; at >= 0; at--) {
            Announcement announcement = all.get(at);
            if (!history.isFor(arm, announcement.release()) || !history.isSound(announcement)) {
                continue;
            }
            Optional<Announcement> release = released(announcement, all.subList(0, at));
            if (release.isEmpty() || !history.isSound(release.get())) {
                ModelRelease rollback = announcement.release();
                refuse(
                        announcement,
                        "rollback to " + rollback.getVersion() + ": no sound release of " + rollback.getModel()
                                + " has this version");
                continue;
            }
            Model inForce = serving.inForce(arm);
            if (inForce != null
                    && inForce.version().equals(release.get().release().getVersion())) {
                return;
            }
            if (load(release.get())) {
                return;
            }
        }
    }

    /** The release that an announcement puts in force: itself, or of a rollback the one it returns to. */
    private static Optional<Announcement> released(Announcement announcement, List<Announcement> before) {
        ModelRelease wanted = announcement.release();
        if (wanted.getAction() == ReleaseAction.RELEASE) {
            return Optional.of(announcement);
        }
        for (int earlier = before.size() - 1; earlier >= 0; earlier--) {
            ModelRelease candidate = before.get(earlier).release();
            if (candidate.getAction() == ReleaseAction.RELEASE
                    && candidate.getModel().equals(wanted.getModel())
                    && candidate.getVersion().equals(wanted.getVersion())) {
                return Optional.of(before.get(earlier));
            }
        }
        return Optional.empty();
    }

    private boolean load(Announcement announcement) throws InterruptedException {
        ModelRelease release = announcement.release();
        Model kept = serving.first();
        if (kept != null && kept.release().equals(release)) {
            serving.switchTo(kept.asReleased());
            LOG.info("model {} in force", release.getVersion());
            return true;
        }
        long total = release.getItems() + release.getUsers();
        long start = System.nanoTime();
        loading = new Loading(release.getVersion(), 0, total);
        try {
            Model model = embeddings
                    .read(release, read -> loading = new Loading(release.getVersion(), read, total))
                    .build();
            serving.switchTo(model);
            LOG.info(
                    "model {} in force: {} items, {} users, dimension {}, read in {} ms",
                    release.getVersion(),
                    release.getItems(),
                    release.getUsers(),
                    release.getDimension(),
                    Duration.ofNanos(System.nanoTime() - start).toMillis());
            indexer.index(model);
            return true;
        } catch (InvalidModelException e) {
            refuse(announcement, "release " + release.getVersion() + ": " + e.getMessage());
            return false;
        } catch (IllegalArgumentException | ArithmeticException | OutOfMemoryError e) {
            LOG.error("release {} cannot be held in memory", release.getVersion(), e);
            refuse(announcement, "release " + release.getVersion() + ": cannot be held in memory (" + e + ")");
            return false;
        } finally {
            loading = null;
        }
    }

    private void refuse(Announcement announcement, String reason) {
        history.refuse(announcement, reason);
        refusals.refuse(EmbeddingReader.refused(announcement.record()), reason);
    }

    /** Whether the newest announcement for an arm that is obeyed is a return to an earlier release: then nothing is trained unasked. */
    public boolean held(int arm) {
        return history.held(arm);
    }

    /** The newest announcements before an offset, newest first, at most {@code limit}. */
    public List<Entry> newest(long before, int limit) {
        return history.newest(before, limit);
    }

    /** The newest announcement for an arm. */
    public Optional<Entry> newest(int arm) {
        return history.newest(arm);
    }

    /** The release being read at the moment. */
    public Optional<Loading> loading() {
        return Optional.ofNullable(loading);
    }

    @Override
    public void close() {
        thread.close();
        indexer.close();
    }
}

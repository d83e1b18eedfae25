package dev.freshet.serving.release;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.serving.score.InvalidModelException;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.Refusals;
import dev.freshet.serving.stream.ServingContext;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the topic models and puts the newest sound release in force, whole: the next model is built beside the one in
 * force, which keeps scoring until the switch. A release that is not sound becomes a dead letter and the model in force stays. A
 * thread of its own; its read-outs are thread-safe.
 */
public final class ReleaseReader implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ReleaseReader.class);
    private static final Duration POLL = Duration.ofMillis(100);

    /** Announcements that are kept, the newest, besides the one in force. */
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

    private record Announcement(ModelRelease release, ConsumerRecord<byte[], byte[]> record) {
        long offset() {
            return record.offset();
        }
    }

    private final Refusals refusals;
    private final ServingContext serving;
    private final EmbeddingReader embeddings;
    private final ReadingThread thread;
    private final CountDownLatch first = new CountDownLatch(1);
    private final List<Announcement> history = new ArrayList<>();
    /** Why an announcement cannot be put in force, by its offset. */
    private final Map<Long, String> unsound = new HashMap<>();
    /** Offsets of releases that were tried in vain to be kept as the first. */
    private final Set<Long> notFirst = new HashSet<>();

    private long position;
    private volatile Loading loading;

    ReleaseReader(Clients clients, Refusals refusals, ServingContext serving) {
        this.refusals = refusals;
        this.serving = serving;
        this.embeddings = new EmbeddingReader(clients, refusals);
        this.thread = new ReadingThread("release-reader", clients::consumer, this::follow);
    }

    void start() {
        thread.start();
    }

    /** Waits until the model that was in force at the start, if any, is in force here. */
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
                    putNewestInForce();
                    forgetOld();
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
            ModelRelease release = Topic.MODELS.codec().decode(record.value());
            synchronized (this) {
                history.add(new Announcement(release, record));
            }
            return true;
        } catch (BadRecordException e) {
            serving.metrics().skipped(Topic.MODELS.name());
            refusals.refuse(EmbeddingReader.refused(record), e.getMessage());
            return false;
        }
    }

    /** Keeps the oldest release that is sound and still there, where a variant rests on it. */
    private void keepFirst() throws InterruptedException {
        for (int at = 0; at < history.size() && serving.lacksFirst(); at++) {
            ModelRelease release = history.get(at).release();
            if (release.getAction() == ReleaseAction.RELEASE
                    && !notFirst.contains(history.get(at).offset())) {
                try {
                    serving.keepFirst(embeddings.read(release, read -> {}).build());
                    LOG.info("model {} is the first, for comparison", release.getVersion());
                } catch (InvalidModelException | IllegalArgumentException | ArithmeticException | OutOfMemoryError e) {
                    notFirst.add(history.get(at).offset());
                    LOG.warn("model {} cannot be the first, for comparison: {}", release.getVersion(), e.getMessage());
                }
            }
        }
    }

    /** Goes back from the newest announcement to the first that is sound, but not behind the one in force. */
    private void putNewestInForce() throws InterruptedException {
        for (int at = history.size() - 1; at >= 0; at--) {
            Announcement announcement = history.get(at);
            if (unsound.containsKey(announcement.offset())) {
                continue;
            }
            Optional<Announcement> release = released(announcement, at);
            if (release.isEmpty() || unsound.containsKey(release.get().offset())) {
                ModelRelease rollback = announcement.release();
                refuse(
                        announcement,
                        "rollback to " + rollback.getVersion() + ": no sound release of " + rollback.getModel()
                                + " has this version");
                continue;
            }
            Model inForce = serving.model();
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
    private Optional<Announcement> released(Announcement announcement, int at) {
        ModelRelease wanted = announcement.release();
        if (wanted.getAction() == ReleaseAction.RELEASE) {
            return Optional.of(announcement);
        }
        for (int earlier = at - 1; earlier >= 0; earlier--) {
            ModelRelease candidate = history.get(earlier).release();
            if (candidate.getAction() == ReleaseAction.RELEASE
                    && candidate.getModel().equals(wanted.getModel())
                    && candidate.getVersion().equals(wanted.getVersion())) {
                return Optional.of(history.get(earlier));
            }
        }
        return Optional.empty();
    }

    private boolean load(Announcement announcement) throws InterruptedException {
        ModelRelease release = announcement.release();
        Model kept = serving.first();
        if (kept != null && kept.release().equals(release)) {
            serving.switchTo(kept);
            LOG.info("model {} in force", release.getVersion());
            return true;
        }
        long total = release.getItems() + release.getUsers();
        long start = System.nanoTime();
        loading = new Loading(release.getVersion(), 0, total);
        try {
            Model.Builder builder =
                    embeddings.read(release, read -> loading = new Loading(release.getVersion(), read, total));
            serving.switchTo(builder.build());
            LOG.info(
                    "model {} in force: {} items, {} users, dimension {}, read in {} ms",
                    release.getVersion(),
                    release.getItems(),
                    release.getUsers(),
                    release.getDimension(),
                    Duration.ofNanos(System.nanoTime() - start).toMillis());
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

    private synchronized void forgetOld() {
        Model inForce = serving.model();
        int surplus = history.size() - KEPT;
        for (Announcement old : List.copyOf(history.subList(0, Math.max(0, surplus)))) {
            if (inForce == null || !inForce.release().equals(old.release())) {
                history.remove(old);
                unsound.remove(old.offset());
            }
        }
    }

    private void refuse(Announcement announcement, String reason) {
        synchronized (this) {
            unsound.put(announcement.offset(), reason);
        }
        refusals.refuse(EmbeddingReader.refused(announcement.record()), reason);
    }

    /** The newest announcements, newest first, at most {@code limit}. */
    public synchronized List<Entry> newest(int limit) {
        List<Entry> newest = new ArrayList<>();
        for (int at = history.size() - 1; at >= 0 && newest.size() < limit; at--) {
            Announcement entry = history.get(at);
            newest.add(new Entry(entry.release(), entry.offset(), unsound.get(entry.offset())));
        }
        return newest;
    }

    /** The release being read at the moment. */
    public Optional<Loading> loading() {
        return Optional.ofNullable(loading);
    }

    @Override
    public void close() {
        thread.close();
    }
}

package dev.freshet.cli.verify;

import dev.freshet.cli.CliException;
import dev.freshet.cli.cluster.ClusterException;
import dev.freshet.cli.cluster.LocalCluster;
import dev.freshet.cli.cluster.Part;
import dev.freshet.cli.command.ControlTopic;
import dev.freshet.cli.command.SnapshotWatch;
import dev.freshet.cli.send.Bars;
import dev.freshet.cli.send.Pace;
import dev.freshet.cli.send.Replay;
import dev.freshet.codec.BadRecordException;
import dev.freshet.dataset.Feed;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotReader;
import dev.freshet.schema.Command;
import dev.freshet.schema.DeadLetter;
import dev.freshet.schema.SnapshotManifest;
import dev.freshet.topic.Topic;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import me.tongfei.progressbar.ProgressBar;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Replays a feed through a running loop and compares the snapshot that comes of it with a batch computation. */
final class Verification {

    private static final Duration POLL = Duration.ofMillis(200);

    /** How long snapshots may stay without progress. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** A checkpoint that changed nothing has no snapshot, unless one is asked for. */
    private static final Duration REQUEST_AFTER = Duration.ofSeconds(10);

    /** Dead letters are committed with the snapshot, but by another sink: they may come a moment later. */
    private static final Duration DEAD_LETTER_TIME = Duration.ofSeconds(20);

    /** Events sent between the snapshot that a killed job is restored from, and the kill: a share of all. */
    private static final double UNSAVED_SHARE = 0.05;

    /**
     * What came out.
     *
     * @param events interactions on the topic
     * @param sendSeconds time to send everything
     * @param loopSeconds time from the first event sent until the snapshot of everything
     * @param compareSeconds time to read everything back, compute and compare
     * @param kills times that the graph job was killed
     * @param restarts times that it was started again
     * @param recall share of the edges of each graph without cuts that the cut graph has, and of each graph by content that is
     *     approximate
     */
    record Outcome(
            Comparison comparison,
            long events,
            SnapshotManifest manifest,
            double sendSeconds,
            double loopSeconds,
            double compareSeconds,
            int kills,
            int restarts,
            Map<String, Double> recall) {}

    /** Stopped from outside. */
    static final class StoppedException extends IOException {
        private static final long serialVersionUID = 1L;

        StoppedException() {
            super("stopped");
        }
    }

    private final LocalCluster cluster;
    private final Feed feed;
    private final BooleanSupplier stopped;

    /**
     * @param feed ends at some time
     * @param stopped asked now and then whether to give up
     */
    Verification(LocalCluster cluster, Feed feed, BooleanSupplier stopped) {
        this.cluster = cluster;
        this.feed = feed;
        this.stopped = stopped;
    }

    /**
     * Runs it.
     *
     * @param limit most events to send
     * @param killAt shares of the events, ascending, at which the graph job is killed
     */
    Outcome run(long limit, List<Double> killAt) throws IOException, InterruptedException, ClusterException {
        long total = Math.min(limit, feed.size().orElseThrow());
        long start = System.nanoTime();
        double sendSeconds = 0;
        try (Replay replay = new Replay(feed, cluster.bootstrapServers());
                SnapshotWatch watch = new SnapshotWatch(cluster.bootstrapServers());
                ProgressBar bar = Bars.open("Sending", total, "events")) {
            long restored = -1;
            for (double share : killAt) {
                sendSeconds += send(replay, Math.max(1, (long) (share * total)), bar);
                restored = awaitState(watch, restored).getCheckpointId();
                long unsaved = Math.max(1, (long) (UNSAVED_SHARE * total));
                sendSeconds += send(replay, Math.min(total, replay.position() + unsaved), bar);
                cluster.kill(Part.GRAPH_JOB);
            }
            sendSeconds += send(replay, total, bar);
        }
        SnapshotManifest manifest = awaitSnapshot();
        double loopSeconds = seconds(start);
        long compareStart = System.nanoTime();
        return compare(manifest, sendSeconds, loopSeconds, compareStart, killAt.size());
    }

    /** Sends up to a position; the seconds that it took. */
    private double send(Replay replay, long until, ProgressBar bar) throws IOException {
        long start = System.nanoTime();
        if (replay.position() < until) {
            replay.run(replay.position(), until - replay.position(), Pace.FASTEST, position -> {
                bar.stepTo(position);
                if (stopped.getAsBoolean()) {
                    replay.stop();
                }
            });
        }
        checkStopped();
        return seconds(start);
    }

    /** Waits for a snapshot with events by the running job, which a killed one can be restored from. */
    private SnapshotManifest awaitState(SnapshotWatch watch, long after)
            throws IOException, InterruptedException, ClusterException {
        return follow(
                watch, ends(), (manifest, covered) -> covered > 0 && manifest.getCheckpointId() > after, covered -> {});
    }

    /** Waits for a snapshot of everything on the topics. */
    private SnapshotManifest awaitSnapshot() throws IOException, InterruptedException, ClusterException {
        Map<TopicPartition, Long> ends = ends();
        long total = ends.values().stream().mapToLong(Long::longValue).sum();
        try (SnapshotWatch watch = new SnapshotWatch(cluster.bootstrapServers());
                ProgressBar bar = Bars.open("In snapshots", total, "records")) {
            return follow(watch, ends, (manifest, covered) -> covered == total, bar::stepTo);
        }
    }

    private interface Enough {
        boolean test(SnapshotManifest manifest, long covered);
    }

    /** Follows the snapshots until one is enough; asks for one where none comes by itself. */
    private SnapshotManifest follow(
            SnapshotWatch watch, Map<TopicPartition, Long> ends, Enough enough, LongConsumer progress)
            throws IOException, InterruptedException, ClusterException {
        long most = 0;
        long progressed = System.nanoTime();
        long requested = progressed;
        while (true) {
            SnapshotManifest manifest = poll(watch);
            long covered = SnapshotWatch.covered(manifest, ends);
            if (covered > most) {
                most = covered;
                progressed = System.nanoTime();
                progress.accept(covered);
            }
            if (manifest != null && enough.test(manifest, covered)) {
                return manifest;
            }
            if (seconds(Math.max(progressed, requested)) > REQUEST_AFTER.toSeconds()) {
                request();
                requested = System.nanoTime();
            }
            check(progressed);
        }
    }

    private void request() throws IOException, InterruptedException {
        try {
            ControlTopic.send(cluster.bootstrapServers(), Command.SNAPSHOT, Map.of());
        } catch (CliException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static SnapshotManifest poll(SnapshotWatch watch) throws IOException {
        try {
            return watch.poll(POLL);
        } catch (BadRecordException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private Map<TopicPartition, Long> ends() {
        try (TopicReader reader = new TopicReader(cluster.bootstrapServers())) {
            return reader.ends(Topic.INTERACTIONS.name(), Topic.ITEMS.name(), Topic.ERASURES.name());
        }
    }

    private Outcome compare(
            SnapshotManifest manifest, double sendSeconds, double loopSeconds, long compareStart, int kills)
            throws IOException, InterruptedException, ClusterException {
        GraphSnapshot snapshot = read(manifest);
        try (TopicReader reader = new TopicReader(cluster.bootstrapServers())) {
            Expected expected = Expected.compute(
                    reader, ends(), GraphSettings.of(snapshot.manifest().getSettings()));
            Set<String> deadLetters = deadLetters(reader);
            long start = System.nanoTime();
            while (deadLetters.size() < expected.refused().size() && seconds(start) < DEAD_LETTER_TIME.toSeconds()) {
                check(start);
                deadLetters = deadLetters(reader);
            }
            Comparison comparison = Comparison.of(expected, snapshot, deadLetters);
            Map<String, Double> recall = new TreeMap<>(expected.recall());
            recall.putAll(comparison.recall());
            return new Outcome(
                    comparison,
                    expected.events(),
                    snapshot.manifest(),
                    sendSeconds,
                    loopSeconds,
                    seconds(compareStart),
                    kills,
                    cluster.status(Part.GRAPH_JOB).restarts(),
                    recall);
        }
    }

    /** Reads a snapshot; where its files are gone already, a newer one, which holds the same. */
    private GraphSnapshot read(SnapshotManifest manifest) throws IOException, InterruptedException, ClusterException {
        try {
            return SnapshotReader.read(manifest);
        } catch (NoSuchFileException e) {
            return SnapshotReader.read(awaitSnapshot());
        }
    }

    private static Set<String> deadLetters(TopicReader reader) throws IOException {
        Set<String> places = new TreeSet<>();
        Set<String> sources = Set.of(Topic.INTERACTIONS.name(), Topic.ITEMS.name(), Topic.ERASURES.name());
        IOException[] bad = new IOException[1];
        reader.read(reader.ends(Topic.DEAD_LETTERS.name()), (ConsumerRecord<byte[], byte[]> record) -> {
            try {
                DeadLetter letter = Topic.DEAD_LETTERS.codec().decode(record.value());
                String place = Expected.place(letter.getTopic(), letter.getPartition(), letter.getOffset());
                if (sources.contains(letter.getTopic()) && !places.add(place)) {
                    places.add(place + " again");
                }
            } catch (BadRecordException e) {
                bad[0] = new IOException("dead-letters, offset " + record.offset() + ": " + e.getMessage(), e);
            }
        });
        if (bad[0] != null) {
            throw bad[0];
        }
        return places;
    }

    private void check(long since) throws IOException, ClusterException {
        checkStopped();
        if (cluster.failure().isPresent()) {
            throw cluster.failure().get();
        }
        if (seconds(since) > PATIENCE.toSeconds()) {
            throw new IOException("no further snapshot for " + PATIENCE.toMinutes() + " minutes; see "
                    + cluster.options().log(Part.GRAPH_JOB));
        }
    }

    private void checkStopped() throws StoppedException {
        if (stopped.getAsBoolean()) {
            throw new StoppedException();
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}

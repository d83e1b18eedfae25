package dev.freshet.cli.bench;

import dev.freshet.cli.CliException;
import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.Vectors;
import dev.freshet.schema.Embedding;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.schema.Reason;
import dev.freshet.schema.Recommendations;
import dev.freshet.schema.RecommendedItem;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Topic;
import dev.freshet.topic.TopicScan;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads what serving and trainer publish, committed records as they come, and holds it against itself, with nothing of their code: every
 * event has exactly one list, no list comes after one that knows more or is of a newer model, a list's order by its model is that
 * of the products of the embedding published beside it with that version's items, and a release is there whole.
 */
final class ListAudit implements AutoCloseable {

    private static final String MODEL = "model";
    private static final int EXAMPLES = 5;
    private static final double TOLERANCE = 1e-4;
    private static final Duration POLL = Duration.ofMillis(200);

    /** Lists and embeddings of one user, time and version that wait for each other, or for the version's items: the first goes with the first. */
    private record Waiting(String version, Queue<Recommendations> lists, Queue<float[]> vectors) {

        Waiting(String version) {
            this(version, new ArrayDeque<>(), new ArrayDeque<>());
        }
    }

    private final String bootstrap;
    private final int every;
    private final ReaderThread thread;
    private final Map<String, Instant> newestCause = new HashMap<>();
    private final Map<String, String> newestVersion = new HashMap<>();
    private final Map<String, Map<String, float[]>> items = new HashMap<>();
    private final Map<String, Waiting> waiting = new HashMap<>();
    /** Items that serving has published embeddings of. */
    private final Set<String> embedded = new HashSet<>();
    /** Items that lists have by a model that was not trained on them, each with what would be wrong with one. */
    private final Map<String, String> untrained = new HashMap<>();

    private final List<String> violations = new ArrayList<>();
    private long violated;
    private long lists;
    private long answers;
    private long proven;
    private int releases;

    /**
     * Starts to read.
     *
     * @param every of how many users one has their lists' scores proven; 1 for all
     */
    ListAudit(String bootstrap, int every) throws BadRecordException {
        this.bootstrap = bootstrap;
        this.every = every;
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            List<ConsumerRecord<byte[], byte[]>> before = new ArrayList<>();
            TopicScan.assign(consumer, Topic.MODELS.name());
            TopicScan.toEnd(consumer, before::add);
            for (ConsumerRecord<byte[], byte[]> record : before) {
                take(Topic.MODELS.codec().decode(record.value()));
            }
        }
        this.thread = new ReaderThread(
                bootstrap,
                List.of(Topic.RECOMMENDATIONS.name(), Topic.EMBEDDINGS.name(), Topic.MODELS.name()),
                this::take);
    }

    private synchronized void take(ConsumerRecords<byte[], byte[]> records, long nanos) throws BadRecordException {
        for (ConsumerRecord<byte[], byte[]> record : records.records(Topic.MODELS.name())) {
            take(Topic.MODELS.codec().decode(record.value()));
        }
        for (ConsumerRecord<byte[], byte[]> record : records.records(Topic.RECOMMENDATIONS.name())) {
            if (record.value() != null) {
                take(Topic.RECOMMENDATIONS.codec().decode(record.value()));
            }
        }
        for (ConsumerRecord<byte[], byte[]> record : records.records(Topic.EMBEDDINGS.name())) {
            if (record.value() != null) {
                take(Topic.EMBEDDINGS.codec().decode(record.value()));
            }
        }
    }

    private void take(Recommendations list) {
        String user = list.getUser();
        lists++;
        if (list.getCausedBy() != null) {
            answers++;
            Instant before = newestCause.put(user, list.getCausedBy());
            require(
                    before == null || before.isBefore(list.getCausedBy()),
                    () -> user + " has a list of " + list.getCausedBy() + " after one of " + before);
        }
        if (list.getModelVersion() != null) {
            String before = newestVersion.put(user, list.getModelVersion());
            require(
                    before == null || before.compareTo(list.getModelVersion()) <= 0,
                    () -> user + " has a list of " + list.getModelVersion() + " after one of " + before);
        }
        if (isProven(user)
                && list.getItems().stream()
                        .flatMap(item -> item.getReasons().stream())
                        .anyMatch(reason -> reason.getKind().equals(MODEL))) {
            pair(user, list.getGeneratedAt(), list.getModelVersion(), pair -> pair.lists.add(list));
        }
    }

    private void take(Embedding embedding) {
        if (embedding.getKind() == NodeKind.ITEM) {
            embedded.add(embedding.getId());
        } else if (isProven(embedding.getId())) {
            float[] vector = Vectors.toArray(embedding.getVector());
            pair(
                    embedding.getId(),
                    embedding.getRefreshedAt(),
                    embedding.getModelVersion(),
                    pair -> pair.vectors.add(vector));
        }
    }

    private boolean isProven(String user) {
        return Math.floorMod(user.hashCode(), every) == 0;
    }

    private void pair(String user, Instant at, String version, java.util.function.Consumer<Waiting> half) {
        String key = user + '@' + at.toEpochMilli() + ' ' + version;
        Waiting pair = waiting.computeIfAbsent(key, any -> new Waiting(version));
        half.accept(pair);
        if (proveAll(pair)) {
            waiting.remove(key);
        }
    }

    /** Proves what is there whole; whether nothing is left. */
    private boolean proveAll(Waiting pair) {
        while (items.containsKey(pair.version) && !pair.lists.isEmpty() && !pair.vectors.isEmpty()) {
            prove(pair.lists.remove(), pair.vectors.remove());
        }
        return pair.lists.isEmpty() && pair.vectors.isEmpty();
    }

    private void prove(Recommendations list, float[] user) {
        Map<String, float[]> vectors = items.get(list.getModelVersion());
        proven++;
        double above = Double.POSITIVE_INFINITY;
        for (RecommendedItem item : byModel(list)) {
            float[] vector = vectors.get(item.getItem());
            if (vector == null) {
                // It may have come since the snapshot; serving then works a vector out, which it publishes in its time.
                untrained.putIfAbsent(
                        item.getItem(),
                        list.getUser() + " has " + item.getItem() + " by the model " + list.getModelVersion()
                                + ", which does not know it");
                continue;
            }
            double product = 0;
            double size = 0;
            for (int d = 0; d < vector.length; d++) {
                product += (double) user[d] * vector[d];
                size += Math.abs((double) user[d] * vector[d]);
            }
            double highest = above + TOLERANCE * (1 + size);
            if (product > highest) {
                require(
                        false,
                        () -> list.getUser() + " has a list of " + list.getGeneratedAt() + " that is not of "
                                + list.getModelVersion() + " alone");
                return;
            }
            above = product;
        }
    }

    /** The items that the model speaks for, by what it adds to their scores. */
    private static List<RecommendedItem> byModel(Recommendations list) {
        return list.getItems().stream()
                .filter(item -> ofModel(item) > 0)
                .sorted(Comparator.comparingDouble(item -> -ofModel(item)))
                .toList();
    }

    private static double ofModel(RecommendedItem item) {
        double sum = 0;
        for (Reason reason : item.getReasons()) {
            sum += reason.getKind().equals(MODEL) ? reason.getWeight() * item.getScore() : 0;
        }
        return sum;
    }

    /** Takes a release, which must be there whole; lists of it that have waited are proven. */
    private void take(ModelRelease release) throws BadRecordException {
        if (release.getAction() != ReleaseAction.RELEASE) {
            return;
        }
        String version = release.getVersion();
        releases++;
        Map<String, float[]> vectors = new HashMap<>();
        Set<String> users = new HashSet<>();
        for (ModelEmbedding embedding : embeddings(release)) {
            if (embedding.getParameter() != null) {
                continue;
            }
            if (embedding.getKind() == NodeKind.ITEM) {
                vectors.put(embedding.getId(), Vectors.toArray(embedding.getVector()));
            } else {
                users.add(embedding.getId());
            }
        }
        require(
                users.size() == release.getUsers() && vectors.size() == release.getItems(),
                () -> version + " has " + users.size() + " of " + release.getUsers() + " users and " + vectors.size()
                        + " of " + release.getItems() + " items");
        require(items.put(version, vectors) == null, () -> version + " was released twice");
        waiting.values().removeIf(this::proveAll);
    }

    private List<ModelEmbedding> embeddings(ModelRelease release) throws BadRecordException {
        List<ModelEmbedding> found = new ArrayList<>();
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            for (OffsetRange range : release.getEmbeddings()) {
                TopicPartition partition = new TopicPartition(Topic.MODEL_EMBEDDINGS.name(), range.getPartition());
                consumer.assign(List.of(partition));
                consumer.seek(partition, range.getStart());
                while (consumer.position(partition) < range.getEnd()) {
                    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                        // A key without a record is a deleted one.
                        if (record.offset() < range.getEnd() && record.value() != null) {
                            ModelEmbedding embedding =
                                    Topic.MODEL_EMBEDDINGS.codec().decode(record.value());
                            if (embedding.getVersion().equals(release.getVersion())) {
                                found.add(embedding);
                            }
                        }
                    }
                }
            }
        }
        return found;
    }

    /** After the last list: what the topics have besides, of releases and of users. */
    synchronized void finish(Map<String, Instant> acknowledged) throws BadRecordException {
        acknowledged.forEach((user, at) -> require(
                at.equals(newestCause.get(user)),
                () -> user + " did something at " + at + ", and their newest list is of " + newestCause.get(user)));
        Set<String> strays = new HashSet<>();
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            TopicScan.assign(consumer, Topic.MODEL_EMBEDDINGS.name());
            TopicScan.toEnd(consumer, record -> {
                String key = new String(record.key(), StandardCharsets.UTF_8);
                String version = key.substring(0, key.indexOf(':'));
                if (!items.containsKey(version)) {
                    strays.add(version);
                }
            });
        }
        require(strays.isEmpty(), () -> "embeddings of " + strays + ", which were never released, can be read");
        untrained.forEach((item, line) -> require(embedded.contains(item), () -> line));
        long alone =
                waiting.values().stream().mapToLong(pair -> pair.lists.size()).sum();
        require(alone == 0, () -> alone + " lists came without the embedding or the release that they rest on");
    }

    private void require(boolean holds, java.util.function.Supplier<String> otherwise) {
        if (!holds) {
            violated++;
            if (violations.size() < EXAMPLES) {
                violations.add(otherwise.get());
            }
        }
    }

    /** What is wrong, the first few; none if nothing is. */
    synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /** How much is wrong. */
    synchronized long violated() {
        return violated;
    }

    /** Lists so far. */
    synchronized long lists() {
        return lists;
    }

    /** Lists so far that an event has caused. */
    synchronized long answers() {
        return answers;
    }

    /** Lists whose order was held against their model's vectors. */
    synchronized long proven() {
        return proven;
    }

    /** Releases so far, the first included. */
    synchronized int releases() {
        return releases;
    }

    void check() throws CliException {
        thread.check();
    }

    @Override
    public void close() {
        thread.close();
    }
}

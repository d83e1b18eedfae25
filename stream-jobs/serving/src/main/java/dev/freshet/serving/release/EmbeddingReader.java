package dev.freshet.serving.release;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.OffsetRange;
import dev.freshet.serving.score.InvalidModelException;
import dev.freshet.serving.score.Model;
import dev.freshet.serving.stream.Refusals;
import dev.freshet.topic.ReleaseEmbeddings;
import dev.freshet.topic.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/** Reads a release's embeddings: exactly its offset ranges of model-embeddings, committed records only. */
final class EmbeddingReader {

    private static final String TOPIC = Topic.MODEL_EMBEDDINGS.name();
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration STALLED = Duration.ofSeconds(30);

    private final Clients clients;
    private final Refusals refusals;

    EmbeddingReader(Clients clients, Refusals refusals) {
        this.clients = clients;
        this.refusals = refusals;
    }

    /**
     * Collects the embeddings of a release.
     *
     * @param read told the number of embeddings read so far
     * @throws InvalidModelException if the release cannot be put in force, now or later
     * @throws org.apache.kafka.common.KafkaException if the broker does not answer; to be tried again
     */
    Model.Builder read(ModelRelease release, LongConsumer read) throws InvalidModelException {
        Model.Builder builder = new Model.Builder(release);
        checkBounds(release);
        Map<TopicPartition, List<OffsetRange>> ranges = new HashMap<>();
        for (OffsetRange range : release.getEmbeddings()) {
            ranges.computeIfAbsent(new TopicPartition(TOPIC, range.getPartition()), partition -> new ArrayList<>())
                    .add(range);
        }
        long count = 0;
        try (Consumer<byte[], byte[]> consumer = clients.consumer()) {
            // All partitions at once: a fetch of one that is read to its end would hold up the next.
            consumer.assign(ranges.keySet());
            Set<TopicPartition> open = new HashSet<>();
            ranges.forEach((partition, wanted) -> {
                consumer.seek(
                        partition,
                        wanted.stream().mapToLong(OffsetRange::getStart).min().orElseThrow());
                open.add(partition);
            });
            long progressAt = System.nanoTime();
            while (!open.isEmpty()) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    progressAt = System.nanoTime();
                    List<OffsetRange> wanted = ranges.get(new TopicPartition(record.topic(), record.partition()));
                    if (contains(wanted, record.offset()) && take(record, release.getVersion(), builder)) {
                        read.accept(++count);
                    }
                }
                open.removeIf(partition -> consumer.position(partition) >= end(ranges.get(partition)));
                Set<TopicPartition> done = new HashSet<>(ranges.keySet());
                done.removeAll(open);
                consumer.pause(done);
                if (System.nanoTime() - progressAt > STALLED.toNanos()) {
                    throw new TimeoutException("no embeddings come from " + open + "; is a transaction open?");
                }
            }
        } catch (OffsetOutOfRangeException e) {
            throw new InvalidModelException("its embeddings are gone (" + e.getMessage() + "); train again");
        }
        return builder;
    }

    private static boolean contains(List<OffsetRange> ranges, long offset) {
        return ranges.stream().anyMatch(range -> offset >= range.getStart() && offset < range.getEnd());
    }

    private static long end(List<OffsetRange> ranges) {
        return ranges.stream().mapToLong(OffsetRange::getEnd).max().orElseThrow();
    }

    private void checkBounds(ModelRelease release) throws InvalidModelException {
        Optional<String> missing;
        try (Consumer<byte[], byte[]> consumer = clients.boundsConsumer()) {
            missing = ReleaseEmbeddings.missing(consumer, release);
        }
        if (missing.isPresent()) {
            throw new InvalidModelException(missing.get());
        }
    }

    /** Whether the record was one of the version's embeddings. */
    private boolean take(ConsumerRecord<byte[], byte[]> record, String version, Model.Builder builder)
            throws InvalidModelException {
        try {
            ModelEmbedding embedding = Topic.MODEL_EMBEDDINGS.codec().decode(record.value());
            if (!embedding.getVersion().equals(version)) {
                return false;
            }
            return builder.add(embedding);
        } catch (BadRecordException | InvalidModelException e) {
            refusals.refuse(refused(record), e.getMessage());
            throw new InvalidModelException(
                    "offset " + record.offset() + " of " + TOPIC + "-" + record.partition() + ": " + e.getMessage());
        }
    }

    static Refusals.Refused refused(ConsumerRecord<byte[], byte[]> record) {
        return new Refusals.Refused(
                record.topic(), record.partition(), record.offset(), record.timestamp(), record.key(), record.value());
    }
}

package dev.freshet.serving.release;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.DeadLetter;
import dev.freshet.topic.Topic;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads letters of the topic dead-letters when they are asked for: they are many and large, and nobody looks most of the time. */
public final class DeadLetterArchive implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterArchive.class);
    private static final TopicPartition PARTITION = new TopicPartition(Topic.DEAD_LETTERS.name(), 0);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Reads of one page, each of a window before the one before: transactions leave gaps. */
    private static final int MAX_WINDOWS = 5;

    /**
     * What a list shows of a letter.
     *
     * @param offset where it lies on the topic dead-letters
     * @param partition partition of the record that was refused
     * @param sourceOffset its offset
     * @param keyBytes length of its key; -1 where it has none
     * @param valueBytes length of its value; -1 where it has none
     */
    public record Summary(
            long offset,
            String topic,
            int partition,
            long sourceOffset,
            int keyBytes,
            int valueBytes,
            String reason,
            String job,
            Instant refusedAt) {}

    /**
     * Letters, newest first.
     *
     * @param next offset before which older ones lie; null where there are none
     */
    public record Page(List<Summary> letters, Long next) {}

    private final Supplier<Consumer<byte[], byte[]>> consumers;
    private Consumer<byte[], byte[]> consumer;

    /** @param consumers makes consumers of committed records that are assigned by hand */
    DeadLetterArchive(Supplier<Consumer<byte[], byte[]>> consumers) {
        this.consumers = consumers;
    }

    /**
     * The newest letters before an offset.
     *
     * @throws KafkaException if the broker does not answer in time
     */
    public synchronized Page before(long offset, int limit) {
        return with(reader -> {
            long beginning = reader.beginningOffsets(List.of(PARTITION)).get(PARTITION);
            long to = Math.min(offset, reader.endOffsets(List.of(PARTITION)).get(PARTITION));
            List<Summary> found = new ArrayList<>();
            for (int window = 0; window < MAX_WINDOWS && to > beginning && found.size() < limit; window++) {
                long from = Math.max(beginning, to - ((long) limit << window));
                read(reader, from, to, record -> found.add(summary(record.offset(), decode(record))));
                to = from;
            }
            found.sort(Comparator.comparingLong(Summary::offset).reversed());
            List<Summary> newest = List.copyOf(found.subList(0, Math.min(limit, found.size())));
            long next = found.size() > limit ? newest.get(limit - 1).offset() : to;
            return new Page(newest, next > beginning ? next : null);
        });
    }

    /**
     * The letter at an offset, if there is one.
     *
     * @throws KafkaException if the broker does not answer in time
     */
    public synchronized Optional<DeadLetter> at(long offset) {
        return with(reader -> {
            long beginning = reader.beginningOffsets(List.of(PARTITION)).get(PARTITION);
            long end = reader.endOffsets(List.of(PARTITION)).get(PARTITION);
            List<DeadLetter> found = new ArrayList<>();
            if (offset >= beginning && offset < end) {
                read(reader, offset, offset + 1, record -> found.add(decode(record)));
            }
            return found.stream().findFirst();
        });
    }

    private interface Reading<T> {
        T with(Consumer<byte[], byte[]> reader);
    }

    private <T> T with(Reading<T> reading) {
        try {
            if (consumer == null) {
                consumer = consumers.get();
                consumer.assign(List.of(PARTITION));
            }
            return reading.with(consumer);
        } catch (KafkaException e) {
            close();
            throw e;
        }
    }

    private static void read(
            Consumer<byte[], byte[]> reader,
            long from,
            long to,
            java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> each) {
        Instant deadline = Instant.now().plus(PATIENCE);
        reader.seek(PARTITION, from);
        while (reader.position(PARTITION) < to) {
            if (Instant.now().isAfter(deadline)) {
                throw new TimeoutException(
                        "the broker has not sent the dead letters within " + PATIENCE.toSeconds() + " s");
            }
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                if (record.offset() < to && record.value() != null) {
                    each.accept(record);
                }
            }
        }
    }

    private static DeadLetter decode(ConsumerRecord<byte[], byte[]> record) {
        try {
            return Topic.DEAD_LETTERS.codec().decode(record.value());
        } catch (BadRecordException e) {
            LOG.warn("{}-{} offset {}: {}", record.topic(), record.partition(), record.offset(), e.getMessage());
            return DeadLetter.newBuilder()
                    .setTopic(Topic.DEAD_LETTERS.name())
                    .setPartition(record.partition())
                    .setOffset(record.offset())
                    .setValue(ByteBuffer.wrap(record.value()))
                    .setTimestamp(Instant.ofEpochMilli(record.timestamp()))
                    .setReason("the letter itself cannot be read: " + e.getMessage())
                    .setJob("unknown")
                    .setRefusedAt(Instant.ofEpochMilli(record.timestamp()))
                    .build();
        }
    }

    private static Summary summary(long offset, DeadLetter letter) {
        return new Summary(
                offset,
                letter.getTopic(),
                letter.getPartition(),
                letter.getOffset(),
                length(letter.getKey()),
                length(letter.getValue()),
                letter.getReason(),
                letter.getJob(),
                letter.getRefusedAt());
    }

    private static int length(ByteBuffer bytes) {
        return bytes == null ? -1 : bytes.remaining();
    }

    @Override
    public synchronized void close() {
        if (consumer != null) {
            consumer.close();
            consumer = null;
        }
    }
}

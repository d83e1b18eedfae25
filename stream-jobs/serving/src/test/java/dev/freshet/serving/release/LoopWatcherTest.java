package dev.freshet.serving.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.DeadLetter;
import dev.freshet.serving.stream.Refusals.Refused;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class LoopWatcherTest {

    private final MockProducer<byte[], byte[]> producer =
            new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    private final CountDownLatch flushed = new CountDownLatch(1);
    private final DeadLetters deadLetters = new DeadLetters(producer, "serving test", () -> {
        flushed.countDown();
        return true;
    });

    /** A consumer of empty topics, but for these dead letters. */
    private static MockConsumer<byte[], byte[]> consumer(DeadLetter... letters) {
        MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
        Map<TopicPartition, Long> beginnings = new HashMap<>();
        Map<TopicPartition, Long> ends = new HashMap<>();
        for (Topic<?> topic : List.of(Topic.GRAPH_SNAPSHOTS, Topic.EVALUATIONS, Topic.DEAD_LETTERS)) {
            TopicPartition partition = new TopicPartition(topic.name(), 0);
            consumer.updatePartitions(
                    topic.name(), List.of(new PartitionInfo(topic.name(), 0, Node.noNode(), new Node[0], new Node[0])));
            beginnings.put(partition, 0L);
            ends.put(partition, topic == Topic.DEAD_LETTERS ? (long) letters.length : 0L);
        }
        consumer.updateBeginningOffsets(beginnings);
        consumer.updateEndOffsets(ends);
        consumer.schedulePollTask(() -> {
            for (int offset = 0; offset < letters.length; offset++) {
                consumer.addRecord(new ConsumerRecord<>(
                        Topic.DEAD_LETTERS.name(),
                        0,
                        offset,
                        letters[offset].getTopic().getBytes(StandardCharsets.UTF_8),
                        Topic.DEAD_LETTERS.codec().encode(letters[offset])));
            }
        });
        return consumer;
    }

    @Test
    void goesOnAfterAnyFailure() throws InterruptedException {
        DeadLetter[] letters = {
            DeadLettersTest.letter(Topic.INTERACTIONS.name(), 5),
            DeadLettersTest.letter(Topic.INTERACTIONS.name(), 6),
            DeadLettersTest.letter(Topic.NEIGHBORS.name(), 7)
        };
        AtomicInteger attempts = new AtomicInteger();
        deadLetters.refuse(new Refused(Topic.NEIGHBORS.name(), 0, 7, 0, null, null), "bad");
        deadLetters.refuse(new Refused(Topic.NEIGHBORS.name(), 0, 8, 0, null, null), "bad");
        try (LoopWatcher watcher = new LoopWatcher(
                () -> {
                    if (attempts.getAndIncrement() == 0) {
                        throw new IllegalStateException("unforeseen");
                    }
                    return consumer(letters);
                },
                deadLetters)) {
            watcher.start();
            assertThat(flushed.await(1, TimeUnit.MINUTES)).isTrue();

            assertThat(watcher.deadLetterCounts())
                    .isEqualTo(Map.of(Topic.INTERACTIONS.name(), 2L, Topic.NEIGHBORS.name(), 1L));
        }
        assertThat(producer.history()).hasSize(1);
    }
}

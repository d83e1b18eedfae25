package dev.freshet.topic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class TopicScanTest {

    private static final String TOPIC = "topic";
    private static final TopicPartition P0 = new TopicPartition(TOPIC, 0);
    private static final TopicPartition P1 = new TopicPartition(TOPIC, 1);

    private final MockConsumer<String, String> consumer = new MockConsumer<>("none");
    private final List<String> seen = new ArrayList<>();

    private void topic(long start0, long end0, long start1, long end1) {
        Node node = new Node(0, "host", 1);
        consumer.updatePartitions(
                TOPIC,
                List.of(
                        new PartitionInfo(TOPIC, 0, node, new Node[0], new Node[0]),
                        new PartitionInfo(TOPIC, 1, node, new Node[0], new Node[0])));
        consumer.updateBeginningOffsets(Map.of(P0, start0, P1, start1));
        consumer.updateEndOffsets(Map.of(P0, end0, P1, end1));
        TopicScan.assign(consumer, TOPIC);
    }

    private void onPoll(TopicPartition partition, long... offsets) {
        consumer.schedulePollTask(() -> Arrays.stream(offsets)
                .forEach(offset -> consumer.addRecord(
                        new ConsumerRecord<>(TOPIC, partition.partition(), offset, "key", partition + "@" + offset))));
    }

    private void scan() {
        TopicScan.toEnd(consumer, record -> seen.add(record.value()));
    }

    @Test
    void readsEveryPartitionFromItsBeginningToItsEnd() {
        topic(3, 5, 0, 2);
        onPoll(P0, 3);
        onPoll(P1, 0, 1);
        onPoll(P0, 4);

        scan();

        assertEquals(Set.of(P0, P1), consumer.assignment());
        assertEquals(List.of("topic-0@3", "topic-1@0", "topic-1@1", "topic-0@4"), seen);
    }

    @Test
    void leavesOutWhatComesWhileItReads() {
        topic(0, 1, 0, 2);
        onPoll(P0, 0, 1, 2);
        onPoll(P1, 0, 1, 2);

        scan();

        assertEquals(List.of("topic-0@0", "topic-1@0", "topic-1@1"), seen);
    }

    @Test
    void goesOnFromWhereTheLastScanEnded() {
        topic(0, 1, 0, 0);
        onPoll(P0, 0, 1);
        scan();

        consumer.updateEndOffsets(Map.of(P0, 3L, P1, 1L));
        onPoll(P0, 1, 2);
        onPoll(P1, 0);
        scan();

        assertEquals(List.of("topic-0@0", "topic-0@1", "topic-0@2", "topic-1@0"), seen);
    }

    @Test
    void endsWhereTheLastOffsetsHaveNoRecords() {
        topic(0, 3, 0, 0);
        onPoll(P0, 0);
        // Compaction and the markers of transactions leave offsets without records.
        consumer.schedulePollTask(() -> consumer.seek(P0, 3));

        scan();

        assertEquals(List.of("topic-0@0"), seen);
    }

    @Test
    void fromTheEndReadsWhatComesAfter() {
        topic(0, 2, 0, 1);
        TopicScan.assignAtEnd(consumer, TOPIC);
        consumer.updateEndOffsets(Map.of(P0, 3L, P1, 1L));
        onPoll(P0, 0, 1, 2);

        scan();

        assertEquals(List.of("topic-0@2"), seen);
    }

    @Test
    void readsNothingOfAnEmptyTopic() {
        topic(7, 7, 0, 0);

        scan();

        assertEquals(List.of(), seen);
    }
}

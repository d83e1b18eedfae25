package dev.freshet.cli.verify;

import dev.freshet.topic.Consumers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Reads topics from their beginning to ends that are given, one partition after the other. */
final class TopicReader implements AutoCloseable {

    /** Takes a record. */
    interface Sink {
        void accept(ConsumerRecord<byte[], byte[]> record);
    }

    private static final Duration POLL = Duration.ofMillis(200);

    private final Consumer<byte[], byte[]> consumer;

    TopicReader(String bootstrap) {
        consumer = Consumers.committed(bootstrap);
    }

    /** The end of every partition that has records: topic-partition → offset after the last. */
    Map<TopicPartition, Long> ends(String... topics) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) {
            partitions.addAll(Consumers.partitions(consumer, topic));
        }
        Map<TopicPartition, Long> ends =
                new TreeMap<>(Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition));
        consumer.endOffsets(partitions).forEach((partition, end) -> {
            if (end > 0) {
                ends.put(partition, end);
            }
        });
        return ends;
    }

    /** Hands on the committed records of the partitions up to the ends, partition after partition, in order. */
    void read(Map<TopicPartition, Long> ends, Sink sink) {
        ends.forEach((partition, end) -> {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    if (record.offset() < end) {
                        sink.accept(record);
                    }
                }
            }
        });
    }

    @Override
    public void close() {
        consumer.close();
    }
}

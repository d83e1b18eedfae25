package dev.freshet.topic;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Reads topics up to where they end now. */
public final class TopicScan {

    private static final Duration POLL = Duration.ofMillis(200);

    private TopicScan() {}

    /** Assigns every partition of a topic, from its beginning, to a consumer without a group. */
    public static void assign(Consumer<?, ?> consumer, String topic) {
        List<TopicPartition> partitions = Consumers.partitions(consumer, topic);
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** Assigns every partition of a topic, from where it ends now, to a consumer without a group. */
    public static void assignAtEnd(Consumer<?, ?> consumer, String topic) {
        List<TopicPartition> partitions = Consumers.partitions(consumer, topic);
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        // Without this, the end would be looked for at the first poll.
        partitions.forEach(consumer::position);
    }

    /**
     * Passes on the records of the assigned partitions from where the consumer stands to where they end now; there the consumer stands
     * afterwards.
     */
    public static <K, V> void toEnd(Consumer<K, V> consumer, java.util.function.Consumer<ConsumerRecord<K, V>> sink) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            for (ConsumerRecord<K, V> record : consumer.poll(POLL)) {
                if (record.offset() < ends.get(new TopicPartition(record.topic(), record.partition()))) {
                    sink.accept(record);
                }
            }
        }
        ends.forEach((partition, end) -> {
            // A batch may reach further.
            if (consumer.position(partition) > end) {
                consumer.seek(partition, end);
            }
        });
    }
}

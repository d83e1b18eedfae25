package dev.freshet.topic;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.OffsetRange;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** Whether the topic {@code model-embeddings} still has what a release says: the trainer deletes what no kept release needs. */
public final class ReleaseEmbeddings {

    private ReleaseEmbeddings() {}

    /**
     * Why the topic does not have a release's ranges, in one line; empty if it has.
     *
     * @param consumer asked for the bounds of the topic; its assignment stays
     */
    public static Optional<String> missing(Consumer<?, ?> consumer, ModelRelease release) {
        String topic = Topic.MODEL_EMBEDDINGS.name();
        Set<TopicPartition> partitions = new HashSet<>(Consumers.partitions(consumer, topic));
        Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        for (OffsetRange range : release.getEmbeddings()) {
            TopicPartition partition = new TopicPartition(topic, range.getPartition());
            String where = "offsets " + range.getStart() + " to " + range.getEnd() + " of " + partition;
            if (!partitions.contains(partition)) {
                return Optional.of(where + " do not exist: the topic has " + partitions.size() + " partitions");
            }
            if (range.getStart() < 0 || range.getEnd() < range.getStart()) {
                return Optional.of(where + " are no range");
            }
            if (range.getStart() < beginnings.get(partition)) {
                return Optional.of(
                        where + " are gone: the topic begins at " + beginnings.get(partition) + "; train again");
            }
            if (range.getEnd() > ends.get(partition)) {
                return Optional.of(where + " do not exist: the topic ends at " + ends.get(partition));
            }
        }
        return Optional.empty();
    }
}

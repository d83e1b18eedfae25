package dev.freshet.topic;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;

/** Creates the topics of the loop as {@link Topic} describes them. */
public final class TopicCatalogue {

    /** Largest record that the broker of a local cluster takes. */
    public static final int MAX_RECORD_BYTES = 8 << 20;

    /** Largest dead letter: the largest record, and what is said of it. */
    public static final int MAX_DEAD_LETTER_BYTES = MAX_RECORD_BYTES + (64 << 10);

    /** How long the leaders of new partitions may take to appear. */
    private static final Duration LEADERS = Duration.ofMinutes(1);

    /** How long a reader that was stopped may stay away without missing that a key was removed. */
    private static final Duration TOMBSTONES = Duration.ofDays(30);

    private TopicCatalogue() {}

    /**
     * Creates every topic that does not exist yet; existing ones stay as they are. When it returns, the leader of every
     * partition takes records.
     *
     * @param partitions partitions of the topics that are split by key
     * @param replication replicas of every partition
     * @return names of the topics that were created
     * @throws KafkaException if the broker refuses, or a partition has no leader for a minute
     */
    public static Set<String> create(Admin admin, int partitions, short replication) throws InterruptedException {
        Map<String, NewTopic> wanted = new HashMap<>();
        for (Topic<?> topic : Topic.all().values()) {
            wanted.put(
                    topic.name(),
                    new NewTopic(
                                    topic.name(),
                                    topic.partitions() == Topic.Partitioning.SINGLE ? 1 : partitions,
                                    replication)
                            .configs(settings(topic)));
        }
        Map<String, String> schemas = new HashMap<>();
        SchemaTopic.settings().forEach((name, value) -> schemas.put((String) name, (String) value));
        wanted.put(SchemaTopic.NAME, new NewTopic(SchemaTopic.NAME, 1, replication).configs(schemas));

        Set<String> created = new TreeSet<>();
        for (Map.Entry<String, KafkaFuture<Void>> result :
                admin.createTopics(wanted.values()).values().entrySet()) {
            try {
                result.getValue().get();
                created.add(result.getKey());
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof TopicExistsException)) {
                    throw new KafkaException(
                            "cannot create topic " + result.getKey() + ": "
                                    + e.getCause().getMessage(),
                            e.getCause());
                }
            }
        }
        awaitLeaders(admin, wanted.keySet());
        return created;
    }

    /**
     * Asks the leader of every partition for its end. Metadata alone does not do: they name a leader a moment before it
     * takes records, and an idempotent producer that has two batches under way at that moment may have the first refused and
     * the second taken, after which it tries the first in vain until its delivery timeout (KAFKA-15591).
     */
    private static void awaitLeaders(Admin admin, Set<String> topics) throws InterruptedException {
        Instant deadline = Instant.now().plus(LEADERS);
        while (true) {
            try {
                Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
                admin.describeTopics(topics).allTopicNames().get().forEach((topic, description) -> description
                        .partitions()
                        .forEach(partition ->
                                ends.put(new TopicPartition(topic, partition.partition()), OffsetSpec.latest())));
                admin.listOffsets(ends).all().get();
                return;
            } catch (ExecutionException e) {
                // A broker hears of a new topic a moment after the controller has made it.
                if (!(e.getCause() instanceof RetriableException)
                        || Instant.now().isAfter(deadline)) {
                    throw new KafkaException(
                            "the topics cannot be used: " + e.getCause().getMessage(), e.getCause());
                }
            }
            Thread.sleep(20);
        }
    }

    /**
     * The broker's settings for a topic. Time is the broker's append time everywhere: the bound on event times must come out
     * the same at every replay, and a replay of old events must not be deleted at once by its age.
     */
    static Map<String, String> settings(Topic<?> topic) {
        Map<String, String> settings = new HashMap<>();
        settings.put(TopicConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        settings.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime");
        if (topic == Topic.DEAD_LETTERS) {
            settings.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(MAX_DEAD_LETTER_BYTES));
        }
        if (topic.cleanup() == Topic.Cleanup.COMPACT) {
            settings.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
            settings.put(TopicConfig.DELETE_RETENTION_MS_CONFIG, Long.toString(TOMBSTONES.toMillis()));
            if (topic == Topic.MODELS) {
                // Earlier releases stay readable, for the history and for rollbacks.
                settings.put(
                        TopicConfig.MIN_COMPACTION_LAG_MS_CONFIG,
                        Long.toString(Duration.ofDays(365).toMillis()));
            }
        } else {
            settings.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
            settings.put(
                    TopicConfig.RETENTION_MS_CONFIG,
                    Long.toString(topic.retention().toMillis()));
            // Else the broker's default: what must not be lost would be, by size.
            settings.put(TopicConfig.RETENTION_BYTES_CONFIG, "-1");
        }
        return settings;
    }
}

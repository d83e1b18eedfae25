package dev.freshet.serving;

import dev.freshet.serving.stream.BoundedRocksDb;
import dev.freshet.topic.TopicCatalogue;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.state.HostInfo;

/** The settings of the stream: exactly once, quick to answer, quick to restart. */
final class StreamSettings {

    /** Prefix of consumer group, internal topics and transactions. */
    static final String APPLICATION = "freshet-serving";

    /** Longest wait for records, unless a commit is due before. */
    private static final Duration POLL = Duration.ofMillis(100);

    /** A batch per commit and partition, most of the time: each costs its compressor's buffers. */
    private static final int BATCH_BYTES = 1 << 16;

    /** Bytes of interactions that are fetched without waiting for more. */
    private static final int FETCH_BYTES = 1 << 13;

    /** Longest that a fetch waits for them. */
    private static final Duration FETCH_WAIT = Duration.ofMillis(20);

    /** Longest that a fetch of items, neighbors or erasures waits for any. */
    private static final Duration GLOBAL_FETCH_WAIT = Duration.ofMillis(50);

    private StreamSettings() {}

    static Map<String, Object> of(
            String bootstrap,
            Path state,
            int threads,
            int standbys,
            Duration commitInterval,
            HostInfo self,
            String instanceId) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
        settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, standbys);
        settings.put(StreamsConfig.APPLICATION_SERVER_CONFIG, self.host() + ":" + self.port());
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        // A commit makes output visible: it bounds freshness.
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitInterval.toMillis());
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), (int)
                Serving.Settings.TRANSACTION_TIMEOUT.toMillis());
        settings.put(StreamsConfig.POLL_MS_CONFIG, Math.min(POLL.toMillis(), commitInterval.toMillis()));
        settings.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_GLOBAL_ENABLED_CONFIG, true);
        settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, BoundedRocksDb.class);
        // Nobody reads what is not committed: until then records gather, and go as a batch per partition.
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), (int) commitInterval.toMillis());
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), BATCH_BYTES);
        // A list of many items with long ids, each with its reasons, may come to more than the default of 1 MiB.
        settings.put(
                StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), TopicCatalogue.MAX_RECORD_BYTES);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        // A fetch takes along what comes within a moment, or there would be one for every interaction.
        settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.FETCH_MIN_BYTES_CONFIG), FETCH_BYTES);
        settings.put(
                StreamsConfig.mainConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), (int) FETCH_WAIT.toMillis());
        // At a start each partition of a global store is read by itself, and its first request queues behind a fetch of
        // the one before.
        settings.put(StreamsConfig.globalConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), (int)
                GLOBAL_FETCH_WAIT.toMillis());
        // A static member keeps its partitions over a restart: 2 s instead of 45.
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), instanceId);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 1500);
        return settings;
    }
}

package dev.freshet.bench;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Interaction;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.Intake;
import dev.freshet.topic.SchemaTopic;
import dev.freshet.topic.Topic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.accumulators.LongMinimum;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.HeartbeatManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The obvious job, as a yardstick: the sets of every user and item and the co-occurrence counts of every pair in one
 * {@code MapState} cell each, read and written per pair, on RocksDB, exactly once. It counts pairs and does nothing more: no
 * similarity, no top-k, no snapshot, no output. It reads the topic as it stands, and ends with a last checkpoint.
 */
@Command(
        name = "naive-graph-job",
        mixinStandardHelpOptions = true,
        description = "Counts the pairs of the topic's interactions with one MapState cell per pair.")
public final class NaiveGraphJobMain implements Callable<Integer> {

    private static final String EVENTS = "events";
    private static final String PAIR_UPDATES = "pair-updates";
    private static final String FIRST_EVENT = "first-event-nanos";
    private static final long PROGRESS_MILLIS = 1_000;

    @Option(names = "--bootstrap", required = true, paramLabel = "HOST:PORT", description = "Broker.")
    private String bootstrap;

    @Option(names = "--state", required = true, paramLabel = "DIR", description = "Folder of the checkpoints.")
    private Path state;

    @Option(names = "--parallelism", paramLabel = "N", defaultValue = "1", description = "Default: ${DEFAULT-VALUE}")
    private int parallelism;

    @Option(
            names = "--until",
            paramLabel = "OFFSET",
            defaultValue = "" + Long.MAX_VALUE,
            description = "Offset to stop at in each partition. Default: its end")
    private long until;

    public static void main(String[] arguments) {
        Yardstick.run(new NaiveGraphJobMain(), arguments);
    }

    @Override
    public Integer call() throws Exception {
        Configuration settings = new Configuration();
        settings.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        settings.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, state.toUri().toString());
        settings.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(512));
        // The counters come with the heartbeats.
        settings.set(HeartbeatManagerOptions.HEARTBEAT_INTERVAL, Duration.ofMillis(PROGRESS_MILLIS));
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(parallelism, settings);
        env.enableCheckpointing(5_000, CheckpointingMode.EXACTLY_ONCE);
        env.getConfig().enableObjectReuse();

        DataStream<Tuple3<String, String, Integer>> changes = env.fromSource(
                        KafkaSource.<Tuple3<String, String, Integer>>builder()
                                .setBootstrapServers(bootstrap)
                                .setTopics(Topic.INTERACTIONS.name())
                                .setStartingOffsets(OffsetsInitializer.earliest())
                                .setBounded(OffsetsInitializer.offsets(ends()))
                                .setDeserializer(new Signed())
                                .setProperty("isolation.level", "read_committed")
                                .build(),
                        WatermarkStrategy.noWatermarks(),
                        "interactions")
                .keyBy(event -> event.f0)
                .process(new Distinct());
        pairs(changes);
        pairs(changes.map(change -> Tuple3.of(change.f1, change.f0, change.f2)).returns(SIGNED));
        JobClient job = env.executeAsync("naive-graph-job");
        CompletableFuture<JobExecutionResult> end = job.getJobExecutionResult();
        JobExecutionResult result = null;
        while (result == null) {
            try {
                result = end.get(PROGRESS_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                Object events = job.getAccumulators().get().get(EVENTS);
                Yardstick.progress(events == null ? 0 : (Long) events);
            }
        }
        long events = result.getAccumulatorResult(EVENTS);
        long first = result.getAccumulatorResult(FIRST_EVENT);
        System.out.printf(
                Locale.ROOT,
                "{\"events\": %d, \"pair_updates\": %d, \"seconds\": %.3f}%n",
                events,
                (Long) result.getAccumulatorResult(PAIR_UPDATES),
                events == 0 ? 0 : (System.nanoTime() - first) / 1e9);
        return 0;
    }

    private Map<TopicPartition, Long> ends() {
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            SchemaTopic.load(consumer);
            Map<TopicPartition, Long> ends = new HashMap<>();
            consumer.endOffsets(Consumers.partitions(consumer, Topic.INTERACTIONS.name()))
                    .forEach((partition, end) -> ends.put(partition, Math.min(end, until)));
            return ends;
        }
    }

    private static final TypeInformation<Tuple3<String, String, Integer>> SIGNED =
            Types.TUPLE(Types.STRING, Types.STRING, Types.INT);

    /** Changes (set, member, ±1) to counts of the pairs of members. */
    private static void pairs(DataStream<Tuple3<String, String, Integer>> changes) {
        changes.keyBy(change -> change.f0)
                .process(new PairDeltas())
                .keyBy(delta -> delta.f0)
                .process(new PairCounts())
                .sinkTo(new DiscardingSink<>());
    }

    /** Events as (user, item, ±1). */
    private static final class Signed implements KafkaRecordDeserializationSchema<Tuple3<String, String, Integer>> {

        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple3<String, String, Integer>> out) {
            try {
                Interaction event = Topic.INTERACTIONS.codec().decode(record.value());
                Intake.check(record.key(), event, record.timestamp());
                out.collect(Tuple3.of(event.getUser(), event.getItem(), Intake.isRemoval(event) ? -1 : 1));
            } catch (BadRecordException e) {
                // The graph job writes it to the dead letters; it counts for nobody.
            }
        }

        @Override
        public TypeInformation<Tuple3<String, String, Integer>> getProducedType() {
            return SIGNED;
        }
    }

    /** Passes on what changes the set of live (user, item) pairs. */
    private static final class Distinct
            extends KeyedProcessFunction<String, Tuple3<String, String, Integer>, Tuple3<String, String, Integer>> {
        private final LongCounter events = new LongCounter();
        private final LongMinimum first = new LongMinimum();
        private transient MapState<String, Boolean> items;

        @Override
        public void open(OpenContext context) {
            getRuntimeContext().addAccumulator(EVENTS, events);
            getRuntimeContext().addAccumulator(FIRST_EVENT, first);
            items = getRuntimeContext().getMapState(new MapStateDescriptor<>("items", Types.STRING, Types.BOOLEAN));
        }

        @Override
        public void processElement(
                Tuple3<String, String, Integer> event, Context context, Collector<Tuple3<String, String, Integer>> out)
                throws Exception {
            events.add(1);
            if (first.getLocalValuePrimitive() == Long.MAX_VALUE) {
                first.add(System.nanoTime());
            }
            boolean live = items.contains(event.f1);
            if (event.f2 > 0 && !live) {
                items.put(event.f1, true);
                out.collect(event);
            } else if (event.f2 < 0 && live) {
                items.remove(event.f1);
                out.collect(event);
            }
        }
    }

    private static final class PairDeltas
            extends KeyedProcessFunction<String, Tuple3<String, String, Integer>, Tuple3<String, String, Integer>> {
        private transient MapState<String, Boolean> members;

        @Override
        public void open(OpenContext context) {
            members = getRuntimeContext().getMapState(new MapStateDescriptor<>("members", Types.STRING, Types.BOOLEAN));
        }

        @Override
        public void processElement(
                Tuple3<String, String, Integer> change, Context context, Collector<Tuple3<String, String, Integer>> out)
                throws Exception {
            if (change.f2 < 0) {
                members.remove(change.f1);
            }
            for (Map.Entry<String, Boolean> member : members.entries()) {
                out.collect(Tuple3.of(change.f1, member.getKey(), change.f2));
                out.collect(Tuple3.of(member.getKey(), change.f1, change.f2));
            }
            if (change.f2 > 0) {
                members.put(change.f1, true);
            }
        }
    }

    private static final class PairCounts
            extends KeyedProcessFunction<String, Tuple3<String, String, Integer>, Tuple3<String, String, Integer>> {
        private final LongCounter updates = new LongCounter();
        private transient MapState<String, Integer> counts;

        @Override
        public void open(OpenContext context) {
            getRuntimeContext().addAccumulator(PAIR_UPDATES, updates);
            counts = getRuntimeContext().getMapState(new MapStateDescriptor<>("counts", Types.STRING, Types.INT));
        }

        @Override
        public void processElement(
                Tuple3<String, String, Integer> delta, Context context, Collector<Tuple3<String, String, Integer>> out)
                throws Exception {
            updates.add(1);
            Integer count = counts.get(delta.f1);
            int updated = (count == null ? 0 : count) + delta.f2;
            if (updated == 0) {
                counts.remove(delta.f1);
            } else {
                counts.put(delta.f1, updated);
            }
        }
    }
}

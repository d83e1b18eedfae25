package dev.freshet.serving.stream;

import dev.freshet.topic.Topic;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * interactions → users, pairs, counts, recommendations (by partition) → topics recommendations, shadow-recommendations and
 * embeddings; items, neighbors and erasures whole in every instance.
 */
public final class ServingTopology {

    /** User → {@link UserProfile}. */
    public static final String USERS_STORE = "users";

    /** User → the Avro record last published on the topic recommendations. */
    public static final String RECOMMENDATIONS_STORE = "latest-recommendations";

    /** (User, item) → the event that decides the pair. */
    public static final String PAIRS_STORE = "pairs";

    /** Item → version and hash of the embedding last published, in the task of the first partition. */
    static final String ITEM_EMBEDDINGS_STORE = "item-embeddings";

    static final String COUNTS_STORE = "item-counts";
    static final String ITEMS_STORE = "item-records";
    static final String NEIGHBORS_STORE = "neighbors";
    static final String ERASURES_STORE = "erasures";
    static final String RECOMMENDATIONS_SINK = "recommendations-sink";
    static final String SHADOWS_SINK = "shadows-sink";
    static final String EMBEDDINGS_SINK = "embeddings-sink";

    private static final String SOURCE = "interactions-source";
    private static final String PROCESSOR = "user-processor";

    private ServingTopology() {}

    public static Topology build(ServingContext serving) {
        return build(serving, System::nanoTime, System::currentTimeMillis);
    }

    /**
     * @param nanos the clock that slices of work are measured by, in nanoseconds
     * @param clock milliseconds since 1970
     */
    static Topology build(ServingContext serving, LongSupplier nanos, LongSupplier clock) {
        Topology topology = new Topology();
        global(topology, Topic.ITEMS, ITEMS_STORE, () -> new GlobalProcessors.Items(serving));
        global(topology, Topic.NEIGHBORS, NEIGHBORS_STORE, () -> new GlobalProcessors.Neighbors(serving));
        global(topology, Topic.ERASURES, ERASURES_STORE, () -> new GlobalProcessors.Erasures(serving));
        topology.addSource(SOURCE, new ByteArrayDeserializer(), new ByteArrayDeserializer(), Topic.INTERACTIONS.name());
        topology.addProcessor(PROCESSOR, () -> new UserProcessor(serving, nanos, clock), SOURCE);
        topology.addStateStore(logged(USERS_STORE, Serdes.String(), Serdes.ByteArray()), PROCESSOR);
        topology.addStateStore(logged(RECOMMENDATIONS_STORE, Serdes.String(), Serdes.ByteArray()), PROCESSOR);
        topology.addStateStore(logged(PAIRS_STORE, Serdes.Bytes(), Serdes.ByteArray()), PROCESSOR);
        topology.addStateStore(logged(ITEM_EMBEDDINGS_STORE, Serdes.String(), Serdes.ByteArray()), PROCESSOR);
        topology.addStateStore(logged(COUNTS_STORE, Serdes.String(), Serdes.Long()), PROCESSOR);
        sink(topology, RECOMMENDATIONS_SINK, Topic.RECOMMENDATIONS);
        sink(topology, SHADOWS_SINK, Topic.SHADOW_RECOMMENDATIONS);
        sink(topology, EMBEDDINGS_SINK, Topic.EMBEDDINGS);
        return topology;
    }

    private static void global(
            Topology topology, Topic<?> topic, String store, ProcessorSupplier<byte[], byte[], Void, Void> processor) {
        topology.addGlobalStore(
                Stores.keyValueStoreBuilder(new GlobalStore(store), Serdes.String(), Serdes.ByteArray())
                        .withLoggingDisabled()
                        .withCachingDisabled(),
                store + "-source",
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer(),
                topic.name(),
                store + "-updater",
                processor);
    }

    private static <K, V> StoreBuilder<KeyValueStore<K, V>> logged(String name, Serde<K> key, Serde<V> value) {
        // LZ4 pays for lists and profiles, which a changelog holds many times until it is compacted.
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), key, value)
                .withLoggingEnabled(Map.of("compression.type", "lz4"))
                .withCachingDisabled();
    }

    private static void sink(Topology topology, String name, Topic<?> topic) {
        topology.addSink(name, topic.name(), new ByteArraySerializer(), new ByteArraySerializer(), PROCESSOR);
    }
}

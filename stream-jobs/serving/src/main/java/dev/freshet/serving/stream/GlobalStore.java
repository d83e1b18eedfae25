package dev.freshet.serving.stream;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * A RocksDB store that a global processor fills, and that outlives a kill. Under exactly-once, Kafka Streams 4.3 does not open a store that was left
 * open, as it may hold what was never committed (KAFKA-21034). A global store cannot: all that it holds was on its topic, and what
 * came since its offsets were last written is read again, which must change nothing.
 */
final class GlobalStore implements KeyValueBytesStoreSupplier {

    private final KeyValueBytesStoreSupplier rocksDb;

    GlobalStore(String name) {
        this.rocksDb = Stores.persistentKeyValueStore(name);
    }

    @Override
    public String name() {
        return rocksDb.name();
    }

    @Override
    public String metricsScope() {
        return rocksDb.metricsScope();
    }

    @Override
    @SuppressWarnings("unchecked")
    public KeyValueStore<Bytes, byte[]> get() {
        KeyValueStore<Bytes, byte[]> store = rocksDb.get();
        return intercepted(KeyValueStore.class, store, "init", arguments -> {
            store.init(atLeastOnce((StateStoreContext) arguments[0]), (StateStore) arguments[1]);
            return null;
        });
    }

    private static StateStoreContext atLeastOnce(StateStoreContext context) {
        Map<String, Object> configs = new HashMap<>(context.appConfigs());
        configs.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        return intercepted(StateStoreContext.class, context, "appConfigs", arguments -> configs);
    }

    @FunctionalInterface
    private interface Instead {
        Object call(Object[] arguments);
    }

    /** The object itself, but for one method. */
    private static <T> T intercepted(Class<T> type, T object, String name, Instead instead) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (method.getName().equals(name)) {
                        return instead.call(arguments);
                    }
                    try {
                        return method.invoke(object, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}

package dev.freshet.serving.stream;

import dev.freshet.codec.BadRecordException;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Item;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.topic.Intake;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The processors that fill the global stores. Streams runs them for every record, at a restart too, each with an instance of
 * its own; what they leave out of a store, or out of the catalogue, scoring does not see.
 */
final class GlobalProcessors {

    private GlobalProcessors() {}

    /** Common to all: the store, and the record's place. */
    private abstract static class Updater implements Processor<byte[], byte[], Void, Void> {

        private final String storeName;
        private ProcessorContext<Void, Void> context;
        KeyValueStore<String, byte[]> store;

        Updater(String storeName) {
            this.storeName = storeName;
        }

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            this.context = context;
            this.store = context.getStateStore(storeName);
            try {
                attach();
            } catch (BadRecordException e) {
                throw new IllegalStateException("store " + storeName + ": " + e.getMessage(), e);
            }
        }

        abstract void attach() throws BadRecordException;

        abstract void update(byte[] key, byte[] value, long offset, long appended) throws BadRecordException;

        abstract void refused(Refusals.Refused record, String reason);

        @Override
        public void process(Record<byte[], byte[]> record) {
            RecordMetadata at = context.recordMetadata().orElseThrow();
            try {
                update(record.key(), record.value(), at.offset(), record.timestamp());
            } catch (BadRecordException e) {
                refused(
                        new Refusals.Refused(
                                at.topic(),
                                at.partition(),
                                at.offset(),
                                record.timestamp(),
                                record.key(),
                                record.value()),
                        e.getMessage());
            }
        }
    }

    private static String text(byte[] key) throws BadRecordException {
        if (key == null) {
            throw new BadRecordException("the record has no key; this topic is keyed by id");
        }
        return new String(key, StandardCharsets.UTF_8);
    }

    /** Items, their features apart; a withdrawn one stays as unavailable, so that a restart knows it. */
    static final class Items extends Updater {

        private final ServingContext serving;

        Items(ServingContext serving) {
            super(ServingTopology.ITEMS_STORE);
            this.serving = serving;
        }

        @Override
        void attach() throws BadRecordException {
            serving.catalogue().attachItems(store);
        }

        @Override
        void update(byte[] key, byte[] value, long offset, long appended) throws BadRecordException {
            Item item;
            if (value == null) {
                item = Item.newBuilder().setItem(text(key)).setAvailable(false).build();
            } else {
                item = serving.format().awaitDecoded(Topic.ITEMS, value);
                Intake.check(key, item, Map.of());
            }
            serving.catalogue().putItem(item, appended);
        }

        @Override
        void refused(Refusals.Refused record, String reason) {
            serving.metrics().skipped(record.topic());
        }
    }

    /** Neighbor lists as they came, and the sizes of the graphs. */
    static final class Neighbors extends Updater {

        /** Keys that hold a graph's size begin so; those of lists begin with the name of a graph and a colon. */
        private static final String SIZE_PREFIX = "#";

        private final ServingContext serving;
        private final Map<String, Catalogue.GraphSize> sizes = new HashMap<>();

        Neighbors(ServingContext serving) {
            super(ServingTopology.NEIGHBORS_STORE);
            this.serving = serving;
        }

        @Override
        void attach() {
            sizes.clear();
            try (KeyValueIterator<String, byte[]> stored =
                    store.prefixScan(SIZE_PREFIX, Serdes.String().serializer())) {
                while (stored.hasNext()) {
                    KeyValue<String, byte[]> entry = stored.next();
                    ByteBuffer size = ByteBuffer.wrap(entry.value);
                    sizes.put(
                            entry.key.substring(SIZE_PREFIX.length()),
                            new Catalogue.GraphSize(size.getLong(), size.getLong()));
                }
            }
            serving.catalogue().attachNeighbors(store, sizes);
        }

        @Override
        void update(byte[] key, byte[] value, long offset, long appended) throws BadRecordException {
            serving.lateness().standBack(appended);
            NeighborList list = value == null ? null : Topic.NEIGHBORS.codec().decode(value);
            String name = text(key);
            if (list != null) {
                check(name, list);
            }
            int colon = name.indexOf(':');
            if (colon < 0) {
                throw new BadRecordException("NeighborList: key " + Intake.shortened(name) + " is not graph:node");
            }
            String graph = name.substring(0, colon);
            byte[] stored = store.get(name);
            int edgesBefore = stored == null
                    ? 0
                    : Topic.NEIGHBORS.codec().decode(stored).getNeighbors().size();
            int edges = list == null ? 0 : list.getNeighbors().size();
            Catalogue.GraphSize before = sizes.getOrDefault(graph, new Catalogue.GraphSize(0, 0));
            Catalogue.GraphSize size = new Catalogue.GraphSize(
                    before.nodes() + (edges > 0 ? 1 : 0) - (edgesBefore > 0 ? 1 : 0),
                    before.edges() + edges - edgesBefore);
            byte[] after = edges == 0 ? null : value;
            if (size.equals(before)) {
                store.put(name, after);
            } else {
                // In one batch: what a kill leaves of the store has both or neither.
                store.putAll(List.of(KeyValue.pair(name, after), KeyValue.pair(SIZE_PREFIX + graph, encoded(size))));
                sizes.put(graph, size);
            }
            serving.catalogue().neighborsChanged(graph, name.substring(colon + 1), edges == 0 ? null : list, size);
        }

        private static byte[] encoded(Catalogue.GraphSize size) {
            return ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(size.nodes())
                    .putLong(size.edges())
                    .array();
        }

        private static void check(String key, NeighborList list) throws BadRecordException {
            if (!key.equals(Keys.neighbors(list.getGraph(), list.getNode()))) {
                throw new BadRecordException("NeighborList: the key is " + Intake.shortened(key)
                        + ", but the value is of " + Intake.shortened(Keys.neighbors(list.getGraph(), list.getNode())));
            }
            for (Neighbor neighbor : list.getNeighbors()) {
                if (!Double.isFinite(neighbor.getWeight())) {
                    throw new BadRecordException("NeighborList: the weight of " + Intake.shortened(neighbor.getId())
                            + " is " + neighbor.getWeight() + "; it must be finite");
                }
            }
        }

        @Override
        void refused(Refusals.Refused record, String reason) {
            serving.metrics().skipped(record.topic());
            serving.refusals().refuse(record, reason);
        }
    }

    /** Requests to forget, each with its offset; of one user or item the one with the latest time. */
    static final class Erasures extends Updater {

        private final ServingContext serving;

        Erasures(ServingContext serving) {
            super(ServingTopology.ERASURES_STORE);
            this.serving = serving;
        }

        @Override
        void attach() throws BadRecordException {
            try (KeyValueIterator<String, byte[]> all = store.all()) {
                while (all.hasNext()) {
                    Stamped<Erasure> stored = Stamped.decode(Topic.ERASURES, all.next().value);
                    serving.catalogue().putErasure(stored.record(), stored.stamp());
                }
            }
        }

        @Override
        void update(byte[] key, byte[] value, long offset, long appended) throws BadRecordException {
            if (value == null) {
                return;
            }
            Erasure erasure = serving.format().awaitDecoded(Topic.ERASURES, value);
            Intake.check(erasure, appended);
            String name = Keys.node(erasure.getKind(), erasure.getId());
            byte[] before = store.get(name);
            if (before == null
                    || erasure.getRequestedAt()
                            .isAfter(Stamped.decode(Topic.ERASURES, before)
                                    .record()
                                    .getRequestedAt())) {
                store.put(name, new Stamped<>(offset, erasure).encode(Topic.ERASURES));
            }
            serving.catalogue().putErasure(erasure, offset);
        }

        @Override
        void refused(Refusals.Refused record, String reason) {
            serving.metrics().skipped(record.topic());
        }
    }
}

package dev.freshet.serving.stream;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.freshet.codec.BadRecordException;
import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Item;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.serving.score.ItemFilter;
import dev.freshet.serving.score.ItemNeighbors;
import dev.freshet.topic.Keys;
import dev.freshet.topic.Topic;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * What every instance holds completely: items, neighbor lists and erasures, in global stores, with the part that scoring
 * asks for in memory. Written by the global processors alone, read by anyone. Thread-safe.
 */
public final class Catalogue {

    /** Size of a graph. */
    public record GraphSize(long nodes, long edges) {}

    /**
     * A request to forget a user or an item.
     *
     * @param upTo event time up to which they are forgotten
     * @param offset where it lies on the topic erasures
     */
    record Forgotten(long upTo, long offset) {

        static final Forgotten NONE = new Forgotten(Long.MIN_VALUE, -1);

        private static Forgotten later(Forgotten one, Forgotten other) {
            return other.upTo > one.upTo ? other : one;
        }
    }

    /**
     * Where a walk over the items goes on.
     *
     * @param lists whether it has come to the neighbor lists
     */
    record Place(boolean lists, String key) {

        static final Place FIRST = new Place(false, RECORD);
    }

    private static final int CACHED_LISTS = 100_000;

    /** An answer over HTTP asks for dozens: those of a list, and those that it is because of. */
    private static final int CACHED_ITEMS = 20_000;

    /** Keys of the items store that hold what scoring and people ask for begin so. */
    private static final String RECORD = "r";

    /** Keys that hold an item's features: long, and asked for by few. */
    private static final String FEATURES = "f";

    /** Behind all keys that begin with {@link #RECORD}. */
    private static final String RECORDS_END = "s";

    /** Keys of the lists of item graphs lie between these. */
    private static final String LISTS = "item-";

    private static final String LISTS_END = "item.";

    private final ItemFilter filter;
    private volatile KeyValueStore<String, byte[]> items;
    private volatile KeyValueStore<String, byte[]> neighbors;
    /** Items in the store; withdrawn ones stay there. */
    private final AtomicInteger stored = new AtomicInteger();

    private final Set<String> unavailable = ConcurrentHashMap.newKeySet();
    private final AtomicLong withdrawals;
    private final Map<String, GraphSize> graphs = new ConcurrentHashMap<>();
    private final Map<String, Forgotten> erasedUsers = new ConcurrentHashMap<>();
    private final Map<String, Forgotten> erasedItems = new ConcurrentHashMap<>();
    private final AtomicLong itemErasures = new AtomicLong();
    private final Set<String> changedItems = ConcurrentHashMap.newKeySet();
    /** Items that were erased, or sent again since. */
    private final Set<String> goneOrBack = ConcurrentHashMap.newKeySet();

    private final List<String> userErasures = Collections.synchronizedList(new ArrayList<>());
    private final LoadingCache<String, ItemNeighbors> jaccard =
            Caffeine.newBuilder().maximumSize(CACHED_LISTS).build(this::loadJaccard);
    private final LoadingCache<String, Optional<Stamped<Item>>> records =
            Caffeine.newBuilder().maximumSize(CACHED_ITEMS).build(this::loadItem);

    /** @param filter which items are offered; the others count as not available */
    Catalogue(ItemFilter filter) {
        this.filter = filter;
        // Lists from before a restart may offer what the filter no longer admits.
        this.withdrawals = new AtomicLong(filter.isEmpty() ? 0 : 1);
    }

    /** Takes the items store, with what it holds from before a restart. */
    void attachItems(KeyValueStore<String, byte[]> store) throws BadRecordException {
        items = store;
        records.invalidateAll();
        stored.set(0);
        unavailable.clear();
        try (KeyValueIterator<String, byte[]> all =
                store.prefixScan(RECORD, Serdes.String().serializer())) {
            while (all.hasNext()) {
                KeyValue<String, byte[]> entry = all.next();
                countItem(
                        entry.key.substring(RECORD.length()),
                        Stamped.decode(Topic.ITEMS, entry.value).record(),
                        null);
            }
        }
    }

    /**
     * Puts what is known of an item in force.
     *
     * @param item the item; loses its features
     * @param appended the broker's time of the record
     */
    void putItem(Item item, long appended) throws BadRecordException {
        String id = item.getItem();
        byte[] before = items.get(RECORD + id);
        if (item.getFeatures().isEmpty()) {
            items.delete(FEATURES + id);
        } else {
            items.put(
                    FEATURES + id,
                    Topic.ITEMS
                            .codec()
                            .encode(Item.newBuilder()
                                    .setItem(id)
                                    .setFeatures(item.getFeatures())
                                    .build()));
            item.setFeatures(Map.of());
        }
        items.put(RECORD + id, new Stamped<>(appended, item).encode(Topic.ITEMS));
        records.invalidate(id);
        countItem(
                id,
                item,
                before == null ? null : Stamped.decode(Topic.ITEMS, before).record());
        changedItems.add(id);
        if (erasedItems.containsKey(id)) {
            goneOrBack.add(id);
        }
    }

    /** An item's vectors by modality; none of one that was erased since. */
    Map<String, float[]> features(String id) {
        byte[] value = items == null || storedItem(id).isEmpty() ? null : items.get(FEATURES + id);
        if (value == null) {
            return Map.of();
        }
        try {
            Map<String, float[]> features = new HashMap<>();
            Topic.ITEMS
                    .codec()
                    .decode(value)
                    .getFeatures()
                    .forEach((modality, vector) -> features.put(modality, Vectors.toArray(vector)));
            return features;
        } catch (BadRecordException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Goes on with a walk over the ids of all items that have a record, or a list in one of the graphs that vectors are made from; one may
     * come several times.
     *
     * @param from {@link Place#FIRST}, or what the last call gave
     * @param enough whether to stop for now
     * @return where to go on; null at the end
     */
    Place walkItems(Place from, BooleanSupplier enough, Consumer<String> each) {
        try (KeyValueIterator<String, byte[]> rest =
                from.lists ? neighbors.range(from.key, LISTS_END) : items.range(from.key, RECORDS_END)) {
            while (rest.hasNext()) {
                String key = rest.peekNextKey();
                if (enough.getAsBoolean()) {
                    return new Place(from.lists, key);
                }
                rest.next();
                if (!from.lists) {
                    each.accept(key.substring(RECORD.length()));
                } else if (placesItems(key.substring(0, key.indexOf(':')))) {
                    each.accept(key.substring(key.indexOf(':') + 1));
                }
            }
        }
        return from.lists ? null : new Place(true, LISTS);
    }

    /** Whether a graph's lists say where an item belongs that training did not see. */
    private static boolean placesItems(String graph) {
        return graph.equals(GraphNames.ITEM_JACCARD) || GraphNames.isItemContent(graph);
    }

    /** The items whose record, neighbors or erasure came since it was asked last. */
    Set<String> takeChangedItems() {
        return taken(changedItems);
    }

    /** The items that were erased, or sent again since, after it was asked last. */
    Set<String> takeGoneOrBack() {
        return taken(goneOrBack);
    }

    private static Set<String> taken(Set<String> from) {
        if (from.isEmpty()) {
            return Set.of();
        }
        Set<String> taken = new HashSet<>();
        from.removeIf(taken::add);
        return taken;
    }

    private void countItem(String id, Item item, Item before) {
        if (before == null) {
            stored.incrementAndGet();
        }
        if (item.getAvailable() && filter.admits(id, Optional.of(item))) {
            unavailable.remove(id);
        } else if (unavailable.add(id)) {
            withdrawals.incrementAndGet();
        }
    }

    void attachNeighbors(KeyValueStore<String, byte[]> store, Map<String, GraphSize> sizes) {
        neighbors = store;
        graphs.clear();
        graphs.putAll(sizes);
        jaccard.invalidateAll();
    }

    /**
     * Says that a list has changed.
     *
     * @param list what it is now, as it is in the store; null where it is gone
     */
    void neighborsChanged(String graph, String node, NeighborList list, GraphSize size) {
        graphs.put(graph, size);
        if (graph.equals(GraphNames.ITEM_JACCARD)) {
            // Thousands change at once, and scores would have to read them anew. Unlike computeIfPresent, this waits
            // for one that is being loaded.
            jaccard.asMap().compute(node, (any, before) -> before == null ? null : itemNeighbors(list));
        }
        if (placesItems(graph)) {
            changedItems.add(node);
        }
    }

    /**
     * Takes a request to forget; one with an earlier time than another changes nothing.
     *
     * @param offset where it lies on the topic erasures
     */
    void putErasure(Erasure erasure, long offset) {
        Forgotten request = new Forgotten(erasure.getRequestedAt().toEpochMilli(), offset);
        if (erasure.getKind() == NodeKind.USER) {
            erasedUsers.merge(erasure.getId(), request, Forgotten::later);
            userErasures.add(erasure.getId());
        } else {
            erasedItems.merge(erasure.getId(), request, Forgotten::later);
            itemErasures.incrementAndGet();
            changedItems.add(erasure.getId());
            goneOrBack.add(erasure.getId());
            withdrawals.incrementAndGet();
        }
    }

    /** Whether the stores have been read. */
    public boolean ready() {
        return items != null && neighbors != null;
    }

    /** What is known of an item, without its features. */
    public Optional<Item> item(String id) {
        return storedItem(id).map(Stamped::record);
    }

    /** An item's record, unless there is none or it was erased since. */
    private Optional<Stamped<Item>> storedItem(String id) {
        // Before the store is there, nothing may be kept of what is not in it.
        return items == null ? Optional.empty() : records.get(id).filter(item -> item.stamp() > itemErasedAt(id));
    }

    private Optional<Stamped<Item>> loadItem(String id) {
        byte[] value = items.get(RECORD + id);
        try {
            return value == null ? Optional.empty() : Optional.of(Stamped.decode(Topic.ITEMS, value));
        } catch (BadRecordException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether an item must not be recommended: withdrawn, unavailable, not admitted by the filter, or erased and not sent again since. */
    public boolean excludes(String item) {
        if (unavailable.contains(item)) {
            return true;
        }
        // One that has a record and is not admitted is among those above.
        if (!filter.isEmpty()
                && !filter.admits(item, Optional.empty())
                && storedItem(item).isEmpty()) {
            return true;
        }
        return erasedItems.containsKey(item) && storedItem(item).isEmpty();
    }

    /** Whether an item was asked to be forgotten, and was not sent again since. */
    public boolean erased(String item) {
        return erasedItems.containsKey(item) && storedItem(item).isEmpty();
    }

    /** Rises whenever an item stops being recommendable. */
    long withdrawals() {
        return withdrawals.get();
    }

    /** Number of items that are available. */
    public int itemCount() {
        return stored.get() - unavailable.size();
    }

    /** The item-jaccard list of an item. */
    public ItemNeighbors jaccard(String item) {
        return jaccard.get(item);
    }

    private ItemNeighbors loadJaccard(String item) {
        return itemNeighbors(neighbors(GraphNames.ITEM_JACCARD, item).orElse(null));
    }

    private static ItemNeighbors itemNeighbors(NeighborList list) {
        if (list == null) {
            return ItemNeighbors.NONE;
        }
        String[] ids = new String[list.getNeighbors().size()];
        double[] weights = new double[ids.length];
        for (int n = 0; n < ids.length; n++) {
            Neighbor neighbor = list.getNeighbors().get(n);
            ids[n] = neighbor.getId();
            weights[n] = neighbor.getWeight();
        }
        return new ItemNeighbors(list.getVersion(), ids, weights);
    }

    /** The list of a node in any graph. */
    public Optional<NeighborList> neighbors(String graph, String node) {
        KeyValueStore<String, byte[]> store = neighbors;
        byte[] value = store == null ? null : store.get(Keys.neighbors(graph, node));
        try {
            return value == null
                    ? Optional.empty()
                    : Optional.of(Topic.NEIGHBORS.codec().decode(value));
        } catch (BadRecordException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Shows the lists of a graph in the order of their nodes' ids, at most so many. */
    public void forEachList(String graph, int most, Consumer<NeighborList> each) {
        KeyValueStore<String, byte[]> store = neighbors;
        if (store == null) {
            return;
        }
        try (KeyValueIterator<String, byte[]> lists =
                store.prefixScan(Keys.neighbors(graph, ""), Serdes.String().serializer())) {
            for (int n = 0; n < most && lists.hasNext(); n++) {
                each.accept(Topic.NEIGHBORS.codec().decode(lists.next().value));
            }
        } catch (BadRecordException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Graphs by name, with their sizes; an edge counts once for every list that has it. */
    public Map<String, GraphSize> graphs() {
        return new TreeMap<>(graphs);
    }

    /** The request to forget a user that is in force, or {@link Forgotten#NONE}. */
    Forgotten userErasure(String user) {
        return erasedUsers.getOrDefault(user, Forgotten.NONE);
    }

    /** The request to forget an item that is in force, or {@link Forgotten#NONE}. */
    Forgotten itemErasure(String item) {
        return erasedItems.getOrDefault(item, Forgotten.NONE);
    }

    /** Event time up to which an item is forgotten, or {@link Long#MIN_VALUE}. */
    public long itemErasedAt(String item) {
        return itemErasure(item).upTo();
    }

    /** Number of requests to forget a user so far. */
    int userErasures() {
        return userErasures.size();
    }

    /** The user that the {@code n}-th request names, from 0. */
    String erasedUser(int n) {
        return userErasures.get(n);
    }

    /** Rises with every request to forget an item. */
    long itemErasures() {
        return itemErasures.get();
    }
}

package dev.freshet.serving.stream;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.freshet.codec.BadRecordException;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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
     * A request to forget a user.
     *
     * @param upTo event time up to which the user is forgotten
     * @param offset where it lies on the topic erasures
     */
    record UserErasure(long upTo, long offset) {

        static final UserErasure NONE = new UserErasure(Long.MIN_VALUE, -1);
    }

    private static final int CACHED_LISTS = 100_000;

    /** An answer over HTTP asks for dozens: those of a list, and those that it is because of. */
    private static final int CACHED_ITEMS = 20_000;

    private final ItemFilter filter;
    private volatile KeyValueStore<String, byte[]> items;
    private volatile KeyValueStore<String, byte[]> neighbors;
    /** Items in the store; withdrawn ones stay there. */
    private final AtomicInteger stored = new AtomicInteger();

    private final Set<String> unavailable = ConcurrentHashMap.newKeySet();
    private final AtomicLong withdrawals;
    private final Map<String, GraphSize> graphs = new ConcurrentHashMap<>();
    private final Map<String, UserErasure> erasedUsers = new ConcurrentHashMap<>();
    private final Map<String, Long> erasedItems = new ConcurrentHashMap<>();
    private final AtomicLong itemErasures = new AtomicLong();
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
        try (KeyValueIterator<String, byte[]> all = store.all()) {
            while (all.hasNext()) {
                KeyValue<String, byte[]> entry = all.next();
                countItem(entry.key, Stamped.decode(Topic.ITEMS, entry.value).record(), null);
            }
        }
    }

    /**
     * Puts what is known of an item in force.
     *
     * @param item the item without its features
     * @param appended the broker's time of the record
     */
    void putItem(Item item, long appended) throws BadRecordException {
        byte[] before = items.get(item.getItem());
        items.put(item.getItem(), new Stamped<>(appended, item).encode(Topic.ITEMS));
        records.invalidate(item.getItem());
        countItem(
                item.getItem(),
                item,
                before == null ? null : Stamped.decode(Topic.ITEMS, before).record());
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

    /** Says that a list has changed. */
    void neighborsChanged(String graph, String node, GraphSize size) {
        graphs.put(graph, size);
        if (graph.equals(GraphNames.ITEM_JACCARD)) {
            jaccard.invalidate(node);
        }
    }

    /**
     * Takes a request to forget; one with an earlier time than another changes nothing.
     *
     * @param offset where it lies on the topic erasures
     */
    void putErasure(Erasure erasure, long offset) {
        long at = erasure.getRequestedAt().toEpochMilli();
        if (erasure.getKind() == NodeKind.USER) {
            erasedUsers.merge(
                    erasure.getId(),
                    new UserErasure(at, offset),
                    (before, next) -> next.upTo() > before.upTo() ? next : before);
            userErasures.add(erasure.getId());
        } else {
            erasedItems.merge(erasure.getId(), at, Math::max);
            itemErasures.incrementAndGet();
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
        byte[] value = items.get(id);
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
        return neighbors(GraphNames.ITEM_JACCARD, item)
                .map(list -> {
                    String[] ids = new String[list.getNeighbors().size()];
                    double[] weights = new double[ids.length];
                    for (int n = 0; n < ids.length; n++) {
                        Neighbor neighbor = list.getNeighbors().get(n);
                        ids[n] = neighbor.getId();
                        weights[n] = neighbor.getWeight();
                    }
                    return new ItemNeighbors(list.getVersion(), ids, weights);
                })
                .orElse(ItemNeighbors.NONE);
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

    /** The request to forget a user that is in force, or {@link UserErasure#NONE}. */
    UserErasure userErasure(String user) {
        return erasedUsers.getOrDefault(user, UserErasure.NONE);
    }

    /** Event time up to which an item is forgotten, or {@link Long#MIN_VALUE}. */
    public long itemErasedAt(String item) {
        return erasedItems.getOrDefault(item, Long.MIN_VALUE);
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

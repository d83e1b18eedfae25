package dev.freshet.graph.incremental;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.PairRank;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.schema.NodeKind;
import dev.freshet.topic.Intake;
import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The state machines wired as the Flink job wires them, on one thread: any number of instances that share the shards, durable
 * state in maps, and published output that a crash takes back to the last checkpoint.
 */
final class SimulatedJob implements AutoCloseable {

    private static final int BATCH_BYTES = 64;
    private static final Path TEMPORARY = Path.of(System.getProperty("java.io.tmpdir"));

    /** Durable state and published output as of a checkpoint. */
    static final class Durable {
        final Map<String, Map<Integer, byte[]>> nodes = new HashMap<>();
        final Map<String, Map<Integer, List<byte[]>>> changes = new HashMap<>();
        final Map<String, Map<Long, byte[]>> pages = new HashMap<>();
        final Map<String, Map<String, Integer>> ids = new HashMap<>();
        final Map<String, Map<Integer, Integer>> added = new HashMap<>();
        final Map<String, Map<Integer, Map<String, Long>>> erased = new HashMap<>();
        final Map<String, Map<String, NeighborList>> lists = new TreeMap<>();
        final Map<String, LiveInteraction> interactions = new TreeMap<>();
        /** Pairs as those who keep users' items by name have them. */
        final Set<String> links = new TreeSet<>();

        long latest = Long.MIN_VALUE;

        Durable copy() {
            Durable copy = new Durable();
            nodes.forEach((name, map) -> copy.nodes.put(name, new HashMap<>(map)));
            changes.forEach((name, shards) -> {
                Map<Integer, List<byte[]>> copies = new HashMap<>();
                shards.forEach((shard, batches) -> copies.put(shard, new ArrayList<>(batches)));
                copy.changes.put(name, copies);
            });
            pages.forEach((name, map) -> copy.pages.put(name, new HashMap<>(map)));
            ids.forEach((name, map) -> copy.ids.put(name, new HashMap<>(map)));
            added.forEach((name, map) -> copy.added.put(name, new HashMap<>(map)));
            erased.forEach((name, shards) -> {
                Map<Integer, Map<String, Long>> copies = new HashMap<>();
                shards.forEach((shard, times) -> copies.put(shard, new HashMap<>(times)));
                copy.erased.put(name, copies);
            });
            lists.forEach((name, map) -> copy.lists.put(name, new TreeMap<>(map)));
            copy.interactions.putAll(interactions);
            copy.links.addAll(links);
            copy.latest = latest;
            return copy;
        }
    }

    private final GraphSettings settings;
    private final boolean direct;
    private final Durable durable;
    private final int parallelism;
    private final long pendingLimit;
    private final List<ItemIndex> itemIds = new ArrayList<>();
    private final List<UserInstance> users = new ArrayList<>();
    private final List<NodeSets> items = new ArrayList<>();
    private final List<NodeSets> countedItems = new ArrayList<>();
    private final List<Rows> itemRows = new ArrayList<>();
    private final List<Rows> userRows = new ArrayList<>();
    private final NodeUpdates itemUpdates = new NodeUpdates();
    private final NodeUpdates userUpdates = new NodeUpdates();
    private final NodeTable itemTable = new NodeTable();
    private long version;
    private int published;

    private record UserInstance(
            IdAssigner ids, ErasedIds erased, Int2LongOpenHashMap erasedNow, InteractionSets sets) {}

    private record Rows(PairRows rows, NodeTable nodes) {}

    SimulatedJob(GraphSettings settings, Durable durable, int parallelism, long pendingLimit, long version) {
        this.settings = settings;
        this.direct = settings.fMax() == GraphSettings.UNLIMITED;
        this.durable = durable;
        this.parallelism = parallelism;
        this.pendingLimit = pendingLimit;
        this.version = version;
        boolean restored = !durable.nodes.isEmpty();
        for (int p = 0; p < parallelism; p++) {
            ItemIndex index =
                    new ItemIndex(ids("item-ids", p), nodes("item-times", p), erased("items", p), itemUpdates);
            index.restore(() -> {});
            itemIds.add(index);
            IdStore userIdStore = ids("user-ids", p);
            userIdStore.forEach((name, id) -> userUpdates.name(id, name));
            UserInstance user = new UserInstance(
                    new IdAssigner(userIdStore),
                    erased("users", p),
                    new Int2LongOpenHashMap(),
                    new InteractionSets(nodes("interactions", p), settings, 3));
            user.sets().restore(userUpdates::degree);
            users.add(user);
            NodeSets members = direct
                    ? new MemberSets(nodes("members", p))
                    : new CutSets(nodes("members", p), pages("members"), settings.fMax(), 2);
            members.restore(itemUpdates::degree);
            items.add(members);
            NodeSets counted = new MemberSets(nodes("counted", p));
            counted.restore(userUpdates::degree);
            countedItems.add(counted);
            itemRows.add(rows("item-rows", p, restored));
            Rows last = itemRows.get(p);
            last.rows().addJaccard(GraphNames.ITEM_JACCARD, settings.topK(), nodes(GraphNames.ITEM_JACCARD, p));
            last.rows()
                    .addCooccurrence(
                            GraphNames.ITEM_COOCCURRENCE,
                            settings.cooccurrenceMin(),
                            settings.cooccurrenceTopK(),
                            nodes(GraphNames.ITEM_COOCCURRENCE, p));
            userRows.add(rows("user-rows", p, restored));
            userRows.get(p)
                    .rows()
                    .addJaccard(GraphNames.USER_JACCARD, settings.topK(), nodes(GraphNames.USER_JACCARD, p));
            if (settings.userCooccurrenceTopK() > 0) {
                userRows.get(p)
                        .rows()
                        .addCooccurrence(
                                GraphNames.USER_COOCCURRENCE,
                                1,
                                settings.userCooccurrenceTopK(),
                                nodes(GraphNames.USER_COOCCURRENCE, p));
            }
        }
    }

    private Rows rows(String name, int instance, boolean restored) {
        NodeTable table = new NodeTable();
        return new Rows(
                new PairRows(nodes(name, instance), changes(name, instance), table, pendingLimit, TEMPORARY, restored),
                table);
    }

    private int owner(int shard) {
        return shard % parallelism;
    }

    void event(Interaction event, int partition, long offset) {
        long time = event.getEventTime().toEpochMilli();
        durable.latest = Math.max(durable.latest, time);
        int item = itemIds.get(owner(Shards.of(event.getItem()))).find(event.getItem(), time);
        UserInstance instance = users.get(owner(Shards.of(event.getUser())));
        if (item < 0
                || instance.erased().covers(event.getUser(), time)
                || instance.sets().isExpired(time)) {
            return;
        }
        int user = instance.ids().find(event.getUser());
        if (user < 0) {
            user = instance.ids().assign(event.getUser());
            userUpdates.name(user, event.getUser());
        }
        itemTable.setName(item, event.getItem());
        instance.sets()
                .apply(
                        user,
                        event.getUser(),
                        new InteractionSets.Entry(
                                item,
                                !Intake.isRemoval(event),
                                event.getAction(),
                                event.getWeight(),
                                time,
                                partition,
                                offset),
                        PairRank.hash(event.getItem()));
    }

    void erase(Erasure erasure) {
        long upTo = erasure.getRequestedAt().toEpochMilli();
        if (erasure.getKind() == NodeKind.ITEM) {
            itemIds.get(owner(Shards.of(erasure.getId()))).erase(erasure.getId(), upTo);
            return;
        }
        UserInstance instance = users.get(owner(Shards.of(erasure.getId())));
        int user = instance.ids().find(erasure.getId());
        if (instance.erased().erase(erasure.getId(), upTo) && user >= 0) {
            instance.erasedNow().put(user, upTo);
        }
    }

    /** What happens when a buffer is full: everything in memory moves on, nothing is published. */
    void flushSets() {
        SetChanges memberships = new SetChanges(!direct);
        UserLinks links = new UserLinks();
        for (UserInstance instance : users) {
            PairDeltas pairs = new PairDeltas();
            instance.sets().flush(pairs, new InteractionSets.Sink() {
                @Override
                public void interaction(String user, InteractionSets.Entry entry) {
                    publish(user, entry);
                    links.change(user, itemTable.name(entry.item()), entry.live());
                }

                @Override
                public void membership(int user, int item, long rank, boolean add) {
                    memberships.change(item, user, rank, add);
                }

                @Override
                public void degree(int user, int size) {
                    userUpdates.degree(user, size);
                }

                @Override
                public void gone(int user, String name) {
                    instance.ids().forget(name);
                    userUpdates.gone(user);
                }
            });
            drain(pairs, itemRows);
        }
        memberships.flush((shard, batch) -> items.get(owner(shard)).add(shard, batch));
        UserLinks.apply(links.take(), (user, item, live) -> {
            if (live) {
                durable.links.add(key(user, item));
            } else {
                durable.links.remove(key(user, item));
            }
        });
    }

    void flushMembers() {
        SetChanges counted = new SetChanges(false);
        for (NodeSets members : items) {
            PairDeltas pairs = new PairDeltas();
            members.flush(pairs, new NodeSets.Sink() {
                @Override
                public void degree(int item, int size) {
                    itemUpdates.degree(item, size);
                }

                @Override
                public void counted(int item, int user, boolean add) {
                    counted.change(user, item, 0, add);
                }
            });
            drain(pairs, userRows);
        }
        counted.flush((shard, batch) -> countedItems.get(owner(shard)).add(shard, batch));
        for (NodeSets members : countedItems) {
            PairDeltas pairs = new PairDeltas();
            members.flush(pairs, userUpdates::degree);
            drain(pairs, itemRows);
        }
    }

    private void drain(PairDeltas pairs, List<Rows> to) {
        DeltaBatches batches = new DeltaBatches(
                BATCH_BYTES, (shard, batch) -> to.get(owner(shard)).rows().add(shard, batch));
        pairs.drain(batches);
        batches.flush();
    }

    private static String key(String user, String item) {
        return user + '/' + item;
    }

    private void publish(String userName, InteractionSets.Entry entry) {
        String itemName = itemTable.name(entry.item());
        String key = key(userName, itemName);
        if (entry.live()) {
            durable.interactions.put(
                    key,
                    new LiveInteraction(
                            userName,
                            itemName,
                            true,
                            entry.action(),
                            entry.weight(),
                            Instant.ofEpochMilli(entry.eventTime()),
                            entry.partition(),
                            entry.offset()));
        } else {
            durable.interactions.remove(key);
        }
    }

    /** A checkpoint: everything moves on, lists are scored and published. Returns how many lists were. */
    int checkpoint() {
        version++;
        itemIds.forEach(ItemIndex::flush);
        byte[] itemNews = itemUpdates.take();
        NodeUpdates.apply(itemNews, itemTable);
        boolean rewrite = !itemTable.erased().isEmpty();
        for (UserInstance instance : users) {
            instance.sets().drop(itemTable.erased(), instance.erasedNow(), durable.latest, this::flushSets);
            rewrite |= !instance.erasedNow().isEmpty();
            instance.erasedNow().clear();
        }
        flushSets();
        flushMembers();
        if (rewrite) {
            durable.interactions.clear();
            users.forEach(instance -> instance.sets().forEachLive(this::publish));
        }
        itemTable.settle();
        published = 0;
        byte[] itemBatch = itemUpdates.take();
        byte[] userBatch = userUpdates.take();
        itemRows.forEach(rows -> {
            NodeUpdates.apply(itemNews, rows.nodes());
            flush(rows, itemBatch);
        });
        userRows.forEach(rows -> flush(rows, userBatch));
        return published;
    }

    private void flush(Rows rows, byte[] updates) {
        NodeUpdates.apply(updates, rows.nodes());
        rows.rows().flush(version, list -> {
            published++;
            Map<String, NeighborList> lists = durable.lists.computeIfAbsent(list.getGraph(), graph -> new TreeMap<>());
            NeighborList before =
                    list.getNeighbors().isEmpty() ? lists.remove(list.getNode()) : lists.put(list.getNode(), list);
            if (before == null && list.getNeighbors().isEmpty()) {
                throw new AssertionError("an empty list where there was none: " + list);
            }
            // Where a node was forgotten and came again, it is another one to those who list it.
            if (before != null
                    && !hasForgotten()
                    && before.getNeighbors().equals(list.getNeighbors())
                    && before.getDegree() == list.getDegree()) {
                throw new AssertionError("an unchanged list: " + list);
            }
        });
    }

    private boolean hasForgotten() {
        return durable.added.entrySet().stream()
                .anyMatch(added -> added.getValue().values().stream()
                                .mapToInt(Integer::intValue)
                                .sum()
                        > durable.ids.get(added.getKey()).size());
    }

    /** A crash: what is not durable goes. */
    @Override
    public void close() {
        itemRows.forEach(rows -> rows.rows().close());
        userRows.forEach(rows -> rows.rows().close());
    }

    Durable durable() {
        return durable;
    }

    long version() {
        return version;
    }

    /** What a base file would hold. */
    Map<String, Map<String, NeighborList>> baseLists() {
        Map<String, Map<String, NeighborList>> base = new TreeMap<>();
        List<Rows> all = new ArrayList<>(itemRows);
        all.addAll(userRows);
        for (Rows rows : all) {
            for (String graph : rows.rows().graphs()) {
                rows.rows().forEach(graph, list -> base.computeIfAbsent(graph, g -> new TreeMap<>())
                        .put(list.getNode(), list));
            }
        }
        return base;
    }

    long[] totals() {
        long[] totals = new long[5];
        for (UserInstance instance : users) {
            totals[0] += instance.sets().liveUsers();
            totals[1] += instance.sets().liveInteractions();
        }
        for (NodeSets members : items) {
            totals[4] += members.liveSets();
        }
        for (Rows rows : itemRows) {
            totals[2] += rows.rows().listCount(GraphNames.ITEM_JACCARD);
            totals[3] += rows.rows().edgeCount(GraphNames.ITEM_JACCARD);
        }
        return totals;
    }

    private NodeStore nodes(String name, int instance) {
        Map<Integer, byte[]> map = durable.nodes.computeIfAbsent(name, n -> new HashMap<>());
        return new NodeStore() {
            private void own(int node) {
                if (owner(Shards.of(node)) != instance) {
                    throw new AssertionError("instance " + instance + " of " + name + " touches node " + node);
                }
            }

            @Override
            public byte[] get(int node) {
                own(node);
                return map.get(node);
            }

            @Override
            public void put(int node, byte[] bytes) {
                own(node);
                map.put(node, bytes);
            }

            @Override
            public void remove(int node) {
                own(node);
                map.remove(node);
            }

            @Override
            public void forEach(NodeStore.Visitor visitor) {
                map.forEach((node, bytes) -> {
                    if (owner(Shards.of(node)) == instance) {
                        visitor.visit(node, bytes);
                    }
                });
            }
        };
    }

    private ChangeLog changes(String name, int instance) {
        return new MemoryLog(
                durable.changes.computeIfAbsent(name, n -> new HashMap<>()), shard -> owner(shard) == instance);
    }

    private PageStore pages(String name) {
        Map<Long, byte[]> map = durable.pages.computeIfAbsent(name, n -> new HashMap<>());
        return new PageStore() {
            @Override
            public byte[] get(int node, int page) {
                return map.get((long) node << 32 | page);
            }

            @Override
            public void put(int node, int page, byte[] bytes) {
                map.put((long) node << 32 | page, bytes);
            }

            @Override
            public void remove(int node, int page) {
                map.remove((long) node << 32 | page);
            }
        };
    }

    private IdStore ids(String name, int instance) {
        Map<String, Integer> map = durable.ids.computeIfAbsent(name, n -> new HashMap<>());
        Map<Integer, Integer> added = durable.added.computeIfAbsent(name, n -> new HashMap<>());
        return new IdStore() {
            @Override
            public int get(String id) {
                return map.getOrDefault(id, -1);
            }

            @Override
            public void put(String id, int dense) {
                map.put(id, dense);
                added.merge(Shards.of(id), 1, Integer::sum);
            }

            @Override
            public void remove(String id) {
                map.remove(id);
            }

            @Override
            public int added(int shard) {
                return added.getOrDefault(shard, 0);
            }

            @Override
            public void forEach(IdStore.Visitor visitor) {
                map.forEach((id, dense) -> {
                    if (owner(Shards.of(dense)) == instance) {
                        visitor.visit(id, dense);
                    }
                });
            }
        };
    }

    private ErasedIds erased(String name, int instance) {
        Map<Integer, Map<String, Long>> shards = durable.erased.computeIfAbsent(name, n -> new HashMap<>());
        return new ErasedIds(new ErasureStore() {
            @Override
            public void put(int shard, String digest, long upTo) {
                shards.computeIfAbsent(shard, s -> new HashMap<>()).put(digest, upTo);
            }

            @Override
            public void forEach(Visitor visitor) {
                shards.forEach((shard, times) -> {
                    if (owner(shard) == instance) {
                        times.forEach(visitor::visit);
                    }
                });
            }
        });
    }

    /** Whether pages are left of sets that are not. */
    boolean hasStrayPages() {
        return durable.pages.values().stream()
                .flatMap(map -> map.keySet().stream())
                .anyMatch(key -> !durable.nodes.get("members").containsKey((int) (key >>> 32)));
    }

    /** Whether an id of Latin letters can be found in any state. */
    boolean remembers(String id) {
        return durable.ids.values().stream().anyMatch(ids -> ids.containsKey(id))
                || durable.erased.toString().contains(id)
                || durable.nodes.values().stream()
                        .flatMap(map -> map.values().stream())
                        .anyMatch(bytes -> new String(bytes, StandardCharsets.ISO_8859_1).contains(id));
    }
}

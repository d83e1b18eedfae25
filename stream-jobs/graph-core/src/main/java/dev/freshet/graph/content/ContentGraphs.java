package dev.freshet.graph.content;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.incremental.ListSink;
import it.unimi.dsi.fastutil.objects.Object2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.objects.ObjectOpenHashSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * All graphs by content, kept up to date: per modality the nearest items by their vectors, the same among the pairs on which all
 * modalities agree ({@link DenoisedNeighbors}), and the nearest users by their profiles.
 * Vectors and the users' items are in memory alone: after a restart they are given again, and lists that they have not outrun
 * since come from the store instead of being computed. Not thread-safe.
 */
public final class ContentGraphs {

    /** As what the store has the states of the denoised lists; no graph has this name. */
    private static final String DENOISED_STATES = "item-denoised";

    private final int k;
    private final int threads;
    private final int exactUpTo;
    private final Pace pace;
    private final ListStore store;
    private final UserProfiles profiles = new UserProfiles();
    private final Map<String, ContentLists> graphs = new TreeMap<>();
    private final DenoisedNeighbors denoised;
    private final Map<String, PublishedLists> denoisedGraphs = new TreeMap<>();
    /** Until they are restored: states of the denoised lists by item. */
    private final Map<String, byte[]> denoisedStates = new Object2ObjectOpenHashMap<>();
    /** Items of which a vector changed. */
    private final Set<String> changedItems = new ObjectOpenHashSet<>();

    private boolean restoring;
    /** Whether the states of the denoised lists have come and are still to be taken. */
    private boolean denoisedRestored;

    private long changes;

    /**
     * @param k neighbors per node, at least 1
     * @param threads threads that a flush uses, at least 1
     * @param exactUpTo most vectors up to which all are compared with all; see {@link ContentNeighbors}
     * @param restored whether the store may have lists
     */
    public ContentGraphs(int k, int threads, int exactUpTo, ListStore store, boolean restored) {
        this(k, threads, exactUpTo, store, restored, Pace.FULL);
    }

    /** @param pace how a flush rests while it compares vectors */
    public ContentGraphs(int k, int threads, int exactUpTo, ListStore store, boolean restored, Pace pace) {
        this.k = k;
        this.threads = threads;
        this.exactUpTo = exactUpTo;
        this.pace = pace;
        this.store = store;
        this.restoring = restored;
        this.denoised = new DenoisedNeighbors(k, threads, pace);
    }

    /** Sets the vector of an item. The first one of a modality declares the length of all. */
    public void put(String modality, String item, float[] vector) {
        if (lists(GraphNames.itemContent(modality), vector.length).neighbors().put(item, vector)) {
            changedItems.add(item);
        }
        profiles.putItem(modality, item, vector);
        changes++;
    }

    /** Removes the vector of an item. */
    public void remove(String modality, String item) {
        ContentLists items = graphs.get(GraphNames.itemContent(modality));
        if (items != null) {
            if (items.neighbors().remove(item)) {
                changedItems.add(item);
            }
            profiles.removeItem(modality, item);
            changes++;
        }
    }

    /** Adds an item to a user's live items, or takes it from them. */
    public void link(String user, String item, boolean live) {
        if (live ? profiles.link(user, item) : profiles.unlink(user, item)) {
            changes++;
        }
    }

    private ContentLists lists(String graph, int dimension) {
        return graphs.computeIfAbsent(
                graph,
                name -> new ContentLists(name, new ContentNeighbors(dimension, k, threads, exactUpTo, pace), store));
    }

    /** Changes of vectors and of users' items since the start. */
    public long changes() {
        return changes;
    }

    /** Multiplications that {@link #flush} would take now, about. */
    public long work() {
        long work = 0;
        if (!restoring) {
            long mask = 0;
            for (Map.Entry<String, ContentLists> graph : graphs.entrySet()) {
                ContentNeighbors vectors = graph.getValue().neighbors();
                long all = (long) vectors.size() * vectors.dimension();
                if (GraphNames.isItemContent(graph.getKey())) {
                    long users = profiles.pending(GraphNames.modality(graph.getKey()));
                    work += users * profiles.users() * vectors.dimension();
                    // A changed item moves the lists that it enters and leaves.
                    mask += Math.min(vectors.size(), 4L * k * changedItems.size()) * all;
                }
                work += vectors.work();
            }
            work += mask;
        }
        return work;
    }

    /**
     * Takes the lists that the store has, once the vectors and the users' items from before a restart are given again. The first flush does
     * so otherwise; only then is the store read.
     */
    public void restore() {
        if (restoring) {
            drainProfiles();
            restoring = false;
            denoisedRestored = true;
            // All are new here; what has changed since the cut is told by the states.
            changedItems.clear();
            store.forEach(this::restore);
        }
    }

    /** Brings every graph up to date, and passes on the lists that changed; an empty one where there is none any more. */
    public void flush(long version, ListSink sink) {
        restore();
        drainProfiles();
        graphs.values().forEach(lists -> lists.flush(version, sink));
        if (denoisedRestored || !changedItems.isEmpty()) {
            denoisedRestored = false;
            flushDenoised(version, sink);
            changedItems.clear();
        }
    }

    private void drainProfiles() {
        for (String graph : Set.copyOf(graphs.keySet())) {
            if (GraphNames.isItemContent(graph)) {
                drainProfiles(
                        GraphNames.modality(graph),
                        graphs.get(graph).neighbors().dimension());
            }
        }
    }

    private void restore(String graph, String id, byte[] bytes) {
        if (graph.equals(DENOISED_STATES)) {
            denoisedStates.put(id, bytes);
        } else if (GraphNames.isItemDenoised(graph)) {
            denoisedGraphs
                    .computeIfAbsent(graph, name -> new PublishedLists(name, store))
                    .restore(id, bytes);
        } else {
            lists(graph, ContentLists.dimension(bytes)).restore(id, bytes);
        }
    }

    private void flushDenoised(long version, ListSink sink) {
        SortedMap<String, UnitVectors> tables = new TreeMap<>();
        graphs.forEach((graph, lists) -> {
            if (GraphNames.isItemContent(graph) && lists.neighbors().size() > 0) {
                tables.put(
                        GraphNames.itemDenoised(GraphNames.modality(graph)),
                        lists.neighbors().vectors());
            }
        });
        List<String> names = List.copyOf(tables.keySet());
        names.forEach(name -> denoisedGraphs.computeIfAbsent(name, graph -> new PublishedLists(graph, store)));
        denoisedStates.forEach((item, state) -> {
            try {
                if (!denoised.restore(
                        item, state, tables, name -> denoisedGraphs.get(name).neighbors(item))) {
                    changedItems.add(item);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        denoisedStates.clear();
        Set<String> items = denoised.flush(tables, changedItems, (item, lists) -> {
            for (int m = 0; m < names.size(); m++) {
                denoisedGraphs.get(names.get(m)).pass(item, lists.get(m), version, sink);
            }
            store.put(DENOISED_STATES, item, denoised.state(item, tables));
        });
        changedItems.stream()
                .filter(item -> !items.contains(item))
                .forEach(item -> store.remove(DENOISED_STATES, item));
        denoisedGraphs.forEach(
                (name, lists) -> lists.retain(tables.containsKey(name) ? items : Set.of(), version, sink));
    }

    private void drainProfiles(String modality, int dimension) {
        ContentNeighbors users =
                lists(GraphNames.userProfile(modality), dimension).neighbors();
        profiles.drain(modality, (user, profile) -> {
            if (profile == null) {
                users.remove(user);
            } else {
                users.put(user, profile);
            }
        });
    }

    /** Names of the graphs that there are, ascending. */
    public Set<String> names() {
        Set<String> names = new TreeSet<>(graphs.keySet());
        names.addAll(denoisedGraphs.keySet());
        return names;
    }

    /** Names of the graphs of the nearest by cosine, ascending: all but those among the pairs on which modalities agree. */
    public SortedSet<String> nearest() {
        return new TreeSet<>(graphs.keySet());
    }

    /** The recall of one of the graphs {@link #nearest}, right after a flush; see {@link ContentNeighbors#recall}. */
    public OptionalDouble recall(String graph, int nodes, RandomGenerator random, BooleanSupplier stop) {
        return graphs.get(graph).neighbors().recall(nodes, random, stop);
    }

    private GraphLists lists(String graph) {
        ContentLists lists = graphs.get(graph);
        return lists != null ? lists : denoisedGraphs.getOrDefault(graph, new PublishedLists(graph, store));
    }

    /** Lists of a graph that are not empty, as of the last flush; of one that is not there, none. */
    public long nodes(String graph) {
        return lists(graph).nodes();
    }

    /** Neighbors in all lists of a graph, as of the last flush. */
    public long edges(String graph) {
        return lists(graph).edges();
    }

    /** Passes on every list of a graph that is not empty, as of the last flush. */
    public void forEach(String graph, ListSink sink) {
        lists(graph).forEach(sink);
    }

    /** Mean cosine of each modality's vectors; see {@link ContentNeighbors#meanCosine}. */
    public Map<String, Double> meanCosines() {
        Map<String, Double> means = new TreeMap<>();
        graphs.forEach((graph, lists) -> {
            if (GraphNames.isItemContent(graph) && lists.neighbors().size() > 0) {
                means.put(GraphNames.modality(graph), lists.neighbors().meanCosine());
            }
        });
        return means;
    }
}

package dev.freshet.graph.content;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import it.unimi.dsi.fastutil.objects.Object2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.objects.ObjectOpenHashSet;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The profile of each user by modality, kept up to date: the mean of the raw vectors of the user's live items that have one (SPUMR,
 * arXiv 2601.19198, eq. 1, before the projection).
 *
 * <p>A profile depends on the user's items and their vectors alone, to the last bit. No running sum is kept: floating-point sums remember
 * what came and went, and exact ones of arbitrary float32 need 40 bytes per component. Instead {@link #drain} sums the items of the users
 * that changed anew, in double and in order of ids; that costs far less than one comparison with all users, and no memory. Not thread-safe.
 */
public final class UserProfiles {

    /** Receives profiles. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Sees a profile that changed.
         *
         * @param profile mean of the vectors; null if the user has no item with a vector any more
         */
        void profile(String user, float[] profile);
    }

    /** The vectors of a modality. */
    private static final class Table {
        final int dimension;
        /** By slot of the item; may be shorter than there are slots. */
        float[][] vectors = {};

        final Set<String> dirtyUsers = new ObjectOpenHashSet<>();
        /** Items whose vector changed, and whose users are not among the dirty ones yet. */
        final IntSet dirtyItems = new IntOpenHashSet();

        Table(int dimension) {
            this.dimension = dimension;
        }

        float[] vector(int slot) {
            return slot < vectors.length ? vectors[slot] : null;
        }

        void set(int slot, float[] vector) {
            if (slot >= vectors.length) {
                vectors = Arrays.copyOf(vectors, Math.max(slot + 1, vectors.length + (vectors.length >> 1)));
            }
            vectors[slot] = vector;
        }
    }

    private final Map<String, Table> tables = new TreeMap<>();
    /** Slots of each user's items. */
    private final Map<String, IntSet> users = new Object2ObjectOpenHashMap<>();

    private final Object2IntOpenHashMap<String> itemSlots = new Object2IntOpenHashMap<>();
    private final IntArrayList freeItems = new IntArrayList();
    private String[] itemIds = {};
    private int[] links = {};
    private int itemsEnd;

    public UserProfiles() {
        itemSlots.defaultReturnValue(-1);
    }

    /**
     * Adds an item to a user's live items.
     *
     * @return whether it was not there
     */
    public boolean link(String user, String item) {
        int slot = slot(item);
        if (!users.computeIfAbsent(user, key -> new IntOpenHashSet(4)).add(slot)) {
            return false;
        }
        links[slot]++;
        touch(user, slot);
        return true;
    }

    /**
     * Takes an item from a user's live items.
     *
     * @return whether it was there
     */
    public boolean unlink(String user, String item) {
        IntSet set = users.get(user);
        int slot = itemSlots.getInt(item);
        if (set == null || slot < 0 || !set.remove(slot)) {
            return false;
        }
        if (set.isEmpty()) {
            users.remove(user);
        }
        links[slot]--;
        touch(user, slot);
        free(slot);
        return true;
    }

    /**
     * Sets the vector of an item. The first one of a modality declares the length of all.
     *
     * @return whether it differs from before
     * @throws IllegalArgumentException if it has another length, or a value that is not finite
     */
    public boolean putItem(String modality, String item, float[] vector) {
        Table table = tables.get(modality);
        Vectors.check(item, vector, table == null ? vector.length : table.dimension);
        if (table == null) {
            table = new Table(vector.length);
            tables.put(modality, table);
        }
        int slot = slot(item);
        if (Arrays.equals(table.vector(slot), vector)) {
            return false;
        }
        table.set(slot, vector.clone());
        table.dirtyItems.add(slot);
        return true;
    }

    /**
     * Removes the vector of an item; it stays among the items of its users.
     *
     * @return whether there was one
     */
    public boolean removeItem(String modality, String item) {
        Table table = tables.get(modality);
        int slot = itemSlots.getInt(item);
        if (table == null || slot < 0 || table.vector(slot) == null) {
            return false;
        }
        table.vectors[slot] = null;
        if (links[slot] > 0) {
            table.dirtyItems.add(slot);
        }
        free(slot);
        return true;
    }

    /** Users with a live item. */
    public int users() {
        return users.size();
    }

    /** The profile of a user as it is now, or null if none of the user's items has a vector. */
    public float[] profile(String modality, String user) {
        Table table = tables.get(modality);
        IntSet set = users.get(user);
        if (table == null || set == null) {
            return null;
        }
        int[] items = set.intStream().filter(slot -> table.vector(slot) != null).toArray();
        if (items.length == 0) {
            return null;
        }
        IntArrays.quickSort(items, (a, b) -> itemIds[a].compareTo(itemIds[b]));
        double[] sum = new double[table.dimension];
        for (int item : items) {
            float[] vector = table.vector(item);
            for (int c = 0; c < sum.length; c++) {
                sum[c] += vector[c];
            }
        }
        float[] profile = new float[sum.length];
        for (int c = 0; c < sum.length; c++) {
            profile[c] = (float) (sum[c] / items.length);
        }
        return profile;
    }

    /** How many profiles may have changed since they were passed on last. */
    public int pending(String modality) {
        Table table = tables.get(modality);
        if (table == null) {
            return 0;
        }
        spread(table);
        return table.dirtyUsers.size();
    }

    /** Passes on, by user ascending, every profile of a modality that may have changed since it was passed on last. */
    public void drain(String modality, Sink sink) {
        Table table = tables.get(modality);
        if (table == null) {
            return;
        }
        spread(table);
        List<String> dirty = table.dirtyUsers.stream().sorted().toList();
        table.dirtyUsers.clear();
        for (String user : dirty) {
            sink.profile(user, profile(modality, user));
        }
    }

    /** Marks the users of items whose vector changed: one pass over all sets, which saves keeping each item's users. */
    private void spread(Table table) {
        if (!table.dirtyItems.isEmpty()) {
            users.forEach((user, set) -> {
                if (set.intStream().anyMatch(table.dirtyItems::contains)) {
                    table.dirtyUsers.add(user);
                }
            });
            table.dirtyItems.clear();
        }
    }

    private void touch(String user, int slot) {
        for (Table table : tables.values()) {
            // An item whose vector just went counts: the profile that was passed on may have it.
            if (table.vector(slot) != null || table.dirtyItems.contains(slot)) {
                table.dirtyUsers.add(user);
            }
        }
    }

    private int slot(String item) {
        int slot = itemSlots.getInt(item);
        if (slot < 0) {
            slot = freeItems.isEmpty() ? itemsEnd++ : freeItems.popInt();
            if (slot == itemIds.length) {
                int capacity = Math.max(64, slot + (slot >> 1));
                itemIds = Arrays.copyOf(itemIds, capacity);
                links = Arrays.copyOf(links, capacity);
            }
            itemIds[slot] = item;
            itemSlots.put(item, slot);
        }
        return slot;
    }

    private void free(int slot) {
        if (links[slot] == 0 && tables.values().stream().allMatch(table -> table.vector(slot) == null)) {
            itemSlots.removeInt(itemIds[slot]);
            itemIds[slot] = null;
            freeItems.add(slot);
            tables.values().forEach(table -> table.dirtyItems.remove(slot));
        }
    }
}

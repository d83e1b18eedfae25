package dev.freshet.trainer.data;

import dev.freshet.graph.batch.BinaryMatrix;
import java.util.Arrays;

/** Which user has which items: sets over dense ids. Immutable. */
public final class Interactions {

    private final int items;
    private final int[] offsets;
    private final int[] entries;

    private Interactions(int items, int[] offsets, int[] entries) {
        this.items = items;
        this.offsets = offsets;
        this.entries = entries;
    }

    /** The distinct pairs (userOf[p], itemOf[p]). */
    public static Interactions of(int[] userOf, int[] itemOf, int users, int items) {
        int[] offsets = new int[users + 1];
        for (int user : userOf) {
            offsets[user + 1]++;
        }
        Arrays.parallelPrefix(offsets, Integer::sum);
        int[] entries = new int[userOf.length];
        int[] next = Arrays.copyOf(offsets, users);
        for (int p = 0; p < userOf.length; p++) {
            entries[next[userOf[p]]++] = itemOf[p];
        }
        int[] compact = new int[users + 1];
        int size = 0;
        for (int user = 0; user < users; user++) {
            Arrays.sort(entries, offsets[user], offsets[user + 1]);
            for (int e = offsets[user]; e < offsets[user + 1]; e++) {
                if (e == offsets[user] || entries[e] != entries[e - 1]) {
                    entries[size++] = entries[e];
                }
            }
            compact[user + 1] = size;
        }
        return new Interactions(items, compact, Arrays.copyOf(entries, size));
    }

    public int users() {
        return offsets.length - 1;
    }

    public int items() {
        return items;
    }

    /** Number of pairs. */
    public int size() {
        return entries.length;
    }

    /** Number of the user's items. */
    public int degree(int user) {
        return offsets[user + 1] - offsets[user];
    }

    /** Position of the user's first pair; pairs are by user, then item. */
    public int start(int user) {
        return offsets[user];
    }

    /** Item of the pair at a position. */
    public int item(int position) {
        return entries[position];
    }

    /** Whether the user has the item. */
    public boolean contains(int user, int item) {
        return Arrays.binarySearch(entries, offsets[user], offsets[user + 1], item) >= 0;
    }

    /** User of each pair, by position. */
    public int[] userOfEach() {
        int[] userOf = new int[entries.length];
        for (int user = 0; user < users(); user++) {
            Arrays.fill(userOf, offsets[user], offsets[user + 1], user);
        }
        return userOf;
    }

    /** Item of each pair, by position; a copy. */
    public int[] itemOfEach() {
        return entries.clone();
    }

    /** Number of users of each item. */
    public int[] itemDegrees() {
        int[] degrees = new int[items];
        for (int item : entries) {
            degrees[item]++;
        }
        return degrees;
    }

    /** The same sets for the graph builders, users × items. */
    public BinaryMatrix matrix() {
        return BinaryMatrix.of(userOfEach(), entries, users(), items);
    }
}

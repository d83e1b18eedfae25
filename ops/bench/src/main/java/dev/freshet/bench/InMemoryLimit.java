package dev.freshet.bench;

import it.unimi.dsi.fastutil.longs.LongOpenHashSet;

/**
 * The limit: live interactions and the co-occurrence counts of items and of users, on one thread, in memory, event by event in the
 * order in which the last writer wins. It counts pairs and does nothing more: no similarity, no top-k, no output, nothing
 * outlives it.
 */
final class InMemoryLimit {

    private final LongOpenHashSet live = new LongOpenHashSet();
    private final PairCounts items = new PairCounts();
    private final PairCounts users = new PairCounts();

    /** Takes the next event; {@code add} is false for one that takes the pair back. */
    void apply(int user, int item, boolean add) {
        long pair = (long) user << 32 | item;
        if (add) {
            if (live.add(pair)) {
                items.add(user, item);
                users.add(item, user);
            }
        } else if (live.remove(pair)) {
            items.remove(user, item);
            users.remove(item, user);
        }
    }

    /** Co-occurrence of items: how many users have both. */
    PairCounts items() {
        return items;
    }

    /** Co-occurrence of users: how many items both have. */
    PairCounts users() {
        return users;
    }

    /** Ordered pairs of items and of users whose count was changed, since the start. */
    long pairUpdates() {
        return items.updates() + users.updates();
    }

    /** Ordered pairs of items and of users with a count. */
    long distinctPairs() {
        return items.distinct() + users.distinct();
    }

    /** Live (user, item) pairs. */
    long interactions() {
        return live.size();
    }
}

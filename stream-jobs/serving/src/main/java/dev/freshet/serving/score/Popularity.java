package dev.freshet.serving.score;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableSet;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Items by the number of users that have them, most first, then by id; kept up to date with every change. Users are hashed
 * over the instances, so an instance ranks by an unbiased sample of all users. Thread-safe; iteration is weakly consistent.
 */
public final class Popularity implements Iterable<Popularity.Entry> {

    /** An item and the number of users that have it. */
    public record Entry(String item, long users) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            int byUsers = Long.compare(other.users, users);
            return byUsers != 0 ? byUsers : item.compareTo(other.item);
        }
    }

    private final Map<String, Long> counts = new HashMap<>();
    private final NavigableSet<Entry> order = new ConcurrentSkipListSet<>();

    /** Adds to an item's number of users, or takes from it. */
    public synchronized void add(String item, long users) {
        if (users == 0) {
            return;
        }
        Long before = counts.get(item);
        long after = (before == null ? 0 : before) + users;
        if (after > 0) {
            counts.put(item, after);
            order.add(new Entry(item, after));
        } else {
            counts.remove(item);
        }
        if (before != null) {
            order.remove(new Entry(item, before));
        }
    }

    /** Number of users that have an item. */
    public synchronized long users(String item) {
        return counts.getOrDefault(item, 0L);
    }

    /** Number of items that anyone has. */
    public synchronized int items() {
        return counts.size();
    }

    @Override
    public Iterator<Entry> iterator() {
        return order.iterator();
    }

    /** The items that rank behind an entry, which need not be there. */
    public Iterator<Entry> after(Entry entry) {
        return order.tailSet(entry, false).iterator();
    }
}

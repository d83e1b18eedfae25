package dev.freshet.serving.stream;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;

/** The users of this instance by their last activity, in memory: for the search and for the order of re-scoring. Thread-safe. */
public final class UserIndex {

    /**
     * A user.
     *
     * @param lastActivity latest event time, milliseconds since 1970
     */
    public record Entry(String user, long lastActivity) {

        static final Comparator<Entry> MOST_RECENT_FIRST =
                Comparator.comparingLong(Entry::lastActivity).reversed().thenComparing(Entry::user);
    }

    /** The users of one task. */
    static final class Part {

        private final Map<String, Long> lastActivity = new ConcurrentHashMap<>();

        void put(String user, long at) {
            lastActivity.put(user, at);
        }

        void remove(String user) {
            lastActivity.remove(user);
        }

        boolean contains(String user) {
            return lastActivity.containsKey(user);
        }

        /** Users, most recently active first. */
        List<String> byActivity() {
            List<Entry> entries = new ArrayList<>(lastActivity.size());
            lastActivity.forEach((user, at) -> entries.add(new Entry(user, at)));
            entries.sort(Entry.MOST_RECENT_FIRST);
            List<String> users = new ArrayList<>(entries.size());
            entries.forEach(entry -> users.add(entry.user()));
            return users;
        }
    }

    private final Map<Integer, Part> parts = new ConcurrentHashMap<>();

    /** A new, empty part for the task of a partition. */
    Part open(int partition) {
        Part part = new Part();
        parts.put(partition, part);
        return part;
    }

    void close(int partition, Part part) {
        parts.remove(partition, part);
    }

    /** Number of users. */
    public int size() {
        return parts.values().stream()
                .mapToInt(part -> part.lastActivity.size())
                .sum();
    }

    /** Whether the user is one of this instance's. */
    public boolean contains(String user) {
        return parts.values().stream().anyMatch(part -> part.contains(user));
    }

    /** The most recently active users whose id starts with {@code prefix}, at most {@code limit}. */
    public List<Entry> search(String prefix, int limit) {
        PriorityQueue<Entry> best = new PriorityQueue<>(Entry.MOST_RECENT_FIRST.reversed());
        for (Part part : parts.values()) {
            for (Map.Entry<String, Long> user : part.lastActivity.entrySet()) {
                if (user.getKey().startsWith(prefix)) {
                    best.add(new Entry(user.getKey(), user.getValue()));
                    if (best.size() > limit) {
                        best.poll();
                    }
                }
            }
        }
        List<Entry> found = new ArrayList<>(best);
        found.sort(Entry.MOST_RECENT_FIRST);
        return found;
    }
}

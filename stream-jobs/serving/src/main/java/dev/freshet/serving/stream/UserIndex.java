package dev.freshet.serving.stream;

import dev.freshet.topic.Split;
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

    private record Activity(int arm, long last) {}

    /** The users of one task. */
    static final class Part {

        private final Split split;
        private final Map<String, Activity> users = new ConcurrentHashMap<>();

        private Part(Split split) {
            this.split = split;
        }

        void put(String user, long at) {
            Activity before = users.get(user);
            // The arm is a hash of the user that takes long to work out for all of them.
            users.put(user, new Activity(before == null ? split.arm(user) : before.arm, at));
        }

        void remove(String user) {
            users.remove(user);
        }

        boolean contains(String user) {
            return users.containsKey(user);
        }

        /** Number of users of an arm. */
        long size(int arm) {
            return users.values().stream().filter(user -> user.arm == arm).count();
        }

        /** The users of an arm, most recently active first. */
        List<String> byActivity(int arm) {
            List<Entry> entries = new ArrayList<>();
            users.forEach((user, activity) -> {
                if (activity.arm == arm) {
                    entries.add(new Entry(user, activity.last));
                }
            });
            entries.sort(Entry.MOST_RECENT_FIRST);
            List<String> sorted = new ArrayList<>(entries.size());
            entries.forEach(entry -> sorted.add(entry.user()));
            return sorted;
        }
    }

    private final Split split;
    private final Map<Integer, Part> parts = new ConcurrentHashMap<>();

    UserIndex(Split split) {
        this.split = split;
    }

    /** A new, empty part for the task of a partition. */
    Part open(int partition) {
        Part part = new Part(split);
        parts.put(partition, part);
        return part;
    }

    void close(int partition, Part part) {
        parts.remove(partition, part);
    }

    /** Number of users. */
    public int size() {
        return parts.values().stream().mapToInt(part -> part.users.size()).sum();
    }

    /** Number of users of an arm. */
    public long size(int arm) {
        return parts.values().stream().mapToLong(part -> part.size(arm)).sum();
    }

    /** Whether the user is one of this instance's. */
    public boolean contains(String user) {
        return parts.values().stream().anyMatch(part -> part.contains(user));
    }

    /**
     * The most recently active users whose id starts with {@code prefix}, at most {@code limit}.
     *
     * @param after the entry behind which they come, or null; it need not be there
     */
    public List<Entry> search(String prefix, Entry after, int limit) {
        PriorityQueue<Entry> best = new PriorityQueue<>(Entry.MOST_RECENT_FIRST.reversed());
        for (Part part : parts.values()) {
            for (Map.Entry<String, Activity> user : part.users.entrySet()) {
                Entry entry = new Entry(user.getKey(), user.getValue().last());
                if (entry.user().startsWith(prefix)
                        && (after == null || Entry.MOST_RECENT_FIRST.compare(entry, after) > 0)) {
                    best.add(entry);
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

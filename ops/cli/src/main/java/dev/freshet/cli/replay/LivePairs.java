package dev.freshet.cli.replay;

import dev.freshet.schema.Interaction;
import dev.freshet.topic.Intake;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What users have, and how many have each item, after events in the order of their times. */
final class LivePairs {

    private final Map<String, Set<String>> items = new HashMap<>();
    private final Map<String, Integer> users = new HashMap<>();
    private final Set<String> known = new HashSet<>();

    /** Takes an event. */
    void learn(Interaction event) {
        known.add(event.getItem());
        if (Intake.isRemoval(event)) {
            Set<String> own = items.get(event.getUser());
            if (own != null && own.remove(event.getItem())) {
                users.merge(event.getItem(), -1, Integer::sum);
                if (own.isEmpty()) {
                    items.remove(event.getUser());
                }
            }
        } else if (items.computeIfAbsent(event.getUser(), user -> new HashSet<>())
                .add(event.getItem())) {
            users.merge(event.getItem(), 1, Integer::sum);
        }
    }

    /** Whether a user has an item. */
    boolean has(String user, String item) {
        return items.getOrDefault(user, Set.of()).contains(item);
    }

    /** Items that anyone ever took or gave back. */
    Set<String> knownItems() {
        return Collections.unmodifiableSet(known);
    }

    /** −log2 of the share of the users that have an item, as if at least one had it. */
    double surprise(String item) {
        int with = Math.max(1, users.getOrDefault(item, 0));
        return Math.log(Math.max(1, items.size()) / (double) with) / Math.log(2);
    }
}

package dev.freshet.graph.batch;

import dev.freshet.graph.GraphSettings;
import dev.freshet.schema.Erasure;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NodeKind;
import dev.freshet.topic.Intake;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reduces events to the live (user, item) pairs: the last writer wins per pair, by (event time, partition, offset), in whatever order
 * the events are added and however often. Events are taken as they come; {@link Intake#check} is the caller's.
 */
public final class LiveInteractions {

    private static final Comparator<LiveInteraction> AGE = Comparator.comparing(LiveInteraction::getEventTime)
            .thenComparingInt(LiveInteraction::getPartition)
            .thenComparingLong(LiveInteraction::getOffset);

    private final Map<Pair, LiveInteraction> latest = new HashMap<>();
    private final Map<String, Instant> erasedUsers = new HashMap<>();
    private final Map<String, Instant> erasedItems = new HashMap<>();
    private long greatest = Long.MIN_VALUE;

    private record Pair(String user, String item) {}

    /** Adds an event that was read at this position of the interactions topic. */
    public void add(Interaction event, int partition, long offset) {
        LiveInteraction state = new LiveInteraction(
                event.getUser(),
                event.getItem(),
                !Intake.isRemoval(event),
                event.getAction(),
                event.getWeight(),
                event.getEventTime(),
                partition,
                offset);
        latest.merge(
                new Pair(event.getUser(), event.getItem()),
                state,
                (old, young) -> AGE.compare(young, old) > 0 ? young : old);
        greatest = Math.max(greatest, event.getEventTime().toEpochMilli());
    }

    /** Forgets a user's or an item's events up to a time, those too that are added later. */
    public void erase(Erasure erasure) {
        Map<String, Instant> erased = erasure.getKind() == NodeKind.USER ? erasedUsers : erasedItems;
        erased.merge(erasure.getId(), erasure.getRequestedAt(), (a, b) -> a.isAfter(b) ? a : b);
    }

    /** The live pairs by (user, item) ascending, without a window. */
    public List<LiveInteraction> live() {
        return live(GraphSettings.DEFAULT);
    }

    /** The live pairs within the window by (user, item) ascending, as a snapshot has them. */
    public List<LiveInteraction> live(GraphSettings settings) {
        long expired = settings.expired(greatest);
        List<LiveInteraction> live = new ArrayList<>();
        for (LiveInteraction pair : latest.values()) {
            if (pair.getLive()
                    && pair.getEventTime().toEpochMilli() > expired
                    && pair.getEventTime().isAfter(erasedUsers.getOrDefault(pair.getUser(), Instant.MIN))
                    && pair.getEventTime().isAfter(erasedItems.getOrDefault(pair.getItem(), Instant.MIN))) {
                live.add(pair);
            }
        }
        live.sort(Comparator.comparing(LiveInteraction::getUser).thenComparing(LiveInteraction::getItem));
        return live;
    }
}

package dev.freshet.serving.stream;

import dev.freshet.serving.score.ArrivedItem;
import dev.freshet.serving.score.Model;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the models in force vectors of the items that came since their snapshots, and again when features or neighbors change. Done in slices, by
 * whichever task has time; scores read what was set last. Thread-safe.
 */
final class Arrivals {

    private static final Logger LOG = LoggerFactory.getLogger(Arrivals.class);

    /** Items that one model gets: every score looks at all of them. */
    static final int MOST = 10_000;

    /** Shortest time between two changes of what scores read. */
    static final long EVERY_MILLIS = 250;

    /** How long users wait to be scored for a new model until all items that came since are there. */
    static final long PATIENCE_MILLIS = 5000;

    private static final class Pending {
        private final long since;
        private final Queue<String> queue = new ArrayDeque<>();
        private final Set<String> queued = new HashSet<>();
        private final Map<String, ArrivedItem> items = new HashMap<>();
        /** Where the walk over all items goes on; null when it has been made. */
        private Catalogue.Place walk = Catalogue.Place.FIRST;

        private long erasures;
        private boolean changed;
        private boolean full;
        private long setAt = Long.MIN_VALUE / 2;
        private volatile boolean done;

        Pending(long since, long erasures) {
            this.since = since;
            this.erasures = erasures;
        }

        void add(Model model, String item) {
            if (model.items().row(item) < 0 && queued.add(item)) {
                queue.add(item);
            }
        }
    }

    private final ServingContext serving;
    private final Induction induction;
    private final ReentrantLock lock = new ReentrantLock();
    /** By the model itself, not its version. */
    private final Map<Model, Pending> byModel = new ConcurrentHashMap<>();

    private int turn;

    Arrivals(ServingContext serving, Induction induction) {
        this.serving = serving;
        this.induction = induction;
    }

    /** Whether all items that came since the model's snapshot have been looked at once, and scores read what came of it. */
    boolean isDone(Model model) {
        Pending pending = byModel.get(model);
        return pending != null && pending.done;
    }

    /**
     * Whether users may be scored for good: {@link #isDone}, or for {@value #PATIENCE_MILLIS} ms in vain.
     *
     * @param model the model in force, or null
     * @param now milliseconds since 1970
     */
    boolean isSettled(Model model, long now) {
        if (model == null) {
            return true;
        }
        Pending pending = byModel.get(model);
        return pending != null && (pending.done || now - pending.since >= PATIENCE_MILLIS);
    }

    /** Lets go of what is kept for models that are no longer in force, and of them. */
    void forgetAllBut(List<Model> models) {
        byModel.keySet().retainAll(models);
    }

    /**
     * Goes on, unless another task is at it.
     *
     * @param now milliseconds since 1970
     * @param late whether the slice is over
     */
    void update(long now, BooleanSupplier late) {
        if (!serving.catalogue().ready() || !lock.tryLock()) {
            return;
        }
        try {
            List<Model> models = new ArrayList<>(serving.models());
            forgetAllBut(models);
            long erasures = serving.catalogue().itemErasures();
            Set<String> changed = serving.catalogue().takeChangedItems();
            // Another is the first in each slice: a slice may not suffice for all.
            Collections.rotate(models, turn++ % Math.max(1, models.size()));
            for (Model model : models) {
                Pending pending = byModel.computeIfAbsent(model, any -> new Pending(now, erasures));
                for (String item : changed) {
                    pending.add(model, item);
                }
                if (pending.erasures != erasures) {
                    // Any of them may rest on what was erased.
                    pending.erasures = erasures;
                    pending.items.keySet().forEach(item -> pending.add(model, item));
                }
                update(model, pending, now, late);
            }
        } finally {
            lock.unlock();
        }
    }

    private void update(Model model, Pending pending, long now, BooleanSupplier late) {
        do {
            if (pending.walk != null && pending.queue.isEmpty()) {
                pending.walk = serving.catalogue()
                        .walkItems(
                                pending.walk,
                                () -> late.getAsBoolean() || pending.queue.size() >= MOST,
                                item -> pending.add(model, item));
            }
            work(model, pending, late);
        } while (pending.walk != null && !late.getAsBoolean());
        if (pending.changed && now - pending.setAt >= EVERY_MILLIS) {
            model.arrived(pending.items);
            pending.changed = false;
            pending.setAt = now;
        }
        pending.done |= pending.walk == null && pending.queue.isEmpty() && !pending.changed;
    }

    private void work(Model model, Pending pending, BooleanSupplier late) {
        while (!pending.queue.isEmpty() && !late.getAsBoolean()) {
            String item = pending.queue.remove();
            pending.queued.remove(item);
            // What must not be offered takes no place from what may.
            ArrivedItem arrived = serving.catalogue().excludes(item) ? null : induction.item(model, item);
            ArrivedItem before = pending.items.get(item);
            if (arrived == null) {
                pending.changed |= pending.items.remove(item) != null;
            } else if (before != null || pending.items.size() < MOST) {
                pending.items.put(item, arrived);
                pending.changed |= !arrived.isSame(before);
            } else if (!pending.full) {
                pending.full = true;
                LOG.warn(
                        "more than {} items came since the snapshot of {}; the rest waits for the next training",
                        MOST,
                        model.version());
            }
        }
    }
}

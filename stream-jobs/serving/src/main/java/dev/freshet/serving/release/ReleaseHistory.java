package dev.freshet.serving.release;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.Split;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The newest records of the topic models, of each arm as many, so that one that releases often does not put the others' out. Releases of
 * models without an arm count together. Thread-safe.
 */
final class ReleaseHistory {

    /**
     * A record of the topic models.
     *
     * @param release what it says
     * @param record as it came
     */
    record Announcement(ModelRelease release, ConsumerRecord<byte[], byte[]> record) {
        long offset() {
            return record.offset();
        }
    }

    private final Split split;
    private final List<Announcement> announcements = new ArrayList<>();
    /** Why an announcement cannot be put in force, by its offset. */
    private final Map<Long, String> unsound = new HashMap<>();

    /** @param split which models have an arm */
    ReleaseHistory(Split split) {
        this.split = split;
    }

    synchronized void add(Announcement announcement) {
        announcements.add(announcement);
    }

    /** All that are kept, oldest first, as they are now. */
    synchronized List<Announcement> all() {
        return List.copyOf(announcements);
    }

    /** Notes that an announcement cannot be put in force. */
    synchronized void refuse(Announcement announcement, String reason) {
        unsound.put(announcement.offset(), reason);
    }

    /** Whether nothing is known against an announcement. */
    synchronized boolean isSound(Announcement announcement) {
        return !unsound.containsKey(announcement.offset());
    }

    /** Whether a release is for an arm. */
    boolean isFor(int arm, ModelRelease release) {
        return arm(release) == arm;
    }

    /** Place of the arm that a release is for, or -1. */
    private int arm(ModelRelease release) {
        return split.indexOf(split.armOf(release.getModel()));
    }

    /** Whether the newest announcement for an arm that is obeyed is a return to an earlier release. */
    synchronized boolean held(int arm) {
        for (int at = announcements.size() - 1; at >= 0; at--) {
            Announcement announcement = announcements.get(at);
            if (isFor(arm, announcement.release()) && isSound(announcement)) {
                return announcement.release().getAction() == ReleaseAction.ROLLBACK;
            }
        }
        return false;
    }

    /** The newest before an offset, newest first, at most {@code limit}. */
    synchronized List<ReleaseReader.Entry> newest(long before, int limit) {
        List<ReleaseReader.Entry> newest = new ArrayList<>();
        for (int at = announcements.size() - 1; at >= 0 && newest.size() < limit; at--) {
            if (announcements.get(at).offset() < before) {
                newest.add(entry(announcements.get(at)));
            }
        }
        return newest;
    }

    /** The newest for an arm. */
    synchronized Optional<ReleaseReader.Entry> newest(int arm) {
        for (int at = announcements.size() - 1; at >= 0; at--) {
            if (isFor(arm, announcements.get(at).release())) {
                return Optional.of(entry(announcements.get(at)));
            }
        }
        return Optional.empty();
    }

    private ReleaseReader.Entry entry(Announcement of) {
        return new ReleaseReader.Entry(of.release(), of.offset(), unsound.get(of.offset()));
    }

    /**
     * Forgets all but the newest {@value ReleaseReader#KEPT} of each arm; never the newest that an arm obeys, which says whether it is held.
     *
     * @param inForce what is in force, and kept, too
     */
    synchronized void forgetOld(Predicate<ModelRelease> inForce) {
        Map<Integer, Integer> newer = new HashMap<>();
        Set<Integer> obeyed = new HashSet<>();
        for (int at = announcements.size() - 1; at >= 0; at--) {
            Announcement old = announcements.get(at);
            int arm = arm(old.release());
            boolean newestObeyed = isSound(old) && obeyed.add(arm);
            if (newer.merge(arm, 1, Integer::sum) > ReleaseReader.KEPT
                    && !newestObeyed
                    && !inForce.test(old.release())) {
                announcements.remove(at);
                unsound.remove(old.offset());
            }
        }
    }
}

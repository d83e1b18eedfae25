package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.Split;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The announcements on the topic models so far: releases, and returns to earlier ones. Of the releases the newest {@value #KEPT} of each
 * arm are kept, those of models without an arm together, and the last of each model. The release in force is that of an arm: without a
 * split, of all models together.
 */
final class Releases {

    static final int KEPT = 100;

    private final Map<String, ModelRelease> byVersion = new LinkedHashMap<>();
    private final Map<String, ModelRelease> ofModels = new HashMap<>();
    private final Split split;
    /** By the name of the arm. */
    private final Map<String, ModelRelease> inForce = new HashMap<>();
    /** Arms whose release was returned to. */
    private final Set<String> held = new HashSet<>();

    /** @param split which models have an arm of their own */
    Releases(Split split) {
        this.split = split;
    }

    /** Takes the next announcement; a return to a release that is not known is as if it were not there. */
    void announced(ModelRelease announcement) {
        ModelRelease release = announcement;
        if (announcement.getAction() == ReleaseAction.ROLLBACK) {
            release = byVersion.get(announcement.getVersion());
            if (release == null || !release.getModel().equals(announcement.getModel())) {
                return;
            }
        }
        byVersion.put(release.getVersion(), release);
        ofModels.put(release.getModel(), release);
        String arm = split.armOf(release.getModel());
        inForce.put(arm, release);
        if (announcement.getAction() == ReleaseAction.ROLLBACK) {
            held.add(arm);
        } else {
            held.remove(arm);
        }
        prune(place(release));
    }

    /** Place of the arm that a release is for, or -1. */
    private int place(ModelRelease release) {
        return split.indexOf(split.armOf(release.getModel()));
    }

    private void prune(int arm) {
        long surplus = byVersion.values().stream()
                        .filter(release -> place(release) == arm)
                        .count()
                - KEPT;
        Iterator<ModelRelease> oldestFirst = byVersion.values().iterator();
        while (surplus > 0 && oldestFirst.hasNext()) {
            ModelRelease old = oldestFirst.next();
            if (place(old) == arm && !ofModels.containsValue(old)) {
                oldestFirst.remove();
                surplus--;
            }
        }
    }

    /** The release that one of the model would replace: the one that was announced last for its arm, be it of another model. Null if there is none. */
    ModelRelease inForce(String model) {
        return inForce.get(split.armOf(model));
    }

    /** Whether a release is in force in its arm; never one of a model without an arm. */
    boolean isInForce(ModelRelease release) {
        return split.serves(release.getModel()) && release == inForce(release.getModel());
    }

    /** Which models serve whom. */
    Split split() {
        return split;
    }

    /** Whether the release that one of the model would replace was returned to. */
    boolean held(String model) {
        return held.contains(split.armOf(model));
    }

    /** Whether any arm is held. */
    boolean held() {
        return !held.isEmpty();
    }

    /** A release by its version, or null. */
    ModelRelease ofVersion(String version) {
        return byVersion.get(version);
    }

    /** The versions of all that are kept, newest first. */
    List<String> newestFirst() {
        return byVersion.keySet().stream().sorted(Comparator.reverseOrder()).toList();
    }

    /** The release of a model that was announced last, or null. */
    ModelRelease of(String model) {
        return ofModels.get(model);
    }

    /** The versions that {@link #inForce} and {@link #of} answer with. */
    Set<String> versions() {
        return ofModels.values().stream().map(ModelRelease::getVersion).collect(Collectors.toSet());
    }

    /** The releases of these versions, as far as they are known. */
    Collection<ModelRelease> of(Collection<String> versions) {
        return versions.stream().map(byVersion::get).filter(Objects::nonNull).toList();
    }
}

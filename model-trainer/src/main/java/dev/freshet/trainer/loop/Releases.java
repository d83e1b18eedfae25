package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The announcements on the topic models so far: releases, and returns to earlier ones. Of the releases the newest {@value #KEPT} are
 * kept, and the last of each model.
 */
final class Releases {

    static final int KEPT = 100;

    private final Map<String, ModelRelease> byVersion = new LinkedHashMap<>();
    private final Map<String, ModelRelease> ofModels = new HashMap<>();
    private ModelRelease inForce;
    private boolean held;

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
        inForce = release;
        held = announcement.getAction() == ReleaseAction.ROLLBACK;
        prune();
    }

    private void prune() {
        int surplus = byVersion.size() - KEPT;
        Iterator<ModelRelease> oldestFirst = byVersion.values().iterator();
        while (surplus > 0 && oldestFirst.hasNext()) {
            if (!ofModels.containsValue(oldestFirst.next())) {
                oldestFirst.remove();
                surplus--;
            }
        }
    }

    /** The release that was announced last, of whatever model: serving puts it in force. Null if there is none. */
    ModelRelease inForce() {
        return inForce;
    }

    /** Whether the release in force was returned to. */
    boolean held() {
        return held;
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

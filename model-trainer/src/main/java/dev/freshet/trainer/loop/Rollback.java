package dev.freshet.trainer.loop;

import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.topic.Consumers;
import dev.freshet.topic.ReleaseEmbeddings;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;

/** What can be returned to: releases whose saved model and embeddings are still there. */
final class Rollback {

    /** Of those that can be returned to, so many are listed. */
    private static final int LISTED = 10;

    private final String bootstrap;
    private final ModelStore store;
    private final Releases releases;

    Rollback(String bootstrap, ModelStore store, Releases releases) {
        this.bootstrap = bootstrap;
        this.store = store;
        this.releases = releases;
    }

    /** Why a version cannot be returned to, and what can, in one line; empty if it can. */
    Optional<String> refusal(String version) {
        try (Consumer<byte[], byte[]> consumer = Consumers.committed(bootstrap)) {
            return why(consumer, version).map(reason -> reason + "; " + available(consumer));
        }
    }

    private Optional<String> why(Consumer<?, ?> consumer, String version) {
        ModelRelease release = releases.ofVersion(version);
        if (release == null) {
            return Optional.of("no release " + version + " is known");
        }
        if (!releases.split().serves(release.getModel())) {
            return Optional.of("release " + version + " is of " + release.getModel() + ", which has no arm in "
                    + releases.split());
        }
        return missing(consumer, release).map(reason -> "release " + version + " is not whole: " + reason);
    }

    private String available(Consumer<?, ?> consumer) {
        List<String> versions = releases.newestFirst().stream()
                .filter(version -> !releases.isInForce(releases.ofVersion(version)))
                .filter(version -> why(consumer, version).isEmpty())
                .limit(LISTED)
                .toList();
        return versions.isEmpty() ? "there is none to return to" : "there are " + String.join(", ", versions);
    }

    /** What a release lacks: its saved model, from which the next training would start, or its embeddings. */
    private Optional<String> missing(Consumer<?, ?> consumer, ModelRelease release) {
        try {
            store.check(release.getVersion(), release.getArtifactSha256());
        } catch (NoSuchFileException e) {
            return Optional.of("no file " + e.getMessage());
        } catch (IOException e) {
            return Optional.of(e.getMessage());
        }
        return ReleaseEmbeddings.missing(consumer, release);
    }

    /** The announcement that puts a release in force again: the release as it was, but for action and time. */
    ModelRelease announcement(String version) {
        return ModelRelease.newBuilder(releases.ofVersion(version))
                .setAction(ReleaseAction.ROLLBACK)
                .setReleasedAt(Instant.now())
                .build();
    }
}

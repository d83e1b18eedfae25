package dev.freshet.testkit;

import dev.freshet.codec.Vectors;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.ReleaseAction;
import java.time.Instant;
import java.util.List;

/** Announcements of releases, whole where a test says no more of them, and their embeddings. */
public final class ReleaseFixture {

    private ReleaseFixture() {}

    /** A release of one user and one item in one dimension, without embeddings. */
    public static ModelRelease.Builder release(String model, String version) {
        return ModelRelease.newBuilder()
                .setModel(model)
                .setVersion(version)
                .setAction(ReleaseAction.RELEASE)
                .setReleasedAt(Instant.EPOCH)
                .setSnapshotId("snapshot-000000000001")
                // Avro makes no default of records before a codec has let it trust them.
                .setOffsets(List.of())
                .setCodeVersion("test")
                .setSeed(1)
                .setDimension(1)
                .setUsers(1)
                .setItems(1)
                .setEmbeddings(List.of())
                .setArtifactUri("file:///none")
                .setArtifactSha256("");
    }

    /** A release, or a return to one. */
    public static ModelRelease announcement(ReleaseAction action, String model, String version) {
        return release(model, version).setAction(action).build();
    }

    /** An embedding. */
    public static ModelEmbedding.Builder embedding(String version, NodeKind kind, String id, float... vector) {
        return ModelEmbedding.newBuilder()
                .setVersion(version)
                .setKind(kind)
                .setId(id)
                .setVector(Vectors.toList(vector));
    }

    /** A row of a parameter of an inductive model. */
    public static ModelEmbedding row(String version, String parameter, int number, float... values) {
        return embedding(version, NodeKind.ITEM, Integer.toString(number), values)
                .setParameter(parameter)
                .build();
    }
}

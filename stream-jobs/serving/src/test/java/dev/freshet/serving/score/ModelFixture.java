package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.OffsetRange;
import dev.freshet.schema.ReleaseAction;
import dev.freshet.schema.TopicOffset;
import dev.freshet.topic.Topic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Models for tests. */
public final class ModelFixture {

    /** The cut of a model that has seen nothing of the stream. */
    public static final Model.Cut BEGINNING = new Model.Cut(Map.of(), 0);

    private ModelFixture() {}

    /** The product of every row with a user. */
    public static double[] scores(ItemMatrix matrix, float[] user) {
        TopK all = new TopK(matrix.size(), Integer::compare);
        matrix.best(user, all, row -> false);
        all.sort();
        double[] scores = new double[matrix.size()];
        for (int rank = 0; rank < all.size(); rank++) {
            scores[all.id(rank)] = all.weight(rank);
        }
        return scores;
    }

    public static ModelRelease.Builder release(String version, int dimension, long users, long items) {
        return ModelRelease.newBuilder()
                .setModel("lightgcn")
                .setVersion(version)
                .setAction(ReleaseAction.RELEASE)
                .setReleasedAt(Instant.ofEpochMilli(1_800_000_000_000L))
                .setSnapshotId("snapshot-000000000001")
                .setCodeVersion("test")
                .setSeed(1)
                .setDimension(dimension)
                .setUsers(users)
                .setItems(items)
                .setEmbeddings(List.<OffsetRange>of())
                .setArtifactUri("file:///none")
                .setArtifactSha256("");
    }

    public static Model model(String version, Model.Cut cut, Map<String, float[]> users, Map<String, float[]> items) {
        try {
            int dimension = items.values().iterator().next().length;
            List<TopicOffset> offsets = new ArrayList<>();
            cut.interactions()
                    .forEach((partition, offset) ->
                            offsets.add(new TopicOffset(Topic.INTERACTIONS.name(), partition, offset)));
            offsets.add(new TopicOffset(Topic.ERASURES.name(), 0, cut.erasures()));
            Model.Builder builder = new Model.Builder(release(version, dimension, users.size(), items.size())
                    .setOffsets(offsets)
                    .build());
            for (Map.Entry<String, float[]> user : users.entrySet()) {
                builder.add(NodeKind.USER, user.getKey(), user.getValue());
            }
            for (Map.Entry<String, float[]> item : items.entrySet()) {
                builder.add(NodeKind.ITEM, item.getKey(), item.getValue());
            }
            return builder.build();
        } catch (InvalidModelException e) {
            throw new AssertionError(e);
        }
    }

    /** Vectors by id: prefix0, prefix1, … */
    public static Map<String, float[]> vectors(String prefix, int n, int dimension, Random random) {
        Map<String, float[]> vectors = new TreeMap<>();
        for (int row = 0; row < n; row++) {
            vectors.put(prefix + row, vector(dimension, random));
        }
        return vectors;
    }

    public static float[] vector(int dimension, Random random) {
        float[] vector = new float[dimension];
        for (int d = 0; d < dimension; d++) {
            vector[d] = (float) random.nextGaussian();
        }
        return vector;
    }
}

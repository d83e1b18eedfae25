package dev.freshet.serving.score;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.TopK;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.ModelRelease;
import dev.freshet.schema.NodeKind;
import dev.freshet.schema.TopicOffset;
import dev.freshet.testkit.ReleaseFixture;
import dev.freshet.topic.Topic;
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
        Search search = new Search(user, matrix.size(), row -> false);
        matrix.best(List.of(search));
        TopK all = search.best();
        all.sort();
        double[] scores = new double[matrix.size()];
        for (int rank = 0; rank < all.size(); rank++) {
            scores[all.id(rank)] = all.weight(rank);
        }
        return scores;
    }

    public static ModelRelease.Builder release(String version, int dimension, long users, long items) {
        return ReleaseFixture.release("lightgcn", version)
                .setDimension(dimension)
                .setUsers(users)
                .setItems(items);
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

    /** Settings of a model that is its state: an image expert of two numbers and two numbers of the nodes themselves, side by side. */
    private static final Map<String, String> PLAIN = Map.ofEntries(
            Map.entry("dimension", "2"),
            Map.entry("neighbors", "10"),
            Map.entry("semantic-layers", "1"),
            Map.entry("collaborative-layers", "1"),
            Map.entry("tables", "false"),
            Map.entry("fusion", "concat"),
            Map.entry("mean-head", "identity"),
            Map.entry("score", "dot"),
            Map.entry("gate-top-k", "0"),
            Map.entry("sampling", "false"),
            Map.entry("initial-log-variance", "0"));

    /**
     * An inductive model of the items east and north, a user u who goes east and a user v who goes north, which has seen nothing of the stream.
     *
     * @param scale of its projection: pictures are taken as they are, times this
     */
    public static Model inductive(String version, float scale) {
        float[] east = {1, 0, 1, 0};
        float[] north = {0, 1, 0, 1};
        try {
            Model.Builder builder = new Model.Builder(release(version, 4, 2, 2)
                    .setExperts(List.of("image", "id"))
                    .setConfiguration(PLAIN)
                    .build());
            builder.add(embedding(version, NodeKind.ITEM, "east", east));
            builder.add(embedding(version, NodeKind.ITEM, "north", north));
            builder.add(embedding(version, NodeKind.USER, "u", east));
            builder.add(embedding(version, NodeKind.USER, "v", north));
            builder.add(ReleaseFixture.row(version, "project.image", 0, scale, 0, 0));
            builder.add(ReleaseFixture.row(version, "project.image", 1, 0, scale, 0));
            return builder.build();
        } catch (InvalidModelException e) {
            throw new AssertionError(e);
        }
    }

    private static ModelEmbedding embedding(String version, NodeKind kind, String id, float... vector) {
        return ReleaseFixture.embedding(version, kind, id, vector)
                .setState(Vectors.toList(vector))
                .setModalityWeights(Map.of("image", .5f, "id", .5f))
                .build();
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

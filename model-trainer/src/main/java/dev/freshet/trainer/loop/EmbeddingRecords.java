package dev.freshet.trainer.loop;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.IdIndex;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.NodeKind;
import dev.freshet.trainer.model.Embeddings;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The embeddings of a model as the topic {@code model-embeddings} has them. */
final class EmbeddingRecords {

    private EmbeddingRecords() {}

    /** Those of all users, then of all items. */
    static Iterator<ModelEmbedding> of(String version, SnapshotData data, Embeddings embeddings) {
        return Stream.concat(
                        rows(
                                version,
                                NodeKind.USER,
                                data.users(),
                                embeddings,
                                embeddings.users(),
                                embeddings.userVariances(),
                                embeddings.userWeights()),
                        rows(
                                version,
                                NodeKind.ITEM,
                                data.items(),
                                embeddings,
                                embeddings.items(),
                                embeddings.itemVariances(),
                                embeddings.itemWeights()))
                .iterator();
    }

    private static Stream<ModelEmbedding> rows(
            String version,
            NodeKind kind,
            IdIndex ids,
            Embeddings all,
            float[] vectors,
            float[] variances,
            float[] weights) {
        int d = all.dimension();
        int experts = all.experts().size();
        return IntStream.range(0, ids.size()).mapToObj(row -> {
            Map<String, Float> byExpert = new HashMap<>();
            for (int e = 0; e < experts; e++) {
                byExpert.put(all.experts().get(e), weights[row * experts + e]);
            }
            return new ModelEmbedding(
                    version,
                    kind,
                    ids.id(row),
                    Vectors.toList(Arrays.copyOfRange(vectors, row * d, (row + 1) * d)),
                    variances == null ? null : Vectors.toList(Arrays.copyOfRange(variances, row * d, (row + 1) * d)),
                    byExpert);
        });
    }
}

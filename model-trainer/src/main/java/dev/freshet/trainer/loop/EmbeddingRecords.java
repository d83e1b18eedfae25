package dev.freshet.trainer.loop;

import dev.freshet.codec.Vectors;
import dev.freshet.graph.IdIndex;
import dev.freshet.schema.ModelEmbedding;
import dev.freshet.schema.NodeKind;
import dev.freshet.topic.Keys;
import dev.freshet.trainer.model.Embeddings;
import dev.freshet.trainer.model.Inductive;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The embeddings of a model as the topic {@code model-embeddings} has them. */
final class EmbeddingRecords {

    private EmbeddingRecords() {}

    /** Those of all users, then of all items, then the parameters of an inductive model. */
    static Iterator<ModelEmbedding> of(
            String version, SnapshotData data, Embeddings embeddings, Optional<Inductive> inductive) {
        return Stream.of(
                        rows(
                                version,
                                NodeKind.USER,
                                data.users(),
                                embeddings,
                                embeddings.users(),
                                embeddings.userVariances(),
                                embeddings.userWeights(),
                                inductive.map(Inductive::users).orElse(null)),
                        rows(
                                version,
                                NodeKind.ITEM,
                                data.items(),
                                embeddings,
                                embeddings.items(),
                                embeddings.itemVariances(),
                                embeddings.itemWeights(),
                                inductive.map(Inductive::items).orElse(null)),
                        inductive.stream().flatMap(each -> parameters(version, each)))
                .flatMap(records -> records)
                .iterator();
    }

    /** Key of a record on the topic. */
    static String key(ModelEmbedding record) {
        return record.getParameter() == null
                ? Keys.modelEmbedding(record.getVersion(), record.getKind(), record.getId())
                : Keys.modelParameter(record.getVersion(), record.getParameter(), Integer.parseInt(record.getId()));
    }

    private static Stream<ModelEmbedding> parameters(String version, Inductive inductive) {
        return inductive.parameters().entrySet().stream()
                .flatMap(parameter -> IntStream.range(0, parameter.getValue().length)
                        .mapToObj(row -> ModelEmbedding.newBuilder()
                                .setVersion(version)
                                .setKind(NodeKind.ITEM)
                                .setId(Integer.toString(row))
                                .setVector(Vectors.toList(parameter.getValue()[row]))
                                .setParameter(parameter.getKey())
                                .build()));
    }

    private static Stream<ModelEmbedding> rows(
            String version,
            NodeKind kind,
            IdIndex ids,
            Embeddings all,
            float[] vectors,
            float[] variances,
            float[] weights,
            float[] states) {
        int d = all.dimension();
        int experts = all.experts().size();
        int width = states == null ? 0 : states.length / ids.size();
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
                    byExpert,
                    states == null ? null : Vectors.toList(Arrays.copyOfRange(states, row * width, (row + 1) * width)),
                    null);
        });
    }
}

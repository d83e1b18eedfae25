package dev.freshet.serving.score;

import dev.freshet.graph.inductive.NodeEncoder;
import dev.freshet.schema.Reason;
import java.util.HashMap;
import java.util.Map;

/** Why a model puts an item where it does: what its modalities have to do with it, and how certain it is. */
final class ModelReason {

    private ModelReason() {}

    /**
     * Of a model whose embeddings are concatenations, a modality's weight is its block's share of the score, as far as it speaks for the item; of
     * another, its weight in the item's embedding.
     *
     * @param share share of the item's score that is due to the model
     */
    static Reason of(Model model, float[] user, String item, double share) {
        NodeEncoder encoder = model.encoder();
        Map<String, Float> ofScore =
                encoder == null || !encoder.concatenated() ? null : ofBlocks(encoder, user, model.vectors(), item);
        if (ofScore != null && !encoder.uncertain()) {
            return new Reason(Recommender.MODEL, null, share, ofScore, null);
        }
        ItemFacts facts = model.facts(item);
        return facts == null
                ? Reasons.of(Recommender.MODEL, null, share)
                : new Reason(
                        Recommender.MODEL,
                        null,
                        share,
                        ofScore == null ? facts.modalityWeights() : ofScore,
                        facts.uncertainty());
    }

    /** Null where no block speaks for the item. */
    private static Map<String, Float> ofBlocks(NodeEncoder encoder, float[] user, ItemVectors items, String id) {
        int row = items.row(id);
        if (row < 0) {
            return null;
        }
        float[] item = items.vector(row);
        int blocks = encoder.experts().size();
        int dimension = user.length / blocks;
        double[] parts = new double[blocks];
        double sum = 0;
        for (int block = 0; block < blocks; block++) {
            for (int d = block * dimension; d < (block + 1) * dimension; d++) {
                parts[block] += (double) user[d] * item[d];
            }
            parts[block] = Math.max(0, parts[block]);
            sum += parts[block];
        }
        if (!(sum > 0)) {
            return null;
        }
        Map<String, Float> weights = new HashMap<>();
        for (int block = 0; block < blocks; block++) {
            weights.put(encoder.experts().get(block), (float) (parts[block] / sum));
        }
        return weights;
    }
}

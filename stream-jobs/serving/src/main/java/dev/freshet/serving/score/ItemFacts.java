package dev.freshet.serving.score;

import java.util.Map;

/**
 * What a model says of an item besides its vector.
 *
 * @param origin how the vector came about
 * @param modalityWeights how much each modality has to do with it, summing to 1; empty where the model does not say
 * @param uncertainty share of the variance in the expected squared length of the embedding, from 0 up to 1; null where the model does not say
 */
public record ItemFacts(Origin origin, Map<String, Float> modalityWeights, Double uncertainty) {

    /** How an item's vector came about. */
    public enum Origin {
        /** In training. */
        TRAINED,
        /** From features and neighbors, as the model defines a node. */
        INDUCTIVE,
        /** The mean of its neighbors' vectors. */
        NEIGHBORS
    }

    /**
     * E‖z‖² = ‖μ‖² + Σ σ²: the share of the second term.
     *
     * @param variance σ²
     */
    static double uncertainty(float[] vector, float[] variance) {
        double noise = 0;
        for (float value : variance) {
            noise += value;
        }
        double length = FoldIn.norm(vector);
        return noise > 0 ? noise / (length * length + noise) : 0;
    }
}

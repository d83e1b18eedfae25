package dev.freshet.serving.score;

import dev.freshet.graph.inductive.NodeEncoder.Encoding;
import java.util.Arrays;
import java.util.Objects;

/**
 * An item that came after a model's snapshot.
 *
 * @param vector its vector in the model's space
 * @param weights how much each of the model's experts has to do with it, or null
 * @param uncertainty as in {@link ItemFacts}, or null
 * @param origin how the vector came about
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
public record ArrivedItem(float[] vector, float[] weights, Double uncertainty, ItemFacts.Origin origin) {

    /** As an inductive model encodes it. */
    public static ArrivedItem of(Encoding encoding) {
        return new ArrivedItem(
                encoding.vector(),
                encoding.weights(),
                encoding.variance() == null ? null : ItemFacts.uncertainty(encoding.vector(), encoding.variance()),
                ItemFacts.Origin.INDUCTIVE);
    }

    /** Whether the other, which may be null, says the same. */
    public boolean isSame(ArrivedItem other) {
        return other != null
                && Arrays.equals(vector, other.vector)
                && Arrays.equals(weights, other.weights)
                && Objects.equals(uncertainty, other.uncertainty)
                && origin == other.origin;
    }

    /** The mean of its neighbors' vectors. */
    public static ArrivedItem ofNeighbors(float[] mean) {
        return new ArrivedItem(mean, null, null, ItemFacts.Origin.NEIGHBORS);
    }
}

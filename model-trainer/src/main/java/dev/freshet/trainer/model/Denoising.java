package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import java.util.ArrayList;
import java.util.List;

/** The losses of DA-MRS (Xu et al., KDD 2024): denoised BPR, alignment of user interest (AU), graded alignment of items (AI). */
final class Denoising {

    /** Keeps logarithms finite, as in the reference code. */
    static final float TINY = 1e-9f;

    private Denoising() {}

    /**
     * How sharply the weights of denoised BPR tell triples apart.
     *
     * @param alpha α, of the mean over the views (Eq. 6)
     * @param beta β, of the agreement of the views (Eq. 6)
     * @param gamma γ, of the doubt (Eq. 7)
     */
    record Exponents(double alpha, double beta, double gamma) {}

    /**
     * Constant weights of denoised BPR, each [batch].
     *
     * @param positive w⁺, how much the user's item counts as wanted
     * @param negative w⁻, how much the pair counts the other way round
     */
    @SuppressWarnings("ArrayRecordComponent") // the arrays are the point: they go to numeric code as they are
    record Weights(float[] positive, float[] negative) {}

    /**
     * Weights of a batch by how far the views of an item agree that the user wants it (DA-MRS, Eq. 6 and 7): w⁺ from the mean and the
     * variance over the views, w⁻ where the mean lies below what the views give to random items.
     *
     * @param positives products of users and the views of their items, [views][batch]
     * @param negatives the same for the random items
     */
    static Weights weights(float[][] positives, float[][] negatives, Exponents exponents) {
        int size = positives[0].length;
        int views = positives.length;
        double random = 0;
        for (float[] view : negatives) {
            for (float product : view) {
                random += PairLoss.sigmoid(product);
            }
        }
        random /= (double) views * size;
        Weights weights = new Weights(new float[size], new float[size]);
        for (int b = 0; b < size; b++) {
            double sum = 0;
            double squares = 0;
            double most = 0;
            for (float[] view : positives) {
                double p = PairLoss.sigmoid(view[b]);
                sum += p;
                squares += p * p;
                most = Math.max(most, p);
            }
            double mean = sum / views;
            double variance = Math.max(0, squares - sum * mean) / Math.max(1, views - 1);
            weights.positive[b] = (float) (Math.pow(mean, exponents.alpha) * Math.exp(-exponents.beta * variance));
            weights.negative[b] = mean < random ? (float) Math.pow(Math.max(0, most - random), exponents.gamma) : 0;
        }
        return weights;
    }

    /** DA-MRS's denoised BPR: −mean(w⁺ log σ(gap) + w⁻ log σ(−gap)). */
    static NDArray denoisedBpr(NDArray gap, Weights weights) {
        NDManager manager = gap.getManager();
        NDArray wanted = gap.neg().getNDArrayInternal().softPlus().mul(manager.create(weights.positive()));
        NDArray doubted = gap.getNDArrayInternal().softPlus().mul(manager.create(weights.negative()));
        return wanted.add(doubted).mean();
    }

    /** Sum of KL(P ‖ Q) + KL(Q ‖ P) of Bernoulli distributions with logits x and y: (σ(x) − σ(y)) (x − y), stable for any logits. */
    static NDArray bernoulliKl(NDArray x, NDArray y) {
        return sigmoid(x).sub(sigmoid(y)).mul(x.sub(y)).sum();
    }

    static NDArray sigmoid(NDArray x) {
        return Activation.sigmoid(x);
    }

    /** Which items count as alike in {@link #alignment}. */
    enum Positives {
        /** Those that several views agree on, and those of one view. */
        BOTH,
        /** Those that several views agree on. */
        MULTI,
        /** Those of one view. */
        SINGLE
    }

    /**
     * DA-MRS's graded alignment of items for some anchors, summed over these and averaged over the views: an anchor is drawn to the
     * items that are near it by all views, then to those that are near by one, and away from all others.
     *
     * @param views rows of all items by each view, [items × d] each
     * @param anchors rows of the anchors
     * @param k positives of a kind
     * @param temperature τ of the contrast
     */
    static NDArray alignment(List<NDArray> views, NDArray anchors, int k, double temperature, Positives kind) {
        int count = views.size();
        List<NDArray> cosines = new ArrayList<>();
        List<NDArray> near = new ArrayList<>();
        NDArray all = null;
        for (NDArray view : views) {
            NDArray unit = directions(view);
            NDArray cosine = unit.get(anchors).matMul(unit.transpose());
            NDArray share = cosine.stopGradient().softmax(1);
            cosines.add(cosine);
            near.add(share);
            all = all == null ? share : all.add(share);
        }
        NDArray sum = null;
        for (int view = 0; view < count; view++) {
            NDArray own = near.get(view);
            NDArray multi = all.add(own).topK(k, 1).get(1);
            NDArray single = own.scatter(multi, multi.zerosLike().toType(own.getDataType(), false), 1)
                    .topK(k, 1)
                    .get(1);
            NDArray weights =
                    Autograd.times(cosines.get(view), 1.0 / temperature).exp();
            NDArray total = weights.sum(new int[] {1});
            NDArray agreed = weights.gather(multi, 1).sum(new int[] {1});
            NDArray lone = weights.gather(single, 1).sum(new int[] {1});
            NDArray loss = null;
            if (kind != Positives.SINGLE) {
                loss = agreed.div(total).add(TINY).log().neg();
            }
            if (kind != Positives.MULTI) {
                NDArray second = lone.div(total.sub(agreed)).add(TINY).log().neg();
                loss = loss == null ? second : loss.add(second);
            }
            sum = sum == null ? loss : sum.add(loss);
        }
        return Autograd.times(sum.sum(), 1.0 / count);
    }

    /** Rows of length 1; a row of zeros, which has no direction, stays as it is and gets no gradient. */
    static NDArray directions(NDArray rows) {
        NDArray squares = rows.square().sum(new int[] {1}, true);
        NDArray none = squares.stopGradient().lte(1e-12f).toType(DataType.FLOAT32, false);
        return rows.div(squares.add(none).sqrt()).mul(none.neg().add(1));
    }
}

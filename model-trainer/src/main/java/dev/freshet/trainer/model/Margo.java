package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * MARGO (arXiv 2504.16524) on DRAGON: each item has a weight per modality (Eq. 3), which learns from how far the score of each
 * modality puts the user's items before random ones (Eq. 5 and 6), where the whole score does so too (Eq. 7 and 8). The first stage
 * trains DRAGON without weights (Eq. 9); when it gets no better, the second trains the weights too (Eq. 10).
 *
 * <p>An item that was never trained on has equal weights.
 */
final class Margo extends Dragon {

    /** What stands for a modality that ranks a pair wrongly (Eq. 6): nothing of it is left after the softmax. */
    private static final float UNRELIABLE = (float) -Math.exp(6);

    private static final float TINY = 1e-12f;

    /** How to make one. */
    static final ModelFactory FACTORY = new ModelFactory("margo", presets(), Margo::new);

    static Map<String, Settings> presets() {
        Settings own = Settings.of(
                "two-stages", "true",
                "calibration-weight", "0.01",
                "confidence-scale", "1",
                "confidence", "true",
                "stop-gradient", "true");
        Map<String, Settings> presets = new TreeMap<>();
        Dragon.presets().forEach((name, settings) -> presets.put(name, settings.plus(own)));
        return presets;
    }

    private final int dimension;
    private final double calibration;
    private final double scale;
    private final double regularization;
    private final boolean confident;
    private final boolean stopped;
    private final Parameter logits;
    private boolean weighted;

    private Margo(TrainingData data, Settings settings, Backend backend, long seed) {
        super(data, settings, backend, seed);
        this.dimension = settings.whole("dimension", 1);
        this.weighted = !settings.flag("two-stages");
        this.calibration = settings.number("calibration-weight");
        this.scale = settings.number("confidence-scale", 1e-6, Double.MAX_VALUE);
        this.regularization = settings.number("regularization");
        this.confident = settings.flag("confidence");
        this.stopped = settings.flag("stop-gradient");
        this.logits = Parameter.of(
                "modality-logits",
                Parameter.Rows.ITEMS,
                backend,
                data.items(),
                modalities(),
                new float[data.items() * modalities()]);
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>(super.parameters());
        all.add(logits);
        return all;
    }

    /** A warm start from trained weights goes on with the second stage. */
    @Override
    public void startEpoch(SplittableRandom random) {
        super.startEpoch(random);
        for (float logit : logits.value().toFloats()) {
            weighted |= logit != 0;
        }
    }

    @Override
    public boolean nextStage() {
        boolean next = !weighted;
        weighted = true;
        return next;
    }

    @Override
    NDArray rankingLoss(Batch batch, NDArray u, NDArray p, NDArray n, Leaves leaves) {
        if (!weighted) {
            return super.rankingLoss(batch, u, p, n, leaves);
        }
        NDArray positiveLogits = leaves.rows(logits, batch.positives());
        NDArray negativeLogits = leaves.rows(logits, batch.negatives());
        NDArray positiveWeights = positiveLogits.softmax(1);
        NDArray negativeWeights = negativeLogits.softmax(1);
        NDArray positives = ratings(u, p);
        NDArray negatives = ratings(u, n);
        NDArray positive = Losses.dot(positives, positiveWeights);
        NDArray negative = Losses.dot(negatives, negativeWeights);
        NDArray differences = positives.sub(negatives);
        NDArray gap = positive.sub(negative);
        if (stopped) {
            differences = differences.stopGradient();
            gap = gap.stopGradient();
        }
        NDArray supervision = calibration(
                reliability(differences),
                confident ? confidence(gap, scale) : gap.onesLike(),
                positiveWeights,
                negativeWeights);
        return baseTwo(pairLoss(batch, u, positive, negative))
                .add(Autograd.times(supervision, calibration))
                .add(Autograd.times(
                        positiveLogits
                                .square()
                                .mean()
                                .add(negativeLogits.square().mean()),
                        regularization));
    }

    /** Eq. 2: the score of each pair by each modality, [rows × modalities]. */
    private NDArray ratings(NDArray u, NDArray items) {
        return u.mul(items)
                .reshape(u.getShape().get(0), modalities(), dimension)
                .sum(new int[] {2});
    }

    /** Eq. 5 and 6: how reliable each modality is in each triple, from how far it puts the user's item first; rows sum to 1. */
    static NDArray reliability(NDArray differences) {
        NDArray wrong = differences.lt(0).toType(DataType.FLOAT32, false);
        return differences
                .mul(wrong.neg().add(1))
                .add(Autograd.times(wrong, UNRELIABLE))
                .softmax(1);
    }

    /** Eq. 7: tanh(gap / τ) where the whole score puts the user's item first, else 0. */
    static NDArray confidence(NDArray gap, double scale) {
        return Autograd.times(NDArrays.maximum(gap, gap.zerosLike()), 1.0 / scale)
                .tanh();
    }

    /** Eq. 8, averaged: γ KL(z ‖ mean of the weights of both items). The mean in place of the sum takes ln 2 off, no gradient. */
    static NDArray calibration(
            NDArray reliability, NDArray confidence, NDArray positiveWeights, NDArray negativeWeights) {
        NDArray joint = Autograd.times(positiveWeights.add(negativeWeights), 1.0 / 2);
        NDArray terms =
                reliability.mul(reliability.add(TINY).log().sub(joint.add(TINY).log()));
        return terms.sum(new int[] {1}).mul(confidence).mean();
    }

    /** Weights are times the number of modalities here: before they are trained, the embeddings are DRAGON's. */
    @Override
    public Embeddings embed() {
        Embeddings plain = super.embed();
        float[] items = plain.items();
        float[] values = logits.value().toFloats();
        int count = modalities();
        for (int item = 0; item < items.length / plain.dimension(); item++) {
            double sum = 0;
            for (int m = 0; m < count; m++) {
                sum += Math.exp(values[item * count + m]);
            }
            for (int m = 0; m < count; m++) {
                float weight = (float) (count * Math.exp(values[item * count + m]) / sum);
                for (int d = 0, at = item * plain.dimension() + m * dimension; d < dimension; d++, at++) {
                    items[at] *= weight;
                }
            }
        }
        return plain;
    }

    @Override
    public void close() {
        super.close();
        logits.close();
    }
}

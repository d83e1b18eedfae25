package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.data.TrainingData;
import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Parameter;
import java.util.Collection;
import java.util.List;
import java.util.SplittableRandom;

/**
 * BM3's loss without negatives (Zhou et al., WWW 2023), and the predictor that it trains. What the predictor makes of a representation
 * is drawn to a dropped-out copy of the other side's representation, which gets no gradient (Eq. 6 and 7), and the projected features
 * are drawn to the item's (Eq. 8) and to their own dropped-out copies (Eq. 9).
 */
final class Bootstrap implements AutoCloseable {

    /** Settings of BM3's authors for Amazon Baby. */
    static final Settings SETTINGS =
            Settings.of("dropout", "0.5", "regularization", "0.1", "content-weight", "2", "trained-features", "true");

    private final int users;
    private final double dropout;
    private final double regularization;
    private final double contentWeight;
    private final Parameter weight;
    private final Parameter bias;
    private SplittableRandom random;

    Bootstrap(TrainingData data, Settings settings, int dimension, Backend backend, SplittableRandom random) {
        this.users = data.users();
        this.dropout = settings.number("dropout", 0, .99);
        this.regularization = settings.number("regularization");
        this.contentWeight = settings.number("content-weight");
        this.random = random;
        this.weight = Parameter.of(
                "predictor.weight",
                Parameter.Rows.SHARED,
                backend,
                dimension,
                dimension,
                Initial.xavierNormal(dimension, dimension, random));
        this.bias = Parameter.of(
                "predictor.bias",
                Parameter.Rows.SHARED,
                backend,
                1,
                dimension,
                Initial.linear(1, dimension, dimension, random));
    }

    List<Parameter> parameters() {
        return List.of(weight, bias);
    }

    /** Draws what is dropped in an epoch from {@code random}. */
    void startEpoch(SplittableRandom random) {
        this.random = random.split();
    }

    /** Rows as scores take them: the score of a pair is the product of two predictions. */
    NDArray predict(NDArray rows, NDManager manager) {
        return Projection.apply(
                rows, weight.value().tensor(manager), bias.value().tensor(manager));
    }

    /**
     * The loss of a batch.
     *
     * @param all representations of all nodes
     * @param anchors what the features of the items are drawn to, [items × d], or null for the items' representations
     * @param contents features of the items
     * @param leaves where further leaves come from
     */
    NDArray loss(Batch batch, NDArray all, NDArray anchors, Collection<Projection> contents, Leaves leaves) {
        NDManager step = leaves.manager();
        NDArray w = leaves.whole(weight);
        NDArray b = leaves.whole(bias);
        Rows.Distinct us = Rows.Distinct.of(batch.users());
        Rows.Distinct is = Rows.Distinct.of(batch.positives());
        NDArray userOf = step.create(us.places());
        NDArray itemOf = step.create(is.places());
        NDArray u = all.get(step.create(Rows.longs(us.values(), 0)));
        NDArray i = all.get(step.create(Rows.longs(is.values(), users)));
        NDArray userTarget = dropped(u).get(userOf);
        NDArray itemTarget = dropped(i).get(itemOf);
        NDArray anchor = anchors == null
                ? itemTarget
                : dropped(anchors.get(step.create(Rows.longs(is.values(), 0)))).get(itemOf);
        NDArray sum = distance(Projection.apply(u, w, b).get(userOf), itemTarget)
                .add(distance(Projection.apply(i, w, b).get(itemOf), userTarget));
        for (Projection content : contents) {
            NDArray features = content.rows(is.values(), leaves);
            NDArray projected =
                    Projection.apply(features, leaves.whole(content.weight()), leaves.whole(content.bias()));
            NDArray predicted = Projection.apply(projected, w, b).get(itemOf);
            NDArray own = dropped(projected).get(itemOf);
            sum = sum.add(Autograd.times(distance(predicted, anchor).add(distance(predicted, own)), contentWeight));
        }
        return sum.add(Autograd.times(
                Losses.embeddingNorms(all.get(new NDIndex(":{}", users)), all.get(new NDIndex("{}:", users))),
                regularization));
    }

    /** 1 − cosine, averaged over the rows. */
    static NDArray distance(NDArray a, NDArray b) {
        return Losses.dot(Losses.unit(a), Losses.unit(b)).mean().neg().add(1);
    }

    /** A target: no gradient, and each number set to 0 with the probability of dropout. */
    private NDArray dropped(NDArray rows) {
        NDArray fixed = rows.stopGradient();
        if (dropout == 0) {
            return fixed;
        }
        float[] mask = new float[(int) rows.size()];
        float kept = (float) (1 / (1 - dropout));
        for (int at = 0; at < mask.length; at++) {
            mask[at] = random.nextDouble() < dropout ? 0 : kept;
        }
        return fixed.mul(rows.getManager().create(mask, rows.getShape()));
    }

    @Override
    public void close() {
        weight.close();
        bias.close();
    }
}

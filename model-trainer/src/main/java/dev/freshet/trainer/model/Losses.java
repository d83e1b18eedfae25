package dev.freshet.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import dev.freshet.trainer.data.Batch;
import dev.freshet.trainer.tensor.Table;

/** Loss terms that models share. Rows are the batch; results are scalars. */
final class Losses {

    private Losses() {}

    /** Dot product of the rows of two matrices, [rows]. */
    static NDArray dot(NDArray a, NDArray b) {
        return a.mul(b).sum(new int[] {1});
    }

    /** −mean log σ(x), stable for any x. */
    static NDArray logistic(NDArray x) {
        return x.neg().getNDArrayInternal().softPlus().mean();
    }

    /** Bayesian personalized ranking: −mean log σ(positive − negative). */
    static NDArray bpr(NDArray positive, NDArray negative) {
        return logistic(positive.sub(negative));
    }

    /** MMRec's EmbLoss: the Frobenius norms (not squared) of all, by the rows of the last. */
    static NDArray embeddingNorms(NDArray... tables) {
        NDArray sum = null;
        for (NDArray table : tables) {
            // √ has no derivative at 0.
            NDArray norm = table.square().sum().add(1e-24f).sqrt();
            sum = sum == null ? norm : sum.add(norm);
        }
        return Autograd.times(sum, 1.0 / tables[tables.length - 1].getShape().get(0));
    }

    /** {@link #embeddingNorms} of a batch's users, their items and the random items, in closed form; rows are nodes. */
    static double embeddingNorms(double weight, Table values, Table gradient, Batch batch, int users) {
        return embeddingNorms(
                weight,
                values,
                gradient,
                batch.users(),
                Rows.offset(batch.positives(), users),
                Rows.offset(batch.negatives(), users));
    }

    /**
     * {@link #embeddingNorms} of some rows of a table, each set of which counts as a table of its own, in closed form; adds its
     * gradient, times a weight.
     *
     * @return the loss times the weight
     */
    static double embeddingNorms(double weight, Table values, Table gradient, int[]... rowSets) {
        if (weight == 0) {
            return 0;
        }
        double scale = weight / rowSets[rowSets.length - 1].length;
        double sum = 0;
        for (int[] rows : rowSets) {
            double squares = 0;
            for (float square : values.dots(rows, values, rows)) {
                squares += square;
            }
            double norm = Math.sqrt(squares + 1e-24);
            sum += norm;
            float[] weights = new float[rows.length];
            java.util.Arrays.fill(weights, (float) (scale / norm));
            gradient.addRows(rows, values, rows, weights);
        }
        return scale * sum;
    }

    /**
     * Contrast with the other positives of the batch (SPUMR, Eq. 11): −mean over pairs b of log softmax over c of
     * users[b] · items[c] / τ − bias[c], at c = b.
     *
     * @param bias what is taken off the logits of each item, [1 × batch] or [batch × batch]
     */
    static NDArray inBatch(NDArray users, NDArray items, NDArray bias, double temperature) {
        NDArray logits = Autograd.times(users.matMul(items.transpose()), 1.0 / temperature)
                .sub(bias);
        long batch = users.getShape().get(0);
        NDArray own = users.getManager()
                .arange((int) batch)
                .toType(DataType.INT64, false)
                .reshape(batch, 1);
        return logits.logSoftmax(1).gather(own, 1).mean().neg();
    }

    /** Rows of length 1. */
    static NDArray unit(NDArray rows) {
        return rows.div(rows.square().sum(new int[] {1}, true).add(1e-12f).sqrt());
    }

    /** SPUMR, Eq. 7, averaged over rows: KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² − log σ² − 1). */
    static NDArray standardNormalKl(NDArray mean, NDArray logVariance) {
        return Autograd.times(
                mean.square()
                        .add(logVariance.exp())
                        .sub(logVariance)
                        .sub(1)
                        .sum(new int[] {1})
                        .mean(),
                .5f);
    }

    /** The columns of several matrices side by side. */
    static NDArray beside(java.util.List<NDArray> parts) {
        return parts.size() == 1 ? parts.get(0) : ai.djl.ndarray.NDArrays.concat(new NDList(parts), 1);
    }
}

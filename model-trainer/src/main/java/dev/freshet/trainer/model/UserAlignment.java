package dev.freshet.trainer.model;

import dev.freshet.trainer.tensor.RowProducts;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link Denoising#bernoulliKl} (AU) of a row of logits x and a row of logits y, times a weight, with its gradient. */
final class UserAlignment implements RowProducts.RowLoss {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    private final int columns;
    private final float weight;

    UserAlignment(int columns, double weight) {
        this.columns = columns;
        this.weight = (float) weight;
    }

    @Override
    public double apply(int row, float[][] products) {
        float[] x = products[0];
        float[] y = products[1];
        FloatVector sum = FloatVector.zero(SPECIES);
        // The rows are padded to whole vectors, with what was left there: those columns do not count.
        for (int at = 0; at < columns; at += LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, x, at);
            FloatVector b = FloatVector.fromArray(SPECIES, y, at);
            FloatVector p = sigmoid(a);
            FloatVector q = sigmoid(b);
            FloatVector logits = a.sub(b);
            FloatVector shares = p.sub(q);
            sum = sum.add(logits.mul(shares), SPECIES.indexInRange(at, columns));
            p.sub(p.mul(p)).fma(logits, shares).mul(weight).intoArray(x, at);
            q.sub(q.mul(q)).fma(logits, shares).mul(-weight).intoArray(y, at);
        }
        return (double) weight * sum.reduceLanes(VectorOperators.ADD);
    }

    private static FloatVector sigmoid(FloatVector x) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        return one.div(x.neg().lanewise(VectorOperators.EXP).add(one));
    }
}

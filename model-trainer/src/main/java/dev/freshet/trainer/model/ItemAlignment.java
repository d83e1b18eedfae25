package dev.freshet.trainer.model;

import dev.freshet.trainer.tensor.RowProducts;
import dev.freshet.trainer.tensor.Selection;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Denoising#alignment} (AI) of one anchor, times a weight, with its gradient: from the anchor's cosines with all items by each
 * view. With e = exp(cosine / τ), T the sum of e, A that over the items that several views agree on and S that over those of one view,
 * the loss of a view is −ln(A / T) − ln(S / (T − A)).
 */
final class ItemAlignment implements RowProducts.RowLoss {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    private final int columns;
    private final float temperature;
    private final Denoising.Positives kind;
    private final double weight;
    private final Selection selection;
    private final float[][] shares;
    private final float[] ranked;
    private final float[] inverses;

    /**
     * @param views number of views
     * @param columns number of items
     * @param k positives of a kind
     * @param temperature τ of the contrast
     * @param weight of the mean over the views
     */
    ItemAlignment(int views, int columns, int k, double temperature, Denoising.Positives kind, double weight) {
        this.columns = columns;
        this.temperature = (float) temperature;
        this.kind = kind;
        this.weight = weight / views;
        int padded = Selection.padded(columns);
        this.selection = new Selection(k, padded);
        this.shares = new float[views][padded];
        this.ranked = new float[padded];
        this.inverses = new float[views];
    }

    @Override
    public double apply(int row, float[][] cosines) {
        for (int view = 0; view < cosines.length; view++) {
            inverses[view] = 1 / exponentials(cosines[view], 1, shares[view]);
        }
        double sum = 0;
        for (int view = 0; view < cosines.length; view++) {
            sum += contrast(cosines[view], agreed(view), view);
        }
        return weight * sum;
    }

    /** Exponentials of a row, 0 in its padding; their sum. */
    private float exponentials(float[] cosines, float scale, float[] to) {
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int at = 0; at < to.length; at += LANES) {
            FloatVector e = FloatVector.fromArray(SPECIES, cosines, at)
                    .mul(scale)
                    .lanewise(VectorOperators.EXP)
                    .blend(0, SPECIES.indexInRange(at, columns).not());
            sum = sum.add(e);
            e.intoArray(to, at);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** The items nearest by all views, a view itself counted twice. */
    private int[] agreed(int view) {
        for (int at = 0; at < ranked.length; at += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, shares[view], at).mul(inverses[view]);
            for (int other = 0; other < shares.length; other++) {
                sum = FloatVector.fromArray(SPECIES, shares[other], at)
                        .fma(FloatVector.broadcast(SPECIES, inverses[other]), sum);
            }
            sum.intoArray(ranked, at);
        }
        return best();
    }

    private int[] best() {
        Arrays.fill(ranked, columns, ranked.length, Float.NEGATIVE_INFINITY);
        return selection.of(ranked, 0);
    }

    private double contrast(float[] cosines, int[] agreed, int view) {
        System.arraycopy(shares[view], 0, ranked, 0, ranked.length);
        for (int item : agreed) {
            ranked[item] = 0;
        }
        int[] lone = best();
        double total = exponentials(cosines, 1 / temperature, cosines);
        double near = sum(cosines, agreed);
        double single = sum(cosines, lone);
        double rest = total - near;
        double loss = 0;
        double all = 0;
        double ofAgreed = 0;
        double ofLone = 0;
        if (kind != Denoising.Positives.SINGLE) {
            double share = near / total + Denoising.TINY;
            loss -= Math.log(share);
            all += near / (total * total) / share;
            ofAgreed -= 1 / total / share;
        }
        if (kind != Denoising.Positives.MULTI) {
            double share = single / rest + Denoising.TINY;
            loss -= Math.log(share);
            double fall = single / (rest * rest) / share;
            all += fall;
            ofAgreed -= fall;
            ofLone -= 1 / rest / share;
        }
        double scale = weight / temperature;
        // Before all items are scaled: an item may be of both kinds where there are few.
        float[] agreedParts = parts(cosines, agreed, scale * ofAgreed);
        float[] loneParts = parts(cosines, lone, scale * ofLone);
        FloatVector factor = FloatVector.broadcast(SPECIES, (float) (scale * all));
        for (int at = 0; at < cosines.length; at += LANES) {
            FloatVector.fromArray(SPECIES, cosines, at).mul(factor).intoArray(cosines, at);
        }
        add(cosines, agreed, agreedParts);
        add(cosines, lone, loneParts);
        return loss;
    }

    private static float[] parts(float[] values, int[] items, double scale) {
        float[] parts = new float[items.length];
        for (int i = 0; i < items.length; i++) {
            parts[i] = (float) (values[items[i]] * scale);
        }
        return parts;
    }

    private static void add(float[] values, int[] items, float[] parts) {
        for (int i = 0; i < items.length; i++) {
            values[items[i]] += parts[i];
        }
    }

    private static double sum(float[] values, int[] items) {
        double sum = 0;
        for (int item : items) {
            sum += values[item];
        }
        return sum;
    }
}

package dev.freshet.trainer.model;

import dev.freshet.trainer.tensor.RowProducts;
import dev.freshet.trainer.tensor.Selection;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Losses#inBatch} of one pair, times a weight, with its gradient: from the products of the pair's user with the items of all
 * pairs. Thread-safe.
 */
final class InBatchContrast implements RowProducts.RowLoss {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    private final int[] items;
    private final Int2ObjectOpenHashMap<IntArrayList> places = new Int2ObjectOpenHashMap<>();
    private final float[] bias;
    private final float inverse;
    private final double weight;

    /**
     * @param items the item of each pair; other copies of a pair's own item do not count against it
     * @param popularity what is taken off the logits of an item, by item
     * @param temperature τ
     */
    InBatchContrast(int[] items, float[] popularity, double temperature, double weight) {
        this.items = items;
        this.bias = new float[Selection.padded(items.length)];
        Arrays.fill(bias, Float.POSITIVE_INFINITY);
        for (int column = 0; column < items.length; column++) {
            bias[column] = popularity[items[column]];
            places.computeIfAbsent(items[column], item -> new IntArrayList()).add(column);
        }
        this.inverse = (float) (1 / temperature);
        this.weight = weight;
    }

    @Override
    public double apply(int row, float[][] products) {
        float[] x = products[0];
        FloatVector greatest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int at = 0; at < bias.length; at += LANES) {
            FloatVector logits =
                    FloatVector.fromArray(SPECIES, x, at).mul(inverse).sub(FloatVector.fromArray(SPECIES, bias, at));
            greatest = greatest.max(logits);
            logits.intoArray(x, at);
        }
        for (int copy : places.get(items[row])) {
            if (copy != row) {
                x[copy] = Float.NEGATIVE_INFINITY;
            }
        }
        float max = greatest.reduceLanes(VectorOperators.MAX);
        double own = x[row] - max;
        FloatVector sums = FloatVector.zero(SPECIES);
        for (int at = 0; at < bias.length; at += LANES) {
            FloatVector e = FloatVector.fromArray(SPECIES, x, at).sub(max).lanewise(VectorOperators.EXP);
            sums = sums.add(e);
            e.intoArray(x, at);
        }
        double sum = sums.reduceLanes(VectorOperators.ADD);
        FloatVector factor = FloatVector.broadcast(SPECIES, (float) (weight * inverse / sum));
        for (int at = 0; at < bias.length; at += LANES) {
            FloatVector.fromArray(SPECIES, x, at).mul(factor).intoArray(x, at);
        }
        x[row] -= (float) (weight * inverse);
        return weight * (Math.log(sum) - own);
    }
}

package dev.freshet.trainer.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.function.Supplier;

/**
 * A loss of the products of all rows of matrices with all rows of others, C_m = A_m B_mᵀ, in closed form and on the CPU: torch
 * multiplies, and between that Java puts the gradient in the place of each row of products, while it is in the cache. Never holds more
 * than a part of the products.
 */
public final class RowProducts {

    /** Products of a matrix at a time. */
    private static final int PART = 1 << 21;

    private RowProducts() {}

    /** The loss of one row of each C_m; an instance serves one thread. */
    public interface RowLoss {
        /**
         * Puts the gradient of the loss in the place of the products.
         *
         * @param row its number
         * @param products one row of each C_m, padded to {@link Selection#padded}; what is left there does not count
         * @return the loss of the row
         */
        double apply(int row, float[][] products);
    }

    /**
     * The result.
     *
     * @param loss sum over the rows
     * @param left gradient of each A_m
     * @param right gradient of each B_m
     */
    public record Gradients(double loss, List<NDArray> left, List<NDArray> right) {}

    /**
     * Computes the loss and its gradients.
     *
     * @param left A_m, each [rows × d]
     * @param right B_m, each [columns × d]
     * @param manager where the gradients live
     */
    public static Gradients of(
            List<NDArray> left, List<NDArray> right, Supplier<RowLoss> loss, Workers workers, NDManager manager) {
        int rows = (int) left.get(0).getShape().get(0);
        int columns = (int) right.get(0).getShape().get(0);
        int part = Math.max(1, PART / columns);
        List<NDList> leftParts = new ArrayList<>();
        List<NDArray> rightSums = new ArrayList<>();
        List<NDArray> turned = right.stream().map(NDArray::transpose).toList();
        for (int m = 0; m < left.size(); m++) {
            leftParts.add(new NDList());
            rightSums.add(manager.zeros(right.get(m).getShape()));
        }
        DoubleAdder sum = new DoubleAdder();
        for (int from = 0; from < rows; from += part) {
            int to = Math.min(rows, from + part);
            try (NDManager own = manager.newSubManager()) {
                List<NDArray> some = new ArrayList<>();
                List<NDArray> products = new ArrayList<>();
                List<FloatBuffer> buffers = new ArrayList<>();
                for (int m = 0; m < left.size(); m++) {
                    NDArray a = left.get(m).get(new NDIndex("{}:{}", from, to));
                    a.attach(own);
                    some.add(a);
                    NDArray product = a.matMul(turned.get(m));
                    product.attach(own);
                    products.add(product);
                    buffers.add(product.toByteBuffer(true).asFloatBuffer());
                }
                int start = from;
                workers.split(
                        to - from, 1, (first, end) -> sum.add(rows(buffers, columns, loss.get(), start, first, end)));
                for (int m = 0; m < left.size(); m++) {
                    NDArray gradient = products.get(m).matMul(right.get(m));
                    gradient.attach(manager);
                    leftParts.get(m).add(gradient);
                    NDArray added = products.get(m).transpose().matMul(some.get(m));
                    added.attach(own);
                    rightSums.get(m).addi(added);
                }
            }
        }
        return new Gradients(
                sum.sum(),
                leftParts.stream().map(parts -> NDArrays.concat(parts, 0)).toList(),
                rightSums);
    }

    /** The loss as a term for autograd: its value, and its gradients for what the matrices are made of. */
    public static NDArray term(
            List<NDArray> left, List<NDArray> right, Supplier<RowLoss> loss, Workers workers, NDManager manager) {
        Gradients gradients = of(
                left.stream().map(NDArray::stopGradient).toList(),
                right.stream().map(NDArray::stopGradient).toList(),
                loss,
                workers,
                manager);
        NDArray sum = null;
        for (int m = 0; m < left.size(); m++) {
            NDArray term = left.get(m)
                    .mul(gradients.left().get(m))
                    .sum()
                    .add(right.get(m).mul(gradients.right().get(m)).sum());
            sum = sum == null ? term : sum.add(term);
        }
        return sum.sub(sum.stopGradient()).add((float) gradients.loss());
    }

    private static double rows(List<FloatBuffer> buffers, int columns, RowLoss loss, int start, int from, int to) {
        float[][] row = new float[buffers.size()][Selection.padded(columns)];
        double sum = 0;
        for (int r = from; r < to; r++) {
            for (int m = 0; m < row.length; m++) {
                buffers.get(m).get(r * columns, row[m], 0, columns);
            }
            sum += loss.apply(start + r, row);
            for (int m = 0; m < row.length; m++) {
                buffers.get(m).put(r * columns, row[m], 0, columns);
            }
        }
        return sum;
    }
}

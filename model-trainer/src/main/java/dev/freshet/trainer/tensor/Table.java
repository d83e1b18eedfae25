package dev.freshet.trainer.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * A float matrix that lives where its {@link Backend} computes: embeddings, weights, their gradients. Tables stay outside
 * autograd; a model takes the rows of a batch as leaf tensors and hands their gradients back.
 */
public interface Table extends AutoCloseable {

    int rows();

    int columns();

    /** A copy, row after row. */
    float[] toFloats();

    /** Replaces all values, row after row. */
    void set(float[] values);

    /** Sets every value to 0. */
    void zero();

    /** The whole table as a new tensor on the device, [rows × columns]. */
    NDArray tensor(NDManager manager);

    /** Some rows as a new tensor on the device, [rows.length × columns]; a row may be named more than once. */
    NDArray gather(int[] rows, NDManager manager);

    /** Adds row r of {@code values} to row {@code rows[r]}; a row may be named more than once. */
    void scatterAdd(int[] rows, NDArray values);

    /**
     * Dot products of rows of this table and of another with as many columns: of row {@code rows[i]} and its row
     * {@code otherRows[i]}.
     */
    float[] dots(int[] rows, Table other, int[] otherRows);

    /** Adds {@code weights[i]} times row {@code fromRows[i]} of another table to row {@code rows[i]}, which may be named more than once. */
    void addRows(int[] rows, Table from, int[] fromRows, float[] weights);

    /** Adds a tensor of the same shape. */
    void add(NDArray values);

    /** Adds a table of the same shape. */
    void add(Table values);

    /** One step of Adam on these values; sets the gradient to 0. See {@link Adam}. */
    void adam(Table gradient, Table first, Table second, Adam.Step step);

    @Override
    void close();
}

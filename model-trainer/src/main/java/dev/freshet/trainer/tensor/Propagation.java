package dev.freshet.trainer.tensor;

/**
 * A fixed sparse matrix A that acts on tables: Y = AX forward, X̄ = AᵀȲ backward. It is linear, so that gradients go through it
 * outside autograd, by the transposed product.
 */
public interface Propagation extends AutoCloseable {

    /** Rows of A. */
    int rows();

    /** Columns of A. */
    int columns();

    /**
     * y = scale · (A x + plus).
     *
     * @param x [columns × d]
     * @param plus [rows × d], or null for nothing
     * @param y [rows × d]; neither x nor plus
     */
    void apply(Table x, Table plus, float scale, Table y);

    /**
     * x = scale · (Aᵀ g + plus).
     *
     * @param g [rows × d]
     * @param plus [columns × d], or null for nothing
     * @param x [columns × d]; neither g nor plus
     */
    void applyTransposed(Table g, Table plus, float scale, Table x);

    /**
     * y = scale · (A x + plus) in some rows; what the others of y hold is not defined.
     *
     * @param wanted which rows of y, [rows]
     */
    default void applyRows(Table x, Table plus, float scale, Table y, boolean[] wanted) {
        apply(x, plus, scale, y);
    }

    /**
     * x = scale · (Aᵀ g + plus), where g is 0 in all but some rows.
     *
     * @param given which rows of g may be other than 0, [rows]
     */
    default void applyTransposedRows(Table g, Table plus, float scale, Table x, boolean[] given) {
        applyTransposed(g, plus, scale, x);
    }

    /** y = A x. */
    default void apply(Table x, Table y) {
        apply(x, null, 1, y);
    }

    /** x = Aᵀ g. */
    default void applyTransposed(Table g, Table x) {
        applyTransposed(g, null, 1, x);
    }

    @Override
    void close();
}

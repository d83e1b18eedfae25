package dev.freshet.trainer.tensor;

/**
 * A table that is trained.
 *
 * @param name name, as saved
 * @param rows what its rows stand for
 * @param value the values
 * @param gradient where a model adds its gradient
 * @param first Adam's first moment
 * @param second Adam's second moment
 */
public record Parameter(String name, Rows rows, Table value, Table gradient, Table first, Table second)
        implements AutoCloseable {

    /** What the rows of a parameter stand for: a warm start finds a node's row by its id. */
    public enum Rows {
        /** One row per user, then one per item. */
        NODES,
        /** One row per user. */
        USERS,
        /** One row per item. */
        ITEMS,
        /** One row per item: what training has added to the item's features. */
        CORRECTIONS,
        /** Weights that all nodes share. */
        SHARED
    }

    /** A parameter with these initial values. */
    public static Parameter of(String name, Rows kind, Backend backend, int rows, int columns, float[] values) {
        return new Parameter(
                name,
                kind,
                backend.table(rows, columns, values),
                backend.table(rows, columns),
                backend.table(rows, columns),
                backend.table(rows, columns));
    }

    @Override
    public void close() {
        value.close();
        gradient.close();
        first.close();
        second.close();
    }
}

package dev.freshet.graph.inductive;

/** y = Ax + b. */
final class Affine {

    private final float[][] rows;
    private final int inputs;

    /**
     * @param name what it is, for messages
     * @param rows of each output its weights, then the constant
     * @throws IllegalArgumentException if it does not map {@code inputs} numbers to {@code outputs}
     */
    Affine(String name, float[][] rows, int inputs, int outputs) {
        if (rows == null) {
            throw new IllegalArgumentException("the parameter " + name + " is missing");
        }
        if (rows.length != outputs) {
            throw new IllegalArgumentException(
                    "the parameter " + name + " has " + rows.length + " rows; it must have " + outputs);
        }
        for (float[] row : rows) {
            if (row.length != inputs + 1) {
                throw new IllegalArgumentException("the parameter " + name + " has a row of " + row.length
                        + " values; it must have " + (inputs + 1));
            }
        }
        this.rows = rows;
        this.inputs = inputs;
    }

    int inputs() {
        return inputs;
    }

    /** Writes y from {@code to} on. */
    void apply(float[] x, int from, float[] y, int to) {
        for (int row = 0; row < rows.length; row++) {
            float[] weights = rows[row];
            double sum = weights[inputs];
            for (int k = 0; k < inputs; k++) {
                sum += (double) weights[k] * x[from + k];
            }
            y[to + row] = (float) sum;
        }
    }
}

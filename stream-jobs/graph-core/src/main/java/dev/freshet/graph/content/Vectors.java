package dev.freshet.graph.content;

/** What a vector must be. */
final class Vectors {

    private Vectors() {}

    /** @throws IllegalArgumentException if the vector has another dimension or a value that is not finite */
    static void check(String id, float[] vector, int dimension) {
        if (vector.length != dimension) {
            throw new IllegalArgumentException(
                    "vector of " + id + " has " + vector.length + " values; it must have " + dimension);
        }
        for (int c = 0; c < dimension; c++) {
            if (!Float.isFinite(vector[c])) {
                throw new IllegalArgumentException(
                        "value " + c + " of the vector of " + id + " is " + vector[c] + "; it must be finite");
            }
        }
    }
}

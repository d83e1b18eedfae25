package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import java.util.function.IntPredicate;

/**
 * The items that suit a user best, to be found.
 *
 * @param user vector of the items' dimension
 * @param best takes (dot product, row), ties by the lower row; empty
 * @param k how many {@code best} keeps
 * @param excluded rows that are not offered; asked of those few that would enter
 */
record Search(float[] user, TopK best, int k, IntPredicate excluded) {

    Search(float[] user, int k, IntPredicate excluded) {
        this(user, new TopK(k, Integer::compare), k, excluded);
    }
}

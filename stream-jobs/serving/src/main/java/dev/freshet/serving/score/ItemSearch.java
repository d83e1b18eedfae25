package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;

/**
 * Finds the best of the items that a model was trained on: looks at all of them or, from the moment that there is one, asks an index, which finds most.
 * Thread-safe.
 */
final class ItemSearch {

    private final ItemMatrix items;
    /** Null as long as all are looked at. */
    private volatile ProximityIndex index;

    ItemSearch(ItemMatrix items) {
        this.items = items;
    }

    ItemMatrix items() {
        return items;
    }

    /** Builds the index, as of {@link ProximityIndex#build}; searches go on meanwhile, and ask it when it is whole. */
    boolean index(int threads, BooleanSupplier wanted) {
        ProximityIndex built = ProximityIndex.build(items, threads, wanted);
        if (built != null) {
            index = built;
        }
        return built != null;
    }

    /**
     * Offers the rows with the highest dot products with a user, and others; of an index most of them, in their order.
     *
     * @param user vector of the items' dimension
     * @param best takes (product, row), ties by the lower row; empty
     * @param k how many {@code best} keeps
     * @param excluded rows that are not offered
     */
    void best(float[] user, TopK best, int k, IntPredicate excluded) {
        ProximityIndex asked = index;
        if (asked == null || !asked.best(user, best, k, excluded)) {
            items.best(user, best, excluded);
        }
    }
}

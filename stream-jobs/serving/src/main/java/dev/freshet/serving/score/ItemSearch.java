package dev.freshet.serving.score;

import java.util.List;
import java.util.function.BooleanSupplier;

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

    /** Offers to each search the rows with the highest dot products, and others; of an index most of them, in their order. */
    void best(List<Search> searches) {
        ProximityIndex asked = index;
        items.best(
                asked == null
                        ? searches
                        : searches.stream()
                                .filter(search -> !asked.best(search))
                                .toList());
    }
}

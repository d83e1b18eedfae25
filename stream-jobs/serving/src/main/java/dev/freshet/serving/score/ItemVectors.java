package dev.freshet.serving.score;

import dev.freshet.graph.TopK;
import java.util.List;

/** The vectors of all items that a model can score: those that it was trained on, and behind them those that came since. Immutable. */
public final class ItemVectors {

    private final ItemSearch search;
    private final ItemMatrix trained;
    private final ItemMatrix arrived;

    ItemVectors(ItemSearch search, ItemMatrix arrived) {
        this.search = search;
        this.trained = search.items();
        this.arrived = arrived;
    }

    /** Number of items. */
    public int size() {
        return trained.size() + arrived.size();
    }

    /** Id of the item in a row. */
    public String id(int row) {
        return row < trained.size() ? trained.id(row) : arrived.id(row - trained.size());
    }

    /** Row of an item, or -1 where it has no vector. */
    public int row(String id) {
        int row = trained.row(id);
        if (row >= 0 || arrived.size() == 0) {
            return row;
        }
        int since = arrived.row(id);
        return since < 0 ? -1 : trained.size() + since;
    }

    /** A copy of a row's vector. */
    public float[] vector(int row) {
        return row < trained.size() ? trained.vector(row) : arrived.vector(row - trained.size());
    }

    /** Cosine of two rows' vectors; 0 where one has no length. */
    public double cosine(int row, int other) {
        if (row < trained.size() && other < trained.size()) {
            return trained.cosine(row, other);
        }
        float[] a = vector(row);
        float[] b = vector(other);
        double product = 0;
        for (int d = 0; d < a.length; d++) {
            product += (double) a[d] * b[d];
        }
        return product == 0 ? 0 : product / (FoldIn.norm(a) * FoldIn.norm(b));
    }

    /**
     * Offers to each search the rows with the highest dot products, and others; of a model with an index most of them, and of those that came since all.
     */
    void best(List<Search> searches) {
        search.best(searches);
        if (arrived.size() == 0) {
            return;
        }
        int first = trained.size();
        List<Search> since = searches.stream()
                .map(of -> new Search(of.user(), Math.min(of.k(), arrived.size()), row -> of.excluded()
                        .test(first + row)))
                .toList();
        arrived.best(since);
        for (int s = 0; s < since.size(); s++) {
            TopK found = since.get(s).best();
            found.sort();
            for (int rank = 0; rank < found.size(); rank++) {
                searches.get(s).best().offer(found.weight(rank), first + found.id(rank));
            }
        }
    }
}

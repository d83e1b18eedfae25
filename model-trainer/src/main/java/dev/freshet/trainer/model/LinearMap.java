package dev.freshet.trainer.model;

import dev.freshet.trainer.tensor.Backend;
import dev.freshet.trainer.tensor.Propagation;
import dev.freshet.trainer.tensor.Table;
import java.util.ArrayList;
import java.util.List;

/**
 * A linear map of tables made of sparse products: forward, and backward by the transposed ones. Input and output are different
 * tables of one shape; the output is overwritten. Maps own tables for results in between.
 */
interface LinearMap extends AutoCloseable {

    /** y = F(x). */
    default void forward(Table x, Table y) {
        forward(x, y, null);
    }

    /** x = Fᵀ(g). */
    default void backward(Table g, Table x) {
        backward(g, x, null);
    }

    /**
     * y = F(x) in some rows; what the others of y hold is not defined. Saves work in the last product: those before need all rows.
     *
     * @param wanted which rows of y, or null for all
     */
    void forward(Table x, Table y, boolean[] wanted);

    /**
     * x = Fᵀ(g), where g is 0 in all but some rows. Saves work in the first product.
     *
     * @param given which rows of g may be other than 0, or null for all
     */
    void backward(Table g, Table x, boolean[] given);

    @Override
    void close();

    /** A to the power of {@code depth}, at least 1. */
    static LinearMap power(Propagation a, int depth, Backend backend, int columns) {
        List<LinearMap> maps = new ArrayList<>();
        for (int layer = 0; layer < depth; layer++) {
            maps.add(new Product(a));
        }
        return sequence(maps, backend, a.rows(), columns);
    }

    /** One map after the other; at least one. */
    static LinearMap sequence(List<LinearMap> maps, Backend backend, int rows, int columns) {
        return maps.size() == 1 ? maps.get(0) : new Sequence(maps, backend, rows, columns);
    }

    /** {@link Propagation#applyRows}, of all rows where {@code wanted} is null. */
    private static void apply(Propagation a, Table x, Table plus, float scale, Table y, boolean[] wanted) {
        if (wanted == null) {
            a.apply(x, plus, scale, y);
        } else {
            a.applyRows(x, plus, scale, y, wanted);
        }
    }

    /** {@link Propagation#applyTransposedRows}, of all rows where {@code given} is null. */
    private static void applyTransposed(Propagation a, Table g, Table plus, float scale, Table x, boolean[] given) {
        if (given == null) {
            a.applyTransposed(g, plus, scale, x);
        } else {
            a.applyTransposedRows(g, plus, scale, x, given);
        }
    }

    /** One sparse product. */
    record Product(Propagation a) implements LinearMap {
        @Override
        public void forward(Table x, Table y, boolean[] wanted) {
            LinearMap.apply(a, x, null, 1, y, wanted);
        }

        @Override
        public void backward(Table g, Table x, boolean[] given) {
            LinearMap.applyTransposed(a, g, null, 1, x, given);
        }

        @Override
        public void close() {
            a.close();
        }
    }

    /** LightGCN: the mean of x, Ax, … A^L x, computed as (x + A(x + A(x + …))) / (L + 1). */
    final class MeanOfLayers implements LinearMap {
        private Propagation a;
        private final int layers;
        private final Table[] between;

        MeanOfLayers(Propagation a, int layers, Backend backend, int columns) {
            this.a = a;
            this.layers = layers;
            this.between = new Table[] {backend.table(a.rows(), columns), backend.table(a.rows(), columns)};
        }

        /** Takes another matrix of the same shape from now on; the caller closes the old one. */
        void use(Propagation other) {
            a = other;
        }

        @Override
        public void forward(Table x, Table y, boolean[] wanted) {
            Table last = x;
            for (int layer = 1; layer <= layers; layer++) {
                Table to = layer == layers ? y : between[layer % 2];
                boolean end = layer == layers;
                LinearMap.apply(a, last, x, end ? 1f / (layers + 1) : 1, to, end ? wanted : null);
                last = to;
            }
        }

        @Override
        public void backward(Table g, Table x, boolean[] given) {
            Table last = g;
            for (int layer = 1; layer <= layers; layer++) {
                Table to = layer == layers ? x : between[layer % 2];
                float scale = layer == layers ? 1f / (layers + 1) : 1;
                LinearMap.applyTransposed(a, last, g, scale, to, layer == 1 ? given : null);
                last = to;
            }
        }

        @Override
        public void close() {
            between[0].close();
            between[1].close();
        }
    }

    /** F(x) + A^L x. */
    final class Beside implements LinearMap {
        private final LinearMap map;
        private final Propagation a;
        private final int depth;
        private final Table sum;
        private final Table[] between;

        /** L is {@code depth}, at least 1. */
        Beside(LinearMap map, Propagation a, int depth, Backend backend, int columns) {
            this.map = map;
            this.a = a;
            this.depth = depth;
            this.sum = backend.table(a.rows(), columns);
            this.between = new Table[] {backend.table(a.rows(), columns), backend.table(a.rows(), columns)};
        }

        @Override
        public void forward(Table x, Table y, boolean[] wanted) {
            map.forward(x, sum, wanted);
            Table last = x;
            for (int layer = 1; layer <= depth; layer++) {
                Table to = layer == depth ? y : between[layer % 2];
                boolean end = layer == depth;
                LinearMap.apply(a, last, end ? sum : null, 1, to, end ? wanted : null);
                last = to;
            }
        }

        @Override
        public void backward(Table g, Table x, boolean[] given) {
            map.backward(g, sum, given);
            Table last = g;
            for (int layer = 1; layer <= depth; layer++) {
                Table to = layer == depth ? x : between[layer % 2];
                LinearMap.applyTransposed(a, last, layer == depth ? sum : null, 1, to, layer == 1 ? given : null);
                last = to;
            }
        }

        @Override
        public void close() {
            map.close();
            a.close();
            sum.close();
            between[0].close();
            between[1].close();
        }
    }

    /** One map after the other. */
    final class Sequence implements LinearMap {
        private final List<LinearMap> maps;
        private final Table[] between;

        Sequence(List<LinearMap> maps, Backend backend, int rows, int columns) {
            this.maps = maps;
            this.between = new Table[] {backend.table(rows, columns), backend.table(rows, columns)};
        }

        @Override
        public void forward(Table x, Table y, boolean[] wanted) {
            Table last = x;
            for (int at = 0; at < maps.size(); at++) {
                Table to = at == maps.size() - 1 ? y : between[at % 2];
                maps.get(at).forward(last, to, at == maps.size() - 1 ? wanted : null);
                last = to;
            }
        }

        @Override
        public void backward(Table g, Table x, boolean[] given) {
            Table last = g;
            for (int at = maps.size() - 1; at >= 0; at--) {
                Table to = at == 0 ? x : between[at % 2];
                maps.get(at).backward(last, to, at == maps.size() - 1 ? given : null);
                last = to;
            }
        }

        @Override
        public void close() {
            maps.forEach(LinearMap::close);
            between[0].close();
            between[1].close();
        }
    }
}

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
    void forward(Table x, Table y);

    /** x = Fᵀ(g). */
    void backward(Table g, Table x);

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

    /** One sparse product. */
    record Product(Propagation a) implements LinearMap {
        @Override
        public void forward(Table x, Table y) {
            a.apply(x, y);
        }

        @Override
        public void backward(Table g, Table x) {
            a.applyTransposed(g, x);
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
        public void forward(Table x, Table y) {
            Table last = x;
            for (int layer = 1; layer <= layers; layer++) {
                Table to = layer == layers ? y : between[layer % 2];
                a.apply(last, x, layer == layers ? 1f / (layers + 1) : 1, to);
                last = to;
            }
        }

        @Override
        public void backward(Table g, Table x) {
            Table last = g;
            for (int layer = 1; layer <= layers; layer++) {
                Table to = layer == layers ? x : between[layer % 2];
                a.applyTransposed(last, g, layer == layers ? 1f / (layers + 1) : 1, to);
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
        public void forward(Table x, Table y) {
            map.forward(x, sum);
            Table last = x;
            for (int layer = 1; layer <= depth; layer++) {
                Table to = layer == depth ? y : between[layer % 2];
                a.apply(last, layer == depth ? sum : null, 1, to);
                last = to;
            }
        }

        @Override
        public void backward(Table g, Table x) {
            map.backward(g, sum);
            Table last = g;
            for (int layer = 1; layer <= depth; layer++) {
                Table to = layer == depth ? x : between[layer % 2];
                a.applyTransposed(last, layer == depth ? sum : null, 1, to);
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
        public void forward(Table x, Table y) {
            Table last = x;
            for (int at = 0; at < maps.size(); at++) {
                Table to = at == maps.size() - 1 ? y : between[at % 2];
                maps.get(at).forward(last, to);
                last = to;
            }
        }

        @Override
        public void backward(Table g, Table x) {
            Table last = g;
            for (int at = maps.size() - 1; at >= 0; at--) {
                Table to = at == 0 ? x : between[at % 2];
                maps.get(at).backward(last, to);
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

package dev.freshet.graph.incremental;

import dev.freshet.graph.Jaccard;
import it.unimi.dsi.fastutil.ints.Int2DoubleMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleRBTreeMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleSortedMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectMaps;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntSet;

/**
 * Top-k by Jaccard similarity. A partner's degree changes the weight of a pair that no event has touched, downwards when it rises and
 * <em>upwards when it falls</em>. Twice as many pairs are kept as a list has, and a bound on the weight of the others:
 * with s = |A ∪ B| before, a fall by f turns c/s into c/(s − f), at most by the factor m/(m − f) with m the greater of
 * both degrees. While the k-th kept pair weighs more than the bound, the list is exact without the row.
 */
final class JaccardLists extends TopKLists {

    private static final double ROUNDING = 1 + 1e-9;

    JaccardLists(String graph, int k, NodeTable nodes, NodeStore emitted) {
        super(graph, k, (int) Math.min(2L * k, Integer.MAX_VALUE), nodes, emitted);
    }

    @Override
    double weight(int node, int other, int count) {
        return Jaccard.of(count, nodes.degree(node), nodes.degree(other));
    }

    @Override
    void offer(int node, int[] ids, int[] counts, int size) {
        // Most pairs co-occur once, and weigh least: after the others there is seldom a place left for them.
        offer(node, ids, counts, size, false);
        if (least(nodes.degree(node)) <= 1) {
            offer(node, ids, counts, size, true);
        }
        if (top.size() < size) {
            top.reject(top.floor());
        }
    }

    private void offer(int node, int[] ids, int[] counts, int size, boolean once) {
        int degree = nodes.degree(node);
        double floor = top.floor();
        int least = least(degree);
        for (int e = 0; e < size; e++) {
            int count = counts[e];
            if (count < least || count == 1 != once) {
                continue;
            }
            int other = nodes.degree(ids[e]);
            // A product instead of a quotient tells those that are far from the best.
            if (count * ROUNDING < floor * ((double) degree + other - count)) {
                continue;
            }
            top.offer(Jaccard.of(count, degree, other), e);
            floor = top.floor();
            least = least(degree);
        }
    }

    /** The count from which on a pair may still enter: with |A ∪ B| ≥ |A|, it weighs c/|A| at most. */
    private int least(int degree) {
        return (int) Math.ceil(top.floor() * degree / ROUNDING);
    }

    @Override
    void refresh(IntSet rescored, long version, ListSink sink, IntArrayList unclear) {
        if (nodes.changed().isEmpty()) {
            return;
        }
        Int2DoubleSortedMap falls = falls();
        // No list becomes empty here, so the map keeps its keys: rows that lost a pair are rescored.
        for (Int2ObjectMap.Entry<Kept> entry : Int2ObjectMaps.fastIterable(lists)) {
            int node = entry.getIntKey();
            Kept list = entry.getValue();
            if (rescored.contains(node) || (falls.isEmpty() && !anyChanged(list.ids))) {
                continue;
            }
            list.bound *= rise(falls, nodes.degree(node));
            int[] ids = list.ids;
            int[] counts = list.counts;
            choose(node, ids, counts, ids.length);
            if (list.bound >= 0 && top.weight(k() - 1) <= list.bound) {
                unclear.add(node);
            } else {
                keep(list, ids, counts);
                emit(node, list, version, sink);
            }
        }
    }

    private boolean anyChanged(int[] ids) {
        for (int id : ids) {
            if (nodes.isChanged(id)) {
                return true;
            }
        }
        return false;
    }

    /** By how much degrees fell, and for each such fall the greatest factor that the degrees themselves allow. */
    private Int2DoubleSortedMap falls() {
        Int2DoubleSortedMap falls = new Int2DoubleRBTreeMap();
        for (int c = 0; c < nodes.changed().size(); c++) {
            int node = nodes.changed().getInt(c);
            int before = nodes.scoredDegree(node);
            int now = nodes.degree(node);
            // Without any set left the node has no pairs left: all of them were touched.
            if (now < before && now > 0) {
                falls.mergeDouble(before - now, (double) before / now, Math::max);
            }
        }
        return falls;
    }

    private static double rise(Int2DoubleSortedMap falls, int degree) {
        double rise = 1;
        for (Int2DoubleMap.Entry fall : falls.int2DoubleEntrySet()) {
            double factor = fall.getDoubleValue();
            if (degree > fall.getIntKey()) {
                factor = Math.min(factor, (double) degree / (degree - fall.getIntKey()));
            }
            rise = Math.max(rise, factor);
        }
        return rise * ROUNDING;
    }
}

package dev.freshet.graph.incremental;

import dev.freshet.graph.Jaccard;
import it.unimi.dsi.fastutil.ints.Int2DoubleMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleRBTreeMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleSortedMap;

/**
 * Top-k by Jaccard similarity. A partner's degree changes the weight of a pair that no event has touched, downwards when it rises and
 * <em>upwards when it falls</em>: with s = |A ∪ B| before, a fall by f turns c/s into c/(s − f), at most by the factor
 * m/(m − f) with m the greater of both degrees. Twice as many pairs are kept as a list has, since with every event of a
 * partner one of them may go down.
 */
final class JaccardLists extends TopKLists {

    private static final double ROUNDING = 1 + 1e-9;

    /** By how much degrees fell since rows were last scored, and for each such fall the greatest factor that the degrees themselves allow. */
    private Int2DoubleSortedMap falls = new Int2DoubleRBTreeMap();

    JaccardLists(String graph, int k, NodeTable nodes, NodeStore emitted) {
        super(graph, k, (int) Math.min(2L * k, Integer.MAX_VALUE), nodes, emitted);
    }

    @Override
    double weight(int node, int other, int count) {
        return Jaccard.of(count, nodes.degree(node), nodes.degree(other));
    }

    @Override
    int offer(int node, int[] ids, int[] counts, int size) {
        // Most pairs co-occur once, and weigh least: after the others there is seldom a place left for them.
        offer(node, ids, counts, size, false);
        if (least(nodes.degree(node)) <= 1) {
            offer(node, ids, counts, size, true);
        }
        return size;
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
    boolean degreesChanged() {
        falls = new Int2DoubleRBTreeMap();
        for (int c = 0; c < nodes.changed().size(); c++) {
            int node = nodes.changed().getInt(c);
            int before = nodes.scoredDegree(node);
            int now = nodes.degree(node);
            // Without any set left the node has no pairs left: all of them were touched.
            if (now < before && now > 0) {
                falls.mergeDouble(before - now, (double) before / now, Math::max);
            }
        }
        return !nodes.changed().isEmpty();
    }

    @Override
    double rise(int node) {
        if (falls.isEmpty()) {
            return 1;
        }
        int degree = nodes.degree(node);
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

package dev.freshet.graph.content;

import dev.freshet.schema.Neighbor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the incremental classes must equal, computed from all vectors at once by the plainest loops. */
final class Oracle {

    private Oracle() {}

    /** Non-empty lists by id. */
    static SortedMap<String, List<Neighbor>> neighbors(Map<String, float[]> vectors, int k) {
        Map<String, float[]> units = units(vectors);
        SortedMap<String, List<Neighbor>> lists = new TreeMap<>();
        units.forEach((id, unit) -> {
            List<Neighbor> all = new ArrayList<>();
            units.forEach((other, otherUnit) -> {
                if (!other.equals(id)) {
                    all.add(new Neighbor(other, (double) cosine(unit, otherUnit)));
                }
            });
            all.sort(Comparator.comparingDouble(Neighbor::getWeight).reversed().thenComparing(Neighbor::getId));
            if (!all.isEmpty()) {
                lists.put(id, List.copyOf(all.subList(0, Math.min(k, all.size()))));
            }
        });
        return lists;
    }

    /** The vectors of length 1, without those that have no direction. */
    static SortedMap<String, float[]> units(Map<String, float[]> vectors) {
        SortedMap<String, float[]> units = new TreeMap<>();
        vectors.forEach((id, vector) -> {
            double squares = 0;
            for (float value : vector) {
                squares += (double) value * value;
            }
            if (squares > 0) {
                float[] unit = new float[vector.length];
                for (int c = 0; c < unit.length; c++) {
                    unit[c] = (float) (vector[c] * (1 / Math.sqrt(squares)));
                }
                units.put(id, unit);
            }
        });
        return units;
    }

    static float cosine(float[] a, float[] b) {
        float sum = 0;
        for (int c = 0; c < a.length; c++) {
            sum = Math.fma(a[c], b[c], sum);
        }
        return sum;
    }
}

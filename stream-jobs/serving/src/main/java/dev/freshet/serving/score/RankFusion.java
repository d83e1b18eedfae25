package dev.freshet.serving.score;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): an item's score is Σ w / (60 + rank) over the rankings that have it. Only
 * ranks count, so that rankings by figures of any scale go together, and an item that several rankings have comes before one that a
 * single one praises. The scores are scaled so that an item that is first in all rankings has 1.
 */
final class RankFusion {

    /** The constant of the paper. */
    static final int K = 60;

    /** What a ranking rests on. */
    enum Source {
        MODEL,
        NEIGHBORS
    }

    /**
     * An item of the fused ranking.
     *
     * @param score in (0, 1]
     * @param parts what each source adds to the score before any re-ranking, by ordinal; 0 for one that does not have the item
     */
    record Fused(String item, double score, double[] parts) {

        private static final Comparator<Fused> BEST_FIRST = (a, b) -> {
            int byScore = Double.compare(b.score, a.score);
            return byScore != 0 ? byScore : a.item.compareTo(b.item);
        };

        /** The share of the item's place that is due to a source. */
        double share(Source source) {
            return parts[source.ordinal()] / sum(parts);
        }

        private static double sum(double... parts) {
            double sum = 0;
            for (double part : parts) {
                sum += part;
            }
            return sum;
        }
    }

    private static final int SOURCES = Source.values().length;

    private final Map<Source, List<String>> rankings = new EnumMap<>(Source.class);

    /** Takes a ranking, best first; one that is empty counts as none. */
    void add(Source source, List<String> ranking) {
        if (!ranking.isEmpty()) {
            rankings.put(source, ranking);
        }
    }

    /** All items, best first; of equal score by id. */
    List<Fused> fuse() {
        Map<String, double[]> parts = new HashMap<>();
        rankings.forEach((source, ranking) -> {
            for (int place = 0; place < ranking.size(); place++) {
                parts.computeIfAbsent(ranking.get(place), item -> new double[SOURCES])[source.ordinal()] =
                        (K + 1.0) / (K + 1 + place) / rankings.size();
            }
        });
        List<Fused> fused = new ArrayList<>(parts.size());
        parts.forEach((item, of) -> fused.add(new Fused(item, Fused.sum(of), of)));
        fused.sort(Fused.BEST_FIRST);
        return fused;
    }
}

package dev.freshet.serving.score;

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
     * @param shares the share of the score that each source has
     */
    record Fused(String item, double score, Map<Source, Double> shares) {}

    private final Map<Source, List<String>> rankings = new EnumMap<>(Source.class);

    /** Takes a ranking, best first; one that is empty counts as none. */
    void add(Source source, List<String> ranking) {
        if (!ranking.isEmpty()) {
            rankings.put(source, ranking);
        }
    }

    /** All items, best first; of equal score by id. */
    List<Fused> fuse() {
        Map<String, Map<Source, Double>> parts = new HashMap<>();
        rankings.forEach((source, ranking) -> {
            for (int place = 0; place < ranking.size(); place++) {
                parts.computeIfAbsent(ranking.get(place), item -> new EnumMap<>(Source.class))
                        .put(source, (K + 1.0) / (K + 1 + place) / rankings.size());
            }
        });
        return parts.entrySet().stream()
                .map(entry -> {
                    double score = entry.getValue().values().stream()
                            .mapToDouble(Double::doubleValue)
                            .sum();
                    entry.getValue().replaceAll((source, part) -> part / score);
                    return new Fused(entry.getKey(), score, entry.getValue());
                })
                .sorted(Comparator.comparingDouble(Fused::score).reversed().thenComparing(Fused::item))
                .toList();
    }
}

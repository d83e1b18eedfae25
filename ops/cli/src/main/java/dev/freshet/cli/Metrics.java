package dev.freshet.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The metrics of a model for people: of the many there are, the ones that the papers compare. */
public final class Metrics {

    private static final List<String> SHOWN = List.of("loss", "recall@20", "ndcg@20");

    private Metrics() {}

    /** Names and values on one line; empty if none of them is there. */
    public static String line(Map<String, Double> metrics) {
        List<String> parts = new ArrayList<>();
        for (String name : SHOWN) {
            if (metrics.containsKey(name)) {
                parts.add(String.format(Locale.ROOT, "%s %.4f", name, metrics.get(name)));
            }
        }
        return String.join("  ", parts);
    }
}

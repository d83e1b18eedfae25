package dev.freshet.graph;

import java.io.Serializable;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * What shapes the graphs, besides the interactions. A snapshot's manifest carries them.
 *
 * @param topK neighbors per node in the Jaccard graphs, at least 1
 * @param cooccurrenceMin fewest common users of an edge in the item co-occurrence graph (ξ), at least 1
 * @param cooccurrenceTopK neighbors per node in the item co-occurrence graph, at least 1
 * @param userCooccurrenceTopK neighbors per node in the user co-occurrence graph; 0 for no such graph
 * @param fMax users of an item that count, at least 1; {@link #UNLIMITED} for all
 * @param kMax items of a user that count, at least 1; {@link #UNLIMITED} for all
 * @param window how far an interaction that counts may lie behind the latest one; null for any distance
 * @param contentTopK neighbors per node in the graphs by content, at least 1
 * @param contentExact most nodes up to which a graph by content is exact, at least 1
 */
public record GraphSettings(
        int topK,
        int cooccurrenceMin,
        int cooccurrenceTopK,
        int userCooccurrenceTopK,
        int fMax,
        int kMax,
        Duration window,
        int contentTopK,
        int contentExact)
        implements Serializable {

    /** No cut. */
    public static final int UNLIMITED = Integer.MAX_VALUE;

    /** Beyond, comparing what changes with everything takes longer than a proximity graph; see docs/benchmarks.md. */
    public static final int CONTENT_EXACT = 250_000;

    /** What the jobs use where nothing else is set. */
    public static final GraphSettings DEFAULT = new GraphSettings(10, 2, 10);

    private static final String NO_LIMIT = "unlimited";

    public GraphSettings {
        atLeast(1, "top-k", topK);
        atLeast(1, "cooccurrence-min", cooccurrenceMin);
        atLeast(1, "cooccurrence-top-k", cooccurrenceTopK);
        atLeast(0, "user-cooccurrence-top-k", userCooccurrenceTopK);
        atLeast(1, "f-max", fMax);
        atLeast(1, "k-max", kMax);
        atLeast(1, "content-top-k", contentTopK);
        atLeast(1, "content-exact", contentExact);
        if (window != null && window.toMillis() < 1) {
            throw new IllegalArgumentException("window is " + window + "; it must be at least a millisecond");
        }
    }

    /** Settings with the default cuts and graphs by content, without window and user co-occurrence graph. */
    public GraphSettings(int topK, int cooccurrenceMin, int cooccurrenceTopK) {
        this(topK, cooccurrenceMin, cooccurrenceTopK, 0, 500, 500, null, 10, CONTENT_EXACT);
    }

    /** The same with other cuts. */
    public GraphSettings withCuts(int newFMax, int newKMax) {
        return new GraphSettings(
                topK,
                cooccurrenceMin,
                cooccurrenceTopK,
                userCooccurrenceTopK,
                newFMax,
                newKMax,
                window,
                contentTopK,
                contentExact);
    }

    /** The same with another window. */
    public GraphSettings withWindow(Duration newWindow) {
        return new GraphSettings(
                topK,
                cooccurrenceMin,
                cooccurrenceTopK,
                userCooccurrenceTopK,
                fMax,
                kMax,
                newWindow,
                contentTopK,
                contentExact);
    }

    /** The same with other graphs by content. */
    public GraphSettings withContent(int newTopK, int newExact) {
        return new GraphSettings(
                topK, cooccurrenceMin, cooccurrenceTopK, userCooccurrenceTopK, fMax, kMax, window, newTopK, newExact);
    }

    /** The same with another number of neighbors in the user co-occurrence graph. */
    public GraphSettings withUserCooccurrence(int newTopK) {
        return new GraphSettings(
                topK, cooccurrenceMin, cooccurrenceTopK, newTopK, fMax, kMax, window, contentTopK, contentExact);
    }

    /** Whether any cut is set. */
    public boolean cuts() {
        return fMax != UNLIMITED || kMax != UNLIMITED;
    }

    /**
     * Event time up to which interactions no longer count.
     *
     * @param latest greatest event time of all, milliseconds; the least long for none
     */
    public long expired(long latest) {
        return window == null || latest < Long.MIN_VALUE + window.toMillis()
                ? Long.MIN_VALUE
                : latest - window.toMillis();
    }

    /** The settings as a manifest has them. */
    public Map<String, String> toMap() {
        Map<String, String> map = new TreeMap<>();
        map.put("top-k", Integer.toString(topK));
        map.put("cooccurrence-min", Integer.toString(cooccurrenceMin));
        map.put("cooccurrence-top-k", Integer.toString(cooccurrenceTopK));
        map.put("user-cooccurrence-top-k", Integer.toString(userCooccurrenceTopK));
        map.put("f-max", limit(fMax));
        map.put("k-max", limit(kMax));
        map.put("window", window == null ? NO_LIMIT : window.toString());
        map.put("content-top-k", Integer.toString(contentTopK));
        map.put("content-exact", Integer.toString(contentExact));
        return map;
    }

    /**
     * The settings that a manifest carries.
     *
     * @throws IllegalArgumentException if one is missing or no number
     */
    public static GraphSettings of(Map<String, String> map) {
        String window = String.valueOf(map.get("window"));
        return new GraphSettings(
                number(map, "top-k"),
                number(map, "cooccurrence-min"),
                number(map, "cooccurrence-top-k"),
                number(map, "user-cooccurrence-top-k"),
                limit("f-max", String.valueOf(map.get("f-max"))),
                limit("k-max", String.valueOf(map.get("k-max"))),
                window.equals(NO_LIMIT) ? null : Duration.parse(window),
                number(map, "content-top-k"),
                number(map, "content-exact"));
    }

    /**
     * Reads a cut: a whole number, or "unlimited".
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static int limit(String name, String value) {
        if (value.equals(NO_LIMIT)) {
            return UNLIMITED;
        }
        try {
            int limit = Integer.parseInt(value);
            atLeast(1, name, limit);
            return limit;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " is " + value + "; it must be a whole number or " + NO_LIMIT, e);
        }
    }

    private static String limit(int value) {
        return value == UNLIMITED ? NO_LIMIT : Integer.toString(value);
    }

    private static int number(Map<String, String> map, String name) {
        String value = map.get(name);
        try {
            return Integer.parseInt(String.valueOf(value));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("setting " + name + " is " + value + "; it must be a whole number", e);
        }
    }

    private static void atLeast(int least, String name, int value) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is " + value + "; it must be at least " + least);
        }
    }
}

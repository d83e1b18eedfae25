package dev.freshet.cli.verify;

import dev.freshet.graph.batch.Recall;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import dev.freshet.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * A snapshot against what it must hold, row by row, as bytes of their Avro encoding: weights equal to the last bit, lists in the
 * same order. The version of a list, which says when it was computed, does not count. Approximate lists must be as long as the true
 * ones, their true neighbors have the true weight, the others no greater one than the true neighbor of their rank, and
 * of all true neighbors {@value #LEAST_RECALL} must be there.
 */
final class Comparison {

    private static final int FIRST = 10;

    /** Share of the true neighbors that approximate lists must have. */
    static final double LEAST_RECALL = 0.95;

    /**
     * Result of one part.
     *
     * @param nodes rows that there must be
     * @param edges neighbors in them; 0 where rows have none
     * @param differences rows that are missing, too many, or not equal
     */
    record Result(long nodes, long edges, long differences) {}

    private final Map<String, Result> results = new LinkedHashMap<>();
    private final Map<String, Double> approximate = new TreeMap<>();
    private final List<String> first = new ArrayList<>();

    private Comparison() {}

    /**
     * Compares a snapshot.
     *
     * @param deadLetters records on dead-letters of the topics that were read, named as {@link Expected#refused} are
     */
    static Comparison of(Expected expected, GraphSnapshot snapshot, Set<String> deadLetters) {
        Comparison comparison = new Comparison();
        Set<String> names = new TreeSet<>(expected.graphs().keySet());
        names.addAll(snapshot.graphs().keySet());
        for (String name : names) {
            List<NeighborList> wanted = expected.graphs().getOrDefault(name, List.of());
            List<NeighborList> found = snapshot.graphs().getOrDefault(name, List.of());
            boolean exact = !expected.approximate().contains(name);
            comparison.compare(
                    name,
                    byKey(wanted, NeighborList::getNode),
                    byKey(found, NeighborList::getNode),
                    exact ? Comparison::same : Comparison::plausible,
                    wanted.stream()
                            .mapToLong(list -> list.getNeighbors().size())
                            .sum());
            if (!exact) {
                comparison.checkRecall(name, Recall.of(found, wanted));
            }
        }
        comparison.compare(
                SnapshotContent.INTERACTIONS,
                byKey(expected.interactions(), Comparison::pair),
                byKey(snapshot.interactions(), Comparison::pair),
                Comparison::equalBytes,
                0);
        comparison.compare(
                SnapshotContent.ITEMS,
                expected.items(),
                byKey(snapshot.items(), Item::getItem),
                (wanted, item) -> equalBytes(withSortedMaps(wanted), withSortedMaps(item)),
                0);
        comparison.compareNames(Topic.DEAD_LETTERS.name(), expected.refused(), deadLetters);
        return comparison;
    }

    private static String pair(LiveInteraction row) {
        return row.getUser() + " " + row.getItem();
    }

    private static NeighborList withoutVersion(NeighborList list) {
        return new NeighborList(list.getGraph(), list.getNode(), list.getNeighbors(), list.getDegree(), 0L);
    }

    private static boolean same(NeighborList wanted, NeighborList found) {
        return equalBytes(withoutVersion(wanted), withoutVersion(found));
    }

    /** Whether {@code found} may be an approximation. */
    private static boolean plausible(NeighborList wanted, NeighborList found) {
        Map<String, Double> weights = new HashMap<>();
        wanted.getNeighbors().forEach(neighbor -> weights.put(neighbor.getId(), neighbor.getWeight()));
        Set<String> seen = new HashSet<>(Set.of(wanted.getNode()));
        if (wanted.getNeighbors().size() != found.getNeighbors().size() || wanted.getDegree() != found.getDegree()) {
            return false;
        }
        double last = Double.POSITIVE_INFINITY;
        for (int rank = 0; rank < wanted.getNeighbors().size(); rank++) {
            Neighbor neighbor = found.getNeighbors().get(rank);
            double weight = neighbor.getWeight();
            if (!seen.add(neighbor.getId())
                    || weight > last
                    || weight > wanted.getNeighbors().get(rank).getWeight()
                    || weights.getOrDefault(neighbor.getId(), weight) != weight) {
                return false;
            }
            last = weight;
        }
        return true;
    }

    private void checkRecall(String name, double recall) {
        approximate.put(name, recall);
        if (recall < LEAST_RECALL) {
            note(String.format(
                    Locale.ROOT, "%s: has %.4f of the true neighbors, less than %s", name, recall, LEAST_RECALL));
            results.computeIfPresent(
                    name, (n, result) -> new Result(result.nodes, result.edges, result.differences + 1));
        }
    }

    /** A map has no order, its encoding has one. */
    private static Item withSortedMaps(Item item) {
        return new Item(
                item.getItem(),
                item.getTitle(),
                item.getImageUrl(),
                new TreeMap<>(item.getAttributes()),
                item.getAvailable(),
                new TreeMap<>(item.getFeatures()));
    }

    private static <T> Map<String, T> byKey(List<T> rows, Function<T, String> key) {
        Map<String, T> map = new TreeMap<>();
        for (T row : rows) {
            map.put(key.apply(row), row);
        }
        return map;
    }

    private <T extends SpecificRecordBase> void compare(
            String name, Map<String, T> expected, Map<String, T> found, BiPredicate<T, T> matches, long edges) {
        Set<String> keys = new TreeSet<>(expected.keySet());
        keys.addAll(found.keySet());
        long differences = 0;
        for (String key : keys) {
            T wanted = expected.get(key);
            T row = found.get(key);
            if (wanted == null || row == null || !matches.test(wanted, row)) {
                differences++;
                note(name + ", " + key + ": must be " + (wanted == null ? "absent" : wanted) + ", is "
                        + (row == null ? "absent" : row));
            }
        }
        results.put(name, new Result(expected.size(), edges, differences));
    }

    private void compareNames(String name, Set<String> expected, Set<String> found) {
        Set<String> missing = new TreeSet<>(expected);
        missing.removeAll(found);
        Set<String> surplus = new TreeSet<>(found);
        surplus.removeAll(expected);
        missing.forEach(place -> note(name + ": lacks the bad record " + place));
        surplus.forEach(place -> note(name + ": has " + place + ", which is a good record"));
        results.put(name, new Result(expected.size(), 0, (long) missing.size() + surplus.size()));
    }

    private void note(String difference) {
        if (first.size() < FIRST) {
            first.add(difference);
        }
    }

    private static <T extends SpecificRecordBase> boolean equalBytes(T wanted, T found) {
        return Arrays.equals(bytes(wanted), bytes(found));
    }

    private static <T extends SpecificRecordBase> byte[] bytes(T record) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        Schema schema = record.getSchema();
        try {
            new SpecificDatumWriter<T>(schema, record.getSpecificData()).write(record, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Whether nothing differs. */
    boolean equal() {
        return results.values().stream().allMatch(result -> result.differences == 0);
    }

    /** Results by part: the graphs by name, then interactions, items and dead letters. */
    Map<String, Result> results() {
        return results;
    }

    /** Share of the true neighbors that the approximate graphs have. */
    Map<String, Double> recall() {
        return approximate;
    }

    /** The first differences, one line each. */
    List<String> first() {
        return first;
    }
}

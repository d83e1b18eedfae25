package dev.freshet.cli.verify;

import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.NeighborList;
import dev.freshet.topic.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * A snapshot against what it must hold, row by row, as bytes of their Avro encoding: weights equal to the last bit, lists in the
 * same order. The version of a list, which says when it was computed, does not count.
 */
final class Comparison {

    private static final int FIRST = 10;

    /**
     * Result of one part.
     *
     * @param nodes rows that there must be
     * @param edges neighbors in them; 0 where rows have none
     * @param differences rows that are missing, too many, or not equal
     */
    record Result(long nodes, long edges, long differences) {}

    private final Map<String, Result> results = new LinkedHashMap<>();
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
            comparison.compare(
                    name,
                    byKey(wanted, NeighborList::getNode),
                    byKey(snapshot.graphs().getOrDefault(name, List.of()), NeighborList::getNode),
                    Comparison::withoutVersion,
                    wanted.stream()
                            .mapToLong(list -> list.getNeighbors().size())
                            .sum());
        }
        comparison.compare(
                SnapshotContent.INTERACTIONS,
                byKey(expected.interactions(), Comparison::pair),
                byKey(snapshot.interactions(), Comparison::pair),
                Function.identity(),
                0);
        comparison.compare(
                SnapshotContent.ITEMS,
                expected.items(),
                byKey(snapshot.items(), Item::getItem),
                Comparison::withSortedMaps,
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
            String name, Map<String, T> expected, Map<String, T> found, Function<T, T> canonical, long edges) {
        Set<String> keys = new TreeSet<>(expected.keySet());
        keys.addAll(found.keySet());
        long differences = 0;
        for (String key : keys) {
            T wanted = expected.get(key);
            T row = found.get(key);
            if (wanted == null
                    || row == null
                    || !Arrays.equals(bytes(canonical.apply(wanted)), bytes(canonical.apply(row)))) {
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

    /** The first differences, one line each. */
    List<String> first() {
        return first;
    }
}

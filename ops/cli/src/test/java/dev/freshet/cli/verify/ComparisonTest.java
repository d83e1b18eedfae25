package dev.freshet.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.codec.TrustedRecords;
import dev.freshet.codec.Vectors;
import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.batch.LiveInteractions;
import dev.freshet.graph.snapshot.GraphSnapshot;
import dev.freshet.graph.snapshot.SnapshotContent;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.Item;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The comparison finds nothing in a true snapshot, and every single change in a doctored one. */
class ComparisonTest {

    static {
        // The builders copy, and so decode.
        TrustedRecords.install();
    }

    private final Expected expected = expected();
    private final List<LiveInteraction> interactions = new ArrayList<>();
    private final List<Item> items = new ArrayList<>();
    private final Map<String, List<NeighborList>> graphs = new TreeMap<>();

    private static Expected expected() {
        LiveInteractions live = new LiveInteractions();
        Random random = new Random(5);
        Map<String, Item> items = new TreeMap<>();
        for (int offset = 0; offset < 300; offset++) {
            String item = "i" + random.nextInt(15);
            live.add(
                    new Interaction(
                            "u" + random.nextInt(20), item, "view", 1.0, Instant.ofEpochMilli(1000 + offset), null),
                    0,
                    offset);
            Map<String, String> attributes = new LinkedHashMap<>();
            attributes.put("a", "1");
            attributes.put("b", "2");
            items.put(
                    item,
                    Item.newBuilder()
                            .setItem(item)
                            .setAttributes(attributes)
                            .setFeatures(Map.of("image", Vectors.toList(1, 2)))
                            .build());
        }
        return new Expected(
                300,
                live.live(),
                items,
                BatchGraphs.all(live.live(), items.values(), GraphSettings.DEFAULT),
                Set.of(),
                Set.of("items-0@3"),
                Map.of());
    }

    private Comparison compare(Set<String> deadLetters) {
        return Comparison.of(expected, new GraphSnapshot(null, interactions, items, graphs), deadLetters);
    }

    private void copy() {
        interactions.clear();
        items.clear();
        graphs.clear();
        expected.interactions()
                .forEach(row -> interactions.add(LiveInteraction.newBuilder(row).build()));
        // Another order of the maps' entries is the same item.
        for (Item item : expected.items().values()) {
            Map<String, String> attributes = new LinkedHashMap<>();
            attributes.put("b", item.getAttributes().get("b"));
            attributes.put("a", item.getAttributes().get("a"));
            items.add(Item.newBuilder(item).setAttributes(attributes).build());
        }
        expected.graphs().forEach((name, lists) -> {
            List<NeighborList> copies = new ArrayList<>();
            lists.forEach(list ->
                    copies.add(NeighborList.newBuilder(list).setVersion(17).build()));
            graphs.put(name, copies);
        });
    }

    @Test
    void nothingDiffersInATrueSnapshot() {
        copy();
        Comparison comparison = compare(Set.of("items-0@3"));
        assertThat(comparison.first()).isEmpty();
        assertThat(comparison.equal()).isTrue();
        Comparison.Result jaccard = comparison.results().get(GraphNames.ITEM_JACCARD);
        assertThat(jaccard.nodes()).isEqualTo(15);
        assertThat(jaccard.edges()).isEqualTo(150);
        assertThat(comparison.results())
                .containsKeys(
                        GraphNames.USER_JACCARD,
                        GraphNames.ITEM_COOCCURRENCE,
                        SnapshotContent.INTERACTIONS,
                        SnapshotContent.ITEMS,
                        "dead-letters");
    }

    @Test
    void everyChangeIsADifference() {
        for (String name : expected.graphs().keySet()) {
            differs(name, lists -> lists.remove(3));
            differs(
                    name,
                    lists -> lists.add(
                            NeighborList.newBuilder(lists.get(0)).setNode("new").build()));
            differs(name, lists -> lists.get(2).setDegree(lists.get(2).getDegree() + 1));
            differs(name, lists -> {
                Neighbor neighbor = lists.get(4).getNeighbors().get(1);
                neighbor.setWeight(Math.nextUp(neighbor.getWeight()));
            });
            differs(name, lists -> lists.get(4).getNeighbors().get(0).setId("other"));
            differs(name, lists -> Collections.swap(lists.get(4).getNeighbors(), 0, 1));
            differs(name, lists -> lists.get(4)
                    .getNeighbors()
                    .remove(lists.get(4).getNeighbors().size() - 1));
        }
        doctored(SnapshotContent.INTERACTIONS, () -> interactions.remove(0));
        doctored(
                SnapshotContent.INTERACTIONS,
                () -> interactions.get(7).setOffset(interactions.get(7).getOffset() + 1));
        doctored(SnapshotContent.INTERACTIONS, () -> interactions.get(7).setAction("buy"));
        doctored(SnapshotContent.ITEMS, () -> items.remove(2));
        doctored(SnapshotContent.ITEMS, () -> items.get(2).setTitle("x"));
        doctored(SnapshotContent.ITEMS, () -> items.get(2)
                .setFeatures(new HashMap<>(Map.of("image", Vectors.toList(1, 2.0000002f)))));
    }

    @Test
    void aWholeGraphMayBeMissingOrTooMany() {
        copy();
        graphs.remove(GraphNames.USER_JACCARD);
        graphs.put(
                "other",
                List.of(NeighborList.newBuilder(
                                graphs.get(GraphNames.ITEM_JACCARD).get(0))
                        .build()));
        Comparison comparison = compare(Set.of("items-0@3"));
        assertThat(comparison.results().get(GraphNames.USER_JACCARD).differences())
                .isEqualTo(20);
        assertThat(comparison.results().get("other").differences()).isEqualTo(1);
        assertThat(comparison.first()).hasSize(10);
    }

    @Test
    void deadLettersAreExactlyTheBadRecords() {
        copy();
        assertThat(compare(Set.of()).first()).containsExactly("dead-letters: lacks the bad record items-0@3");
        assertThat(compare(Set.of("items-0@3", "interactions-1@9")).first())
                .containsExactly("dead-letters: has interactions-1@9, which is a good record");
    }

    @Test
    void approximateListsMayMissSomeNeighbors() {
        assertThat(approximate(7)).isEmpty();
        assertThat(approximate(8)).singleElement().asString().startsWith("item-jaccard: has 0.9467 of");
    }

    /** The differences where so many lists have another last neighbor, which weighs less. */
    private List<String> approximate(int lists) {
        copy();
        List<NeighborList> copies = graphs.get(GraphNames.ITEM_JACCARD);
        copies.replaceAll(list -> NeighborList.newBuilder(list).build());
        for (NeighborList list : copies.subList(0, lists)) {
            Neighbor last = list.getNeighbors().get(9);
            last.setId("other");
            last.setWeight(last.getWeight() / 2);
        }
        return compareApproximate().first();
    }

    @Test
    void approximateListsMustBePlausible() {
        implausible(list -> list.getNeighbors().remove(9));
        implausible(list -> list.getNeighbors().get(9).setId(list.getNode()));
        implausible(list ->
                list.getNeighbors().get(9).setId(list.getNeighbors().get(0).getId()));
        implausible(list -> list.getNeighbors()
                .get(9)
                .setWeight(Math.nextDown(list.getNeighbors().get(9).getWeight())));
        implausible(list -> {
            Neighbor last = list.getNeighbors().get(9);
            last.setId("other");
            last.setWeight(Math.nextUp(last.getWeight()));
        });
        implausible(list -> {
            Neighbor first = list.getNeighbors().get(0);
            first.setId("other");
            first.setWeight(list.getNeighbors().get(9).getWeight() / 2);
        });
        implausible(list -> list.setDegree(list.getDegree() + 1));
    }

    private void implausible(Consumer<NeighborList> change) {
        copy();
        List<NeighborList> copies = graphs.get(GraphNames.ITEM_JACCARD);
        copies.replaceAll(list -> NeighborList.newBuilder(list).build());
        change.accept(copies.get(4));
        Comparison comparison = compareApproximate();
        assertThat(comparison.results().get(GraphNames.ITEM_JACCARD).differences())
                .isEqualTo(1);
        assertThat(comparison.equal()).isFalse();
    }

    private Comparison compareApproximate() {
        Expected approximate = new Expected(
                expected.events(),
                expected.interactions(),
                expected.items(),
                expected.graphs(),
                Set.of(GraphNames.ITEM_JACCARD),
                expected.refused(),
                Map.of());
        return Comparison.of(approximate, new GraphSnapshot(null, interactions, items, graphs), Set.of("items-0@3"));
    }

    private void differs(String graph, Consumer<List<NeighborList>> change) {
        doctored(graph, () -> {
            List<NeighborList> lists = graphs.get(graph);
            // Deep copies, so that the expectation stays what it is.
            lists.replaceAll(list -> NeighborList.newBuilder(list).build());
            change.accept(lists);
        });
    }

    private void doctored(String part, Runnable change) {
        copy();
        change.run();
        Comparison comparison = compare(Set.of("items-0@3"));
        assertThat(comparison.equal()).as(part).isFalse();
        assertThat(comparison.results().get(part).differences()).isEqualTo(1);
        assertThat(comparison.first()).hasSize(1);
        assertThat(comparison.first().get(0)).startsWith(part + ", ").doesNotContain("\n");
    }
}

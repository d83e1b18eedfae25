package dev.freshet.serving.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.GraphNames;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ItemEvidenceTest {

    private static final String IMAGE = GraphNames.itemContent("image");
    private static final String TEXT = GraphNames.itemContent("text");
    private static final List<String> GRAPHS = List.of(
            GraphNames.ITEM_JACCARD, GraphNames.ITEM_COOCCURRENCE, IMAGE, TEXT, GraphNames.itemDenoised("image"));

    private final Map<String, NeighborList> lists = new HashMap<>();
    private final Nodes items = new Nodes(
            "item",
            GRAPHS,
            any -> false,
            any -> true,
            id -> !id.equals("gone"),
            id -> new Answers.ItemView(id, id, null, true));
    private final ItemEvidence evidence =
            new ItemEvidence((graph, node) -> Optional.ofNullable(lists.get(graph + ":" + node)), items);

    private void list(String graph, String node, String... neighbors) {
        lists.put(
                graph + ":" + node,
                new NeighborList(
                        graph,
                        node,
                        Arrays.stream(neighbors)
                                .map(id -> new Neighbor(id, 0.5))
                                .toList(),
                        neighbors.length,
                        1L));
    }

    private Map<String, Answers.ModalityView> modalities() {
        Map<String, Answers.ModalityView> byName = new HashMap<>();
        evidence.of("x", GRAPHS, 10).modalities().forEach(view -> byName.put(view.modality(), view));
        return byName;
    }

    @Test
    void aPictureThatNothingBearsOutIsDoubtful() {
        list(GraphNames.ITEM_JACCARD, "x", "a", "b", "c");
        list(GraphNames.ITEM_JACCARD, "a", "x", "d");
        list(TEXT, "x", "a", "b", "d", "z");
        list(IMAGE, "x", "p", "q", "r", "s");
        list(GraphNames.itemDenoised("image"), "x", "m");

        Answers.ModalityView image = modalities().get("image");
        Answers.ModalityView text = modalities().get("text");

        assertThat(image).isEqualTo(new Answers.ModalityView("image", 0, 0.0, true));
        // d is had together with a, which is had together with x.
        assertThat(text).isEqualTo(new Answers.ModalityView("text", 0.75, null, false));
    }

    @Test
    void withoutEvidenceNothingIsDoubtful() {
        list(TEXT, "x", "a", "b", "c");
        list(IMAGE, "x", "p", "q", "r");
        assertThat(modalities().values()).noneMatch(Answers.ModalityView::doubtful);

        // People have it with things that neither modality knows of.
        list(GraphNames.ITEM_JACCARD, "x", "k", "l", "m");
        assertThat(modalities().values()).noneMatch(Answers.ModalityView::doubtful);
    }

    @Test
    void showsAllGraphsSideBySide() {
        list(GraphNames.ITEM_JACCARD, "x", "a", "gone", "b");
        list(IMAGE, "x", "b", "p");

        List<Answers.SideView> sides = evidence.of("x", GRAPHS, 1).graphs();

        assertThat(sides).extracting(Answers.SideView::graph).containsExactlyElementsOf(GRAPHS);
        assertThat(sides.get(0).neighbors())
                .extracting(Answers.SideNeighbor::id)
                .containsExactly("a");
        assertThat(sides.get(2).neighbors().get(0).together()).isTrue();
        assertThat(evidence.of("x", GRAPHS, 9).graphs().get(0).neighbors())
                .extracting(Answers.SideNeighbor::id)
                .containsExactly("a", "b");
        assertThat(evidence.of("x", GRAPHS, 9)
                        .graphs()
                        .get(2)
                        .neighbors()
                        .get(1)
                        .together())
                .isFalse();
    }
}

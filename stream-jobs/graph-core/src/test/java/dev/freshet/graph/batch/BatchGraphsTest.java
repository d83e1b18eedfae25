package dev.freshet.graph.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.NeighborGraph;
import dev.freshet.schema.Interaction;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;

class BatchGraphsTest {

    /** Known answer of the models' specification: n_i = 3, n_j = 4, c = 2 → 0.4; one more user of i → 1/3; a shared user less → 0.25. */
    @Test
    void jaccardHasTheKnownAnswers() {
        int[] users = {0, 1, 2, 0, 1, 3, 4};
        int[] items = {0, 0, 0, 1, 1, 1, 1};
        assertThat(itemJaccard(users, items).weights()).containsExactly(0.4, 0.4);
        assertThat(itemJaccard(new int[] {0, 1, 2, 5, 0, 1, 3, 4}, new int[] {0, 0, 0, 0, 1, 1, 1, 1})
                        .weights())
                .containsExactly(1 / 3.0, 1 / 3.0);
        // Without the shared user 1: n = 2 and 3, c = 1.
        assertThat(itemJaccard(new int[] {0, 2, 0, 3, 4}, new int[] {0, 0, 1, 1, 1})
                        .weights())
                .containsExactly(0.25, 0.25);
    }

    private static NeighborGraph itemJaccard(int[] users, int[] items) {
        return BatchGraphs.jaccard(BinaryMatrix.of(users, items, 6, 2).transpose(), 5);
    }

    /** The co-occurrence graph behind the known answer IIB of the models' specification: kept {0:[1], 1:[0,2], 2:[1], 3:[]}. */
    @Test
    void cooccurrenceKeepsPairsFromTheThresholdUp() {
        int[] users = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};
        int[] items = {0, 1, 0, 1, 1, 2, 1, 2, 2, 3};
        NeighborGraph graph =
                BatchGraphs.cooccurrence(BinaryMatrix.of(users, items, 5, 4).transpose(), 2, 2);
        assertThat(graph)
                .isEqualTo(new NeighborGraph(
                        new int[] {0, 1, 3, 4, 4}, new int[] {1, 0, 2, 1}, new double[] {2, 2, 2, 2}));
    }

    @Test
    void equalWeightsGoBySmallerId() {
        int[] users = {0, 0, 0, 0, 0};
        int[] items = {4, 3, 2, 1, 0};
        NeighborGraph graph =
                BatchGraphs.jaccard(BinaryMatrix.of(users, items, 1, 5).transpose(), 2);
        assertThat(graph.neighbors()).containsExactly(1, 2, 0, 2, 0, 1, 0, 1, 0, 1);
    }

    @Test
    void aPairNamedTwiceCountsOnce() {
        BinaryMatrix matrix = BinaryMatrix.of(new int[] {0, 0, 1, 0}, new int[] {1, 1, 1, 0}, 2, 2);
        assertThat(matrix.degree(0)).isEqualTo(2);
        assertThat(BatchGraphs.jaccard(matrix, 1).weights()).containsExactly(0.5, 0.5);
    }

    @Test
    void aPairOutsideIsRefused() {
        assertThatThrownBy(() -> BinaryMatrix.of(new int[] {2}, new int[] {0}, 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pair (2, 0) lies outside 2 × 1");
    }

    /** Against the definition, written as plainly as it can be. */
    @Test
    void randomGraphsFollowTheDefinition() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            int users = 1 + random.nextInt(8);
            int items = 1 + random.nextInt(8);
            boolean[][] has = new boolean[users][items];
            List<int[]> pairs = new ArrayList<>();
            for (int p = random.nextInt(30); p > 0; p--) {
                int u = random.nextInt(users);
                int i = random.nextInt(items);
                has[u][i] = true;
                pairs.add(new int[] {u, i});
            }
            int k = 1 + random.nextInt(4);
            NeighborGraph graph = BatchGraphs.jaccard(
                    BinaryMatrix.of(
                            pairs.stream().mapToInt(p -> p[0]).toArray(),
                            pairs.stream().mapToInt(p -> p[1]).toArray(),
                            users,
                            items),
                    k);
            for (int a = 0; a < users; a++) {
                List<double[]> expected = new ArrayList<>();
                for (int b = 0; b < users; b++) {
                    int both = 0;
                    int either = 0;
                    for (int i = 0; i < items; i++) {
                        both += has[a][i] && has[b][i] ? 1 : 0;
                        either += has[a][i] || has[b][i] ? 1 : 0;
                    }
                    if (a != b && both > 0) {
                        expected.add(new double[] {b, (double) both / either});
                    }
                }
                expected.sort((x, y) -> x[1] != y[1] ? Double.compare(y[1], x[1]) : Double.compare(x[0], y[0]));
                assertThat(graph.degree(a)).isEqualTo(Math.min(k, expected.size()));
                for (int rank = 0; rank < graph.degree(a); rank++) {
                    int e = graph.offsets()[a] + rank;
                    assertThat(graph.neighbors()[e]).isEqualTo((int) expected.get(rank)[0]);
                    assertThat(graph.weights()[e]).isEqualTo(expected.get(rank)[1]);
                }
            }
        }
    }

    @Test
    void listsAreInTheOrderOfIds() {
        LiveInteractions events = new LiveInteractions();
        // "10" sorts before "9".
        for (String item : List.of("9", "10", "7")) {
            events.add(event("u", item, "view", 1), 0, 0);
        }
        events.add(event("v", "9", "view", 1), 0, 1);
        Map<String, List<NeighborList>> graphs = BatchGraphs.all(events.live(), List.of(), new GraphSettings(2, 1, 5));
        assertThat(graphs)
                .containsOnlyKeys(GraphNames.ITEM_JACCARD, GraphNames.USER_JACCARD, GraphNames.ITEM_COOCCURRENCE);
        assertThat(graphs.get(GraphNames.ITEM_JACCARD))
                .containsExactly(
                        list("10", 1, new Neighbor("7", 1.0), new Neighbor("9", 0.5)),
                        list("7", 1, new Neighbor("10", 1.0), new Neighbor("9", 0.5)),
                        list("9", 2, new Neighbor("10", 0.5), new Neighbor("7", 0.5)));
    }

    private static NeighborList list(String node, int degree, Neighbor... neighbors) {
        return new NeighborList(GraphNames.ITEM_JACCARD, node, List.of(neighbors), degree, 0L);
    }

    @Test
    void theLastWriterWinsInAnyOrder() {
        List<int[]> order = new ArrayList<>(List.of(new int[] {0}, new int[] {1}, new int[] {2}, new int[] {3}));
        Interaction[] events = {
            event("u", "a", "view", 5),
            event("u", "a", "remove", 7),
            event("u", "a", "view", 7),
            event("u", "b", "cart", 1)
        };
        Random random = new Random(3);
        for (int round = 0; round < 50; round++) {
            Collections.shuffle(order, random);
            LiveInteractions live = new LiveInteractions();
            order.forEach(e -> live.add(events[e[0]], 0, e[0]));
            assertThat(live.live())
                    .extracting(LiveInteraction::getItem, LiveInteraction::getOffset)
                    .containsExactly(Tuple.tuple("a", 2L), Tuple.tuple("b", 3L));
        }
        LiveInteractions removed = new LiveInteractions();
        removed.add(events[1], 1, 1);
        removed.add(events[2], 0, 2);
        // The same time: the higher partition decides.
        assertThat(removed.live()).isEmpty();
    }

    private static Interaction event(String user, String item, String action, long time) {
        return new Interaction(user, item, action, 1.0, Instant.ofEpochMilli(time), null);
    }
}

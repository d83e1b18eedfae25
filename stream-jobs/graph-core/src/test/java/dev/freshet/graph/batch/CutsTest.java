package dev.freshet.graph.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.GraphNames;
import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.PairRank;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.schema.Neighbor;
import dev.freshet.schema.NeighborList;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CutsTest {

    private static final GraphSettings EXACT =
            GraphSettings.DEFAULT.withCuts(GraphSettings.UNLIMITED, GraphSettings.UNLIMITED);

    @Test
    void ofAUserThePairsOfLeastRankCount() {
        List<LiveInteraction> live = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            live.add(pair("u", "i" + i));
        }
        List<String> byRank = live.stream()
                .map(LiveInteraction::getItem)
                .sorted(Comparator.comparingLong(item -> PairRank.of("u", item)))
                .toList();
        assertThat(Cuts.apply(live, EXACT.withCuts(GraphSettings.UNLIMITED, 4)))
                .extracting(LiveInteraction::getItem)
                .containsExactlyInAnyOrderElementsOf(byRank.subList(0, 4));
        // When one goes, the next comes in.
        live.removeIf(pair -> pair.getItem().equals(byRank.get(1)));
        assertThat(Cuts.apply(live, EXACT.withCuts(GraphSettings.UNLIMITED, 4)))
                .extracting(LiveInteraction::getItem)
                .containsExactlyInAnyOrder(byRank.get(0), byRank.get(2), byRank.get(3), byRank.get(4));
    }

    @Test
    void itemsAreCutAfterUsers() {
        List<LiveInteraction> live = new ArrayList<>();
        for (int u = 0; u < 6; u++) {
            for (int i = 0; i < 6; i++) {
                live.add(pair("u" + u, "i" + i));
            }
        }
        List<LiveInteraction> ofUsers = Cuts.apply(live, EXACT.withCuts(GraphSettings.UNLIMITED, 3));
        List<LiveInteraction> left = Cuts.apply(live, EXACT.withCuts(2, 3));
        assertThat(ofUsers).hasSize(18);
        for (int i = 0; i < 6; i++) {
            String item = "i" + i;
            List<String> candidates = ofUsers.stream()
                    .filter(pair -> pair.getItem().equals(item))
                    .map(LiveInteraction::getUser)
                    .sorted(Comparator.comparingLong(user -> PairRank.of(user, item)))
                    .limit(2)
                    .toList();
            assertThat(left)
                    .filteredOn(pair -> pair.getItem().equals(item))
                    .extracting(LiveInteraction::getUser)
                    .containsExactlyInAnyOrderElementsOf(candidates);
        }
    }

    /** The hash is part of the format: with another, a replay would give other graphs. */
    @Test
    void ranksStayAsTheyAre() {
        assertThat(PairRank.of("user-1", "item-1")).isEqualTo(-1122077576763127817L);
        assertThat(PairRank.of("item-1", "user-1")).isNotEqualTo(-1122077576763127817L);
    }

    @Test
    void recallIsTheShareOfTheExactEdges() {
        NeighborList exactA = list("a", "b", "c");
        NeighborList exactB = list("b", "a", "c");
        assertThat(Recall.of(List.of(list("a", "c", "d")), List.of(exactA, exactB)))
                .isEqualTo(0.25);
        assertThat(Recall.of(List.of(exactA, exactB), List.of(exactA, exactB))).isEqualTo(1);
        assertThat(Recall.of(List.of(), List.of())).isEqualTo(1);
    }

    @Test
    void settingsSurviveAManifest() {
        for (GraphSettings settings : List.of(
                GraphSettings.DEFAULT,
                EXACT,
                EXACT.withCuts(7, 8).withWindow(Duration.ofDays(90)).withUserCooccurrence(200))) {
            assertThat(GraphSettings.of(settings.toMap())).isEqualTo(settings);
        }
        assertThat(GraphSettings.DEFAULT.toMap())
                .containsAllEntriesOf(Map.of("f-max", "500", "k-max", "500", "window", "unlimited"));
    }

    private static NeighborList list(String node, String... neighbors) {
        List<Neighbor> all = new ArrayList<>();
        for (String neighbor : neighbors) {
            all.add(new Neighbor(neighbor, 1.0));
        }
        return new NeighborList(GraphNames.ITEM_JACCARD, node, all, 1, 0L);
    }

    private static LiveInteraction pair(String user, String item) {
        return new LiveInteraction(user, item, true, "view", 1.0, Instant.EPOCH, 0, 0L);
    }
}

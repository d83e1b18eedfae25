package dev.freshet.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.NeighborGraph;
import dev.freshet.graph.batch.BatchGraphs;
import dev.freshet.graph.batch.BinaryMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InMemoryLimitTest {

    private static final int USERS = 60;
    private static final int ITEMS = 90;

    private record Pair(int user, int item) {}

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void countsAsTheBatchGraphsDo(long seed) {
        Random random = new Random(seed);
        InMemoryLimit limit = new InMemoryLimit();
        boolean[][] live = new boolean[USERS][ITEMS];
        long updates = 0;
        for (int e = 0; e < 4_000; e++) {
            int user = random.nextInt(USERS);
            int item = (int) Math.min(ITEMS - 1, Math.abs(random.nextGaussian()) * ITEMS / 3);
            boolean add = random.nextInt(4) > 0;
            if (live[user][item] != add) {
                live[user][item] = add;
                updates += 2L * othersOfUser(live, user, item) + 2L * othersOfItem(live, user, item);
            }
            limit.apply(user, item, add);
        }
        List<Pair> pairs = new ArrayList<>();
        for (int user = 0; user < USERS; user++) {
            for (int item = 0; item < ITEMS; item++) {
                if (live[user][item]) {
                    pairs.add(new Pair(user, item));
                }
            }
        }
        BinaryMatrix byUser = BinaryMatrix.of(
                pairs.stream().mapToInt(Pair::user).toArray(),
                pairs.stream().mapToInt(Pair::item).toArray(),
                USERS,
                ITEMS);
        NeighborGraph users = BatchGraphs.cooccurrence(byUser, 1, USERS);
        NeighborGraph items = BatchGraphs.cooccurrence(byUser.transpose(), 1, ITEMS);
        assertThat(users.edges()).isPositive();
        assertCounts(users, limit.users());
        assertCounts(items, limit.items());
        assertThat(limit.distinctPairs()).isEqualTo(users.edges() + items.edges());
        assertThat(limit.interactions()).isEqualTo(pairs.size());
        assertThat(limit.pairUpdates()).isEqualTo(updates);
    }

    private static int othersOfUser(boolean[][] live, int user, int item) {
        int others = 0;
        for (int i = 0; i < ITEMS; i++) {
            others += i != item && live[user][i] ? 1 : 0;
        }
        return others;
    }

    private static int othersOfItem(boolean[][] live, int user, int item) {
        int others = 0;
        for (int u = 0; u < USERS; u++) {
            others += u != user && live[u][item] ? 1 : 0;
        }
        return others;
    }

    private static void assertCounts(NeighborGraph expected, PairCounts counts) {
        for (int node = 0; node < expected.nodes(); node++) {
            Set<Integer> neighbors = new TreeSet<>();
            for (int e = expected.offsets()[node]; e < expected.offsets()[node + 1]; e++) {
                int other = expected.neighbors()[e];
                neighbors.add(other);
                assertThat(counts.count(node, other))
                        .as("pair %d, %d", node, other)
                        .isEqualTo((int) expected.weights()[e]);
            }
            for (int other = 0; other < expected.nodes(); other++) {
                if (other != node && !neighbors.contains(other)) {
                    assertThat(counts.count(node, other))
                            .as("pair %d, %d", node, other)
                            .isZero();
                }
            }
        }
    }
}

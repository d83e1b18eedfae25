package dev.freshet.graph.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.graph.GraphSettings;
import it.unimi.dsi.fastutil.ints.Int2LongMap;
import it.unimi.dsi.fastutil.ints.Int2LongMaps;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What the equality of the graphs does not tell. */
class InteractionSetsTest {

    private static final int USERS = 100;
    private static final int SLICE = 8;

    private final Map<Integer, byte[]> stored = new TreeMap<>();
    private final InteractionSets sets = new InteractionSets(
            new Store(),
            GraphSettings.DEFAULT
                    .withCuts(GraphSettings.UNLIMITED, GraphSettings.UNLIMITED)
                    .withWindow(Duration.ofMillis(10)),
            SLICE);
    private final PairDeltas pairs = new PairDeltas();
    private int inMemory;
    private int most;

    private void view(int item, String action, long time) {
        for (int user = 0; user < USERS; user++) {
            sets.apply(user, "u" + user, new InteractionSets.Entry(item, true, action, 1, time, 0, item), 0);
        }
        flush();
    }

    private void flush() {
        sets.flush(pairs, new Nowhere());
        pairs.drain((row, ids, deltas, size) -> {});
        inMemory = 0;
    }

    private void drop(Int2LongMap items, long latest) {
        sets.drop(items, Int2LongMaps.EMPTY_MAP, latest, this::flush);
        flush();
    }

    @Test
    void loadsAFewSetsAtATimeWhereManyLoseAnItem() {
        view(1, "view", 5);
        view(2, "view", 5);
        most = 0;
        drop(Int2LongMaps.singleton(1, 9), 5);
        assertThat(sets.liveInteractions()).isEqualTo(USERS);
        assertThat(most).isEqualTo(SLICE);
    }

    @Test
    void loadsAFewSetsAtATimeWhereMuchExpires() {
        view(1, "view", 5);
        view(2, "view", 8);
        most = 0;
        drop(Int2LongMaps.EMPTY_MAP, 15);
        assertThat(sets.liveInteractions()).isEqualTo(USERS);
        drop(Int2LongMaps.EMPTY_MAP, 18);
        assertThat(stored).isEmpty();
        assertThat(most).isEqualTo(SLICE);
    }

    @Test
    void everyPairKeepsItsAction() {
        Map<String, String> actions = new HashMap<>();
        for (int item = 0; item < 50; item++) {
            view(item, "action " + item % 40, 5);
        }
        sets.forEachLive((user, entry) -> actions.put(user + ' ' + entry.item(), entry.action()));
        assertThat(actions)
                .hasSize(USERS * 50)
                .containsEntry("u7 3", "action 3")
                .containsEntry("u7 45", "action 5");
    }

    private final class Store implements NodeStore {
        @Override
        public byte[] get(int node) {
            most = Math.max(most, ++inMemory);
            return stored.get(node);
        }

        @Override
        public void put(int node, byte[] bytes) {
            stored.put(node, bytes);
        }

        @Override
        public void remove(int node) {
            stored.remove(node);
        }

        @Override
        public void forEach(Visitor visitor) {
            stored.forEach(visitor::visit);
        }
    }

    private static final class Nowhere implements InteractionSets.Sink {
        @Override
        public void interaction(String user, InteractionSets.Entry entry) {}

        @Override
        public void membership(int user, int item, long rank, boolean add) {}

        @Override
        public void degree(int user, int size) {}

        @Override
        public void gone(int user, String name) {}
    }
}

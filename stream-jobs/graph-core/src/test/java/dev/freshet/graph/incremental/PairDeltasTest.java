package dev.freshet.graph.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PairDeltasTest {

    private final PairDeltas pairs = new PairDeltas();

    private Map<Integer, Map<Integer, Integer>> drain() {
        Map<Integer, Map<Integer, Integer>> rows = new TreeMap<>();
        pairs.drain((row, ids, deltas, size) -> {
            Map<Integer, Integer> counts = new TreeMap<>();
            for (int i = 0; i < size; i++) {
                counts.put(ids[i], deltas[i]);
            }
            assertThat(ids)
                    .startsWith(counts.keySet().stream().mapToInt(id -> id).toArray());
            rows.put(row, counts);
        });
        return rows;
    }

    @Test
    void idsThatAreFarApartTakeNoRoomInBetween() {
        int far = Integer.MAX_VALUE - 1;
        for (int round = 0; round < 2; round++) {
            // {7, far} gets 9 and loses 3; {9, far} is new.
            add(new int[] {7, 9, far}, new int[] {9}, new int[] {3});
            add(new int[] {9, far}, new int[] {9, far}, new int[0]);
            assertThat(drain())
                    .isEqualTo(Map.of(
                            3,
                            Map.of(7, -1, far, -1),
                            7,
                            Map.of(3, -1, 9, 1),
                            9,
                            Map.of(7, 1, far, 2),
                            far,
                            Map.of(3, -1, 9, 2)));
        }
        assertThat(drain()).isEmpty();
    }

    @Test
    void whatCancelsIsNotPassedOn() {
        add(new int[] {1, 2}, new int[] {2}, new int[0]);
        add(new int[] {1}, new int[0], new int[] {2});
        assertThat(drain()).isEmpty();
    }

    private void add(int[] members, int[] plus, int[] minus) {
        // The caller's arrays are longer than what is in them.
        pairs.add(Arrays.copyOf(members, 9), members.length, plus, plus.length, minus, minus.length);
    }
}

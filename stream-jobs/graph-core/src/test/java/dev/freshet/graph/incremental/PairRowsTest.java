package dev.freshet.graph.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which rows are read; that the lists come out right is for {@link IncrementalEqualsBatchTest}. */
class PairRowsTest {

    private static final int NODES = 100;
    private static final int SETS = 60;
    private static final int SIZE = 12;

    private final List<TreeSet<Integer>> sets = new ArrayList<>();
    private final NodeTable nodes = new NodeTable();
    private final IntSet read = new IntOpenHashSet();
    private final IntSet written = new IntOpenHashSet();
    private final PairRows rows = new PairRows(
            store(true),
            new MemoryLog(new HashMap<>(), shard -> true),
            nodes,
            1 << 24,
            Path.of(System.getProperty("java.io.tmpdir")),
            false);
    private int lists;

    @BeforeEach
    void fill() {
        rows.addJaccard("jaccard", 5, store(false));
        Random random = new Random(3);
        PairDeltas deltas = new PairDeltas();
        for (int s = 0; s < SETS; s++) {
            TreeSet<Integer> set = new TreeSet<>();
            while (set.size() < SIZE) {
                set.add(random.nextInt(NODES));
            }
            sets.add(set);
            deltas.add(array(set), SIZE, array(set), SIZE, new int[0], 0);
        }
        for (int node = 0; node < NODES; node++) {
            int id = node;
            nodes.setName(node, "n" + node);
            nodes.setDegree(
                    node, (int) sets.stream().filter(set -> set.contains(id)).count());
        }
        flush(deltas);
        assertThat(lists).isEqualTo(NODES);
        lists = 0;
        read.clear();
        written.clear();
    }

    @Test
    void whoseDegreeChangedIsReadAlone() {
        int node = 7;
        int entered = first(node, false);
        sets.get(entered).add(node);
        nodes.setDegree(node, nodes.degree(node) + 1);
        flush(swap(entered, node, -1));
        assertThat(read).containsExactly(node);
        assertThat(lists).isGreaterThan(5);
    }

    @Test
    void whoTradesOneSetForAnotherIsReadOnceForAllOfThem() {
        int node = 7;
        int left = first(node, true);
        int entered = first(node, false);
        sets.get(left).remove(node);
        sets.get(entered).add(node);
        flush(swap(entered, node, left));
        assertThat(read).containsExactly(node);
        assertThat(lists).isGreaterThan(5);
    }

    @Test
    void rowsAreNotWrittenForEveryChange() {
        int node = 7;
        int entered = first(node, false);
        sets.get(entered).add(node);
        flush(swap(entered, node, -1));
        assertThat(written).isEmpty();
    }

    private int first(int node, boolean having) {
        for (int s = 0; s < SETS; s++) {
            if (sets.get(s).contains(node) == having) {
                return s;
            }
        }
        throw new AssertionError();
    }

    /** The changes when a node is in a set that it just entered, and no more in another. */
    private PairDeltas swap(int entered, int node, int left) {
        PairDeltas deltas = new PairDeltas();
        deltas.add(array(sets.get(entered)), sets.get(entered).size(), new int[] {node}, 1, new int[0], 0);
        if (left >= 0) {
            deltas.add(array(sets.get(left)), sets.get(left).size(), new int[0], 0, new int[] {node}, 1);
        }
        return deltas;
    }

    private void flush(PairDeltas deltas) {
        DeltaBatches batches = new DeltaBatches(1 << 10, rows::add);
        deltas.drain(batches);
        batches.flush();
        rows.flush(1, list -> lists++);
    }

    private static int[] array(TreeSet<Integer> set) {
        return set.stream().mapToInt(member -> member).toArray();
    }

    private NodeStore store(boolean watched) {
        Map<Integer, byte[]> map = new HashMap<>();
        return new NodeStore() {
            @Override
            public byte[] get(int node) {
                if (watched) {
                    read.add(node);
                }
                return map.get(node);
            }

            @Override
            public void put(int node, byte[] bytes) {
                if (watched) {
                    written.add(node);
                }
                map.put(node, bytes);
            }

            @Override
            public void remove(int node) {
                map.remove(node);
            }

            @Override
            public void forEach(Visitor visitor) {
                map.forEach(visitor::visit);
            }
        };
    }
}

package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Sets and rows of the size that a shop of some thousand items has, the same at every run. */
final class Workload {

    /** Items of a shop. */
    static final int ITEMS = 4_000;

    private Workload() {}

    /** Distinct members, ascending; low ids are more frequent, as popular items are. */
    static int[] set(Random random, int universe, int size) {
        IntOpenHashSet set = new IntOpenHashSet(size);
        while (set.size() < size) {
            double skewed = random.nextDouble();
            set.add((int) (universe * skewed * skewed));
        }
        int[] members = set.toIntArray();
        Arrays.sort(members);
        return members;
    }

    /** Counts from 1 up, mostly small. */
    static int[] counts(Random random, int size) {
        int[] counts = new int[size];
        for (int e = 0; e < size; e++) {
            counts[e] = 1 + (int) (8 * Math.pow(random.nextDouble(), 4));
        }
        return counts;
    }

    /** A row as it lies in the state. */
    static byte[] row(int[] ids, int[] counts) {
        Buffer out = new Buffer(4 * ids.length);
        PackedRow.write(out, ids, counts, ids.length);
        return out.toBytes();
    }

    /** Every member with a name and the same degree. */
    static NodeTable nodes(int universe) {
        NodeTable nodes = new NodeTable();
        for (int node = 0; node < universe; node++) {
            nodes.setName(node, "node-" + node);
            nodes.setDegree(node, 50 + node % 17);
        }
        nodes.settle();
        return nodes;
    }

    /** A store in memory. */
    static NodeStore store() {
        Map<Integer, byte[]> map = new HashMap<>();
        return new NodeStore() {
            @Override
            public byte[] get(int node) {
                return map.get(node);
            }

            @Override
            public void put(int node, byte[] bytes) {
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

    /** A log in memory. */
    static ChangeLog log() {
        Map<Integer, List<byte[]>> shards = new HashMap<>();
        return new ChangeLog() {
            @Override
            public void append(int shard, byte[] batch) {
                shards.computeIfAbsent(shard, s -> new ArrayList<>()).add(batch);
            }

            @Override
            public void clear(int shard) {
                shards.remove(shard);
            }

            @Override
            public void forEach(Visitor visitor) {
                shards.forEach((shard, batches) -> batches.forEach(batch -> visitor.visit(shard, batch)));
            }
        };
    }
}

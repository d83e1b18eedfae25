package dev.freshet.graph.incremental;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * A log in memory, of one instance of several that share it.
 *
 * @param shards batches by shard
 * @param owns which shards are the instance's
 */
record MemoryLog(Map<Integer, List<byte[]>> shards, IntPredicate owns) implements ChangeLog {

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
        shards.forEach((shard, batches) -> {
            if (owns.test(shard)) {
                batches.forEach(batch -> visitor.visit(shard, batch));
            }
        });
    }
}

package dev.freshet.graphjob;

import dev.freshet.graph.incremental.Shards;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;

/**
 * The Flink key of each shard, chosen so that shard s is key group s: shards spread evenly over any parallelism, and the shard
 * of every node lives on the same subtask index in every operator.
 */
final class ShardKeys {

    private static final Integer[] KEYS = keys();

    private ShardKeys() {}

    /** The key of a shard. */
    static Integer of(int shard) {
        return KEYS[shard];
    }

    private static Integer[] keys() {
        Integer[] keys = new Integer[Shards.COUNT];
        int found = 0;
        for (int key = 0; found < keys.length; key++) {
            int group = KeyGroupRangeAssignment.assignToKeyGroup(key, Shards.COUNT);
            if (keys[group] == null) {
                keys[group] = key;
                found++;
            }
        }
        return keys;
    }
}

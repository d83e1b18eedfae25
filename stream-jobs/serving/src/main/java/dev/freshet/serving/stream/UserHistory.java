package dev.freshet.serving.stream;

import dev.freshet.serving.score.HistoryItem;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/** A user's items as the pairs store has them, which has all, where a profile has the newest at hand. */
public final class UserHistory {

    private UserHistory() {}

    /** All pairs of a user, live or taken back, by item. */
    static Map<String, PairState> pairs(String user, ReadOnlyKeyValueStore<Bytes, byte[]> store) {
        Map<String, PairState> found = new HashMap<>();
        try (KeyValueIterator<Bytes, byte[]> all =
                store.prefixScan(PairState.prefix(user), Serdes.ByteArray().serializer())) {
            while (all.hasNext()) {
                KeyValue<Bytes, byte[]> entry = all.next();
                found.put(PairState.item(entry.key), PairState.decode(entry.value));
            }
        }
        return found;
    }

    /** The items that a user has, newest first. */
    public static List<HistoryItem> live(String user, ReadOnlyKeyValueStore<Bytes, byte[]> store) {
        return pairs(user, store).entrySet().stream()
                .filter(pair -> pair.getValue().live())
                .map(pair -> pair.getValue().asHistory(pair.getKey()))
                .sorted(HistoryItem.NEWEST_FIRST)
                .toList();
    }
}

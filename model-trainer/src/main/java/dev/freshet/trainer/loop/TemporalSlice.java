package dev.freshet.trainer.loop;

import dev.freshet.graph.IdIndex;
import dev.freshet.schema.LiveInteraction;
import dev.freshet.trainer.data.Interactions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Live interactions split by time. The latest tenth by event time is held out; interactions of one time go by a hash of user and item,
 * so that no alphabet decides. A pair that a model to start from has seen is not held out, though its latest event may be new: it is
 * for training. Of the held-out ones, those of one half of the users are for early stopping, those of the other half for
 * the reported metrics; a hash of the user decides. The split depends on nothing but the interactions and what was seen.
 *
 * @param train pairs to train on
 * @param valid held-out pairs for early stopping
 * @param test held-out pairs for the reported metrics
 * @param newUsers users whose interactions are all held out; nothing can be measured for them
 */
record TemporalSlice(Interactions train, Interactions valid, Interactions test, int newUsers) {

    private static final double HELD_OUT = .1;

    private record Row(long time, int hash, int user, int item) {}

    /** Tells whether a model to start from has seen a pair. */
    interface Seen {
        Seen NOTHING = (user, item) -> false;

        boolean contains(String user, String item);
    }

    static TemporalSlice of(List<LiveInteraction> live, IdIndex users, IdIndex items, Seen seen) {
        List<Row> rows = live.stream()
                .map(interaction -> new Row(
                        interaction.getEventTime().toEpochMilli(),
                        mix(31 * interaction.getUser().hashCode()
                                + interaction.getItem().hashCode()),
                        users.indexOf(interaction.getUser()),
                        items.indexOf(interaction.getItem())))
                .sorted(Comparator.comparingLong(Row::time)
                        .thenComparingInt(Row::hash)
                        .thenComparingInt(Row::user)
                        .thenComparingInt(Row::item))
                .toList();
        int split = rows.size() - (int) (rows.size() * HELD_OUT);
        List<Row> past = new ArrayList<>(rows.subList(0, split));
        List<Row> held = new ArrayList<>();
        rows.subList(split, rows.size())
                .forEach(row -> (seen.contains(users.id(row.user), items.id(row.item)) ? past : held).add(row));
        Interactions train = pairs(past, users, items);
        long newUsers = held.stream()
                .mapToInt(Row::user)
                .distinct()
                .filter(user -> train.degree(user) == 0)
                .count();
        return new TemporalSlice(
                train,
                pairs(held.stream().filter(row -> validates(users.id(row.user))).toList(), users, items),
                pairs(
                        held.stream()
                                .filter(row -> !validates(users.id(row.user)))
                                .toList(),
                        users,
                        items),
                (int) newUsers);
    }

    /** Whether the held-out interactions of a user are for early stopping. */
    static boolean validates(String user) {
        return (mix(user.hashCode()) & 1) == 0;
    }

    private static Interactions pairs(List<Row> rows, IdIndex users, IdIndex items) {
        return Interactions.of(
                rows.stream().mapToInt(Row::user).toArray(),
                rows.stream().mapToInt(Row::item).toArray(),
                users.size(),
                items.size());
    }

    /** MurmurHash3's finalizer. */
    private static int mix(int hash) {
        int h = hash;
        h = (h ^ h >>> 16) * 0x85ebca6b;
        h = (h ^ h >>> 13) * 0xc2b2ae35;
        return h ^ h >>> 16;
    }
}

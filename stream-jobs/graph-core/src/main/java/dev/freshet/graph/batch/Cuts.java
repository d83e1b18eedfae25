package dev.freshet.graph.batch;

import dev.freshet.graph.GraphSettings;
import dev.freshet.graph.PairRank;
import dev.freshet.schema.LiveInteraction;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The pairs that the graphs are computed from: all live ones, cut to k_max items per user, then to f_max users per item. */
public final class Cuts {

    private Cuts() {}

    /** The pairs that count, in no particular order. */
    public static List<LiveInteraction> apply(List<LiveInteraction> live, GraphSettings settings) {
        List<LiveInteraction> ofUsers = cut(live, LiveInteraction::getUser, settings.kMax());
        return cut(ofUsers, LiveInteraction::getItem, settings.fMax());
    }

    /** Ordered pairs of items that have a user in common, and of users that have an item in common, counted for each in common. */
    public static long pairs(List<LiveInteraction> live) {
        return squares(live, LiveInteraction::getUser) + squares(live, LiveInteraction::getItem);
    }

    private static long squares(List<LiveInteraction> pairs, Function<LiveInteraction, String> group) {
        return pairs.stream().collect(Collectors.groupingBy(group, Collectors.counting())).values().stream()
                .mapToLong(size -> size * (size - 1))
                .sum();
    }

    /** In each group, the pairs whose rank is at most the max-th smallest. */
    private static List<LiveInteraction> cut(
            List<LiveInteraction> pairs, Function<LiveInteraction, String> group, int max) {
        return pairs.stream().collect(Collectors.groupingBy(group)).values().stream()
                .flatMap(members -> {
                    long last = members.stream()
                            .map(Cuts::rank)
                            .sorted()
                            .skip(max - 1L)
                            .findFirst()
                            .orElse(Long.MAX_VALUE);
                    return members.stream().filter(pair -> rank(pair) <= last);
                })
                .toList();
    }

    private static long rank(LiveInteraction pair) {
        return PairRank.of(pair.getUser(), pair.getItem());
    }
}

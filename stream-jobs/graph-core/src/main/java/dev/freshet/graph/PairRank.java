package dev.freshet.graph;

import it.unimi.dsi.fastutil.HashCommon;

/**
 * The rank of a (user, item) pair, by which cuts choose: of a set that is too large, the pairs of least rank count. A pure function of
 * the outside ids, so that a replay chooses the same pairs; and well mixed, so that the choice is a fair sample.
 */
public final class PairRank {

    private PairRank() {}

    /** A stable 64-bit hash of an id. */
    public static long hash(String id) {
        long hash = id.length();
        for (int at = 0; at < id.length(); at++) {
            hash = hash * 0x9E3779B97F4A7C15L + id.charAt(at);
        }
        return mix(hash);
    }

    /** The rank of a pair, from the hashes of its ids. */
    public static long of(long userHash, long itemHash) {
        return mix(itemHash ^ mix(userHash));
    }

    /** The rank of a pair. */
    public static long of(String user, String item) {
        return of(hash(user), hash(item));
    }

    /** MurmurHash3's finalizer over a Weyl step. */
    private static long mix(long value) {
        return HashCommon.murmurHash3(value + 0x9E3779B97F4A7C15L);
    }
}

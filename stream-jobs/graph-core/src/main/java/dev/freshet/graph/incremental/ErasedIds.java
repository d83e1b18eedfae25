package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.objects.Object2LongOpenHashMap;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Which ids were erased, and up to which time their records do not count, for the shards that one instance owns: what must be
 * remembered, or a late record would bring back what was forgotten. Of an id it keeps the SHA-256 alone. Not thread-safe.
 */
public final class ErasedIds {

    private final ErasureStore store;
    private final Object2LongOpenHashMap<String> upTo = new Object2LongOpenHashMap<>();
    private final MessageDigest sha256;

    public ErasedIds(ErasureStore store) {
        this.store = store;
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        upTo.defaultReturnValue(Long.MIN_VALUE);
        store.forEach(upTo::put);
    }

    /** Erases the records of an id up to a time; returns false if they were erased already. */
    public boolean erase(String id, long time) {
        String digest = digest(id);
        if (upTo.containsKey(digest) && upTo.getLong(digest) >= time) {
            return false;
        }
        upTo.put(digest, time);
        store.put(Shards.of(id), digest, time);
        return true;
    }

    /** Whether a record of this id and time is erased. */
    public boolean covers(String id, long time) {
        if (upTo.isEmpty()) {
            return false;
        }
        String digest = digest(id);
        return upTo.containsKey(digest) && time <= upTo.getLong(digest);
    }

    private String digest(String id) {
        return HexFormat.of().formatHex(sha256.digest(id.getBytes(StandardCharsets.UTF_8)));
    }
}

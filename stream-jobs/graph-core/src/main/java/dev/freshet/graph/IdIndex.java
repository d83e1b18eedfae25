package dev.freshet.graph;

import java.util.Arrays;
import java.util.Collection;

/** Ids as dense integers, in the order of the ids: ties broken by dense id are ties broken by id. Immutable. */
public final class IdIndex {

    private final String[] ids;

    private IdIndex(String[] ids) {
        this.ids = ids;
    }

    /** An index of the distinct ids. */
    public static IdIndex of(Collection<String> ids) {
        return new IdIndex(ids.stream().sorted().distinct().toArray(String[]::new));
    }

    /** Number of ids. */
    public int size() {
        return ids.length;
    }

    /** The id of a dense integer below {@link #size}. */
    public String id(int index) {
        return ids[index];
    }

    /** The dense integer of an id, or a negative number if it is not in the index. */
    public int indexOf(String id) {
        return Arrays.binarySearch(ids, id);
    }
}

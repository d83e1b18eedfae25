package dev.freshet.graph.incremental;

import it.unimi.dsi.fastutil.ints.Int2LongMap;
import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;

/** Names and degrees of all nodes of one kind, in memory, and what has happened to them since rows were last scored. */
public final class NodeTable {

    private String[] names = new String[1 << 10];
    private int[] degrees = new int[1 << 10];
    private int[] scored = new int[1 << 10];
    private boolean[] isChanged = new boolean[1 << 10];
    private final IntArrayList changed = new IntArrayList();
    private final IntArrayList gone = new IntArrayList();
    private final Int2LongOpenHashMap erased = new Int2LongOpenHashMap();

    /** Place of each name among all, as long as no other name came; null while it is not known. */
    private int[] ranks;

    private int named;

    /** Sets the outside id of a node. */
    public void setName(int node, String name) {
        ensure(node);
        if (!name.equals(names[node])) {
            named += names[node] == null ? 1 : 0;
            names[node] = name;
            ranks = null;
        }
    }

    /** Nodes with a name. */
    int size() {
        return named;
    }

    /** Sorts the names, which makes each {@link #compare} cheap from then on. */
    void rankNames() {
        if (ranks != null) {
            return;
        }
        int[] order = new int[named];
        int size = 0;
        for (int node = 0; node < names.length; node++) {
            if (names[node] != null) {
                order[size++] = node;
            }
        }
        IntArrays.quickSort(order, (a, b) -> names[a].compareTo(names[b]));
        ranks = new int[names.length];
        for (int rank = 0; rank < size; rank++) {
            ranks[order[rank]] = rank;
        }
    }

    void setDegree(int node, int degree) {
        ensure(node);
        degrees[node] = degree;
        if (!isChanged[node] && degree != scored[node]) {
            isChanged[node] = true;
            changed.add(node);
        }
    }

    void setGone(int node) {
        gone.add(node);
    }

    void setErased(int node, long upTo) {
        erased.mergeLong(node, upTo, Math::max);
    }

    /** Nodes whose records were erased since the last {@link #settle}, and up to which time. */
    public Int2LongMap erased() {
        return erased;
    }

    /** The outside id of a node. */
    public String name(int node) {
        return names[node];
    }

    /** The degree of a node, 0 if it was never set. */
    public int degree(int node) {
        return node < degrees.length ? degrees[node] : 0;
    }

    /** Ids of equal weight go by name. */
    int compare(int a, int b) {
        return ranks == null ? names[a].compareTo(names[b]) : Integer.compare(ranks[a], ranks[b]);
    }

    /** Whether the degree was set to another value since {@link #settle}. */
    boolean isChanged(int node) {
        return node < isChanged.length && isChanged[node];
    }

    IntArrayList changed() {
        return changed;
    }

    int scoredDegree(int node) {
        return scored[node];
    }

    /** Takes the degrees as those that the rows are scored with, and forgets who is gone. */
    public void settle() {
        for (int c = 0; c < changed.size(); c++) {
            int node = changed.getInt(c);
            scored[node] = degrees[node];
            isChanged[node] = false;
        }
        changed.clear();
        for (int g = 0; g < gone.size(); g++) {
            ensure(gone.getInt(g));
            named -= names[gone.getInt(g)] == null ? 0 : 1;
            names[gone.getInt(g)] = null;
        }
        gone.clear();
        erased.clear();
    }

    private void ensure(int node) {
        if (node >= degrees.length) {
            degrees = IntArrays.grow(degrees, node + 1);
            scored = Arrays.copyOf(scored, degrees.length);
            isChanged = Arrays.copyOf(isChanged, degrees.length);
            names = Arrays.copyOf(names, degrees.length);
        }
    }
}

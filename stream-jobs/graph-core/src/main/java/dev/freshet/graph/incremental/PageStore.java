package dev.freshet.graph.incremental;

/** Durable bytes per page of a node, for the nodes that one instance owns. */
public interface PageStore {

    /** The bytes of a page, or null. */
    byte[] get(int node, int page);

    /** Sets the bytes of a page; the array is not touched afterwards. */
    void put(int node, int page, byte[] bytes);

    /** Forgets a page. */
    void remove(int node, int page);
}

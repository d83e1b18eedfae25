package dev.freshet.graph.incremental;

/** Durable bytes per node, for the nodes that one instance owns. */
public interface NodeStore {

    /** The bytes of a node, or null. */
    byte[] get(int node);

    /** Sets the bytes of a node; the array is not touched afterwards. */
    void put(int node, byte[] bytes);

    /** Forgets a node. */
    void remove(int node);

    /** Visits every node in no particular order; the store is not changed meanwhile. */
    void forEach(Visitor visitor);

    /** Sees a node with its bytes. */
    @FunctionalInterface
    interface Visitor {
        void visit(int node, byte[] bytes);
    }
}

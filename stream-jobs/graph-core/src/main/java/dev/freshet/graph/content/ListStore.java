package dev.freshet.graph.content;

/** Durable bytes per list of each graph. */
public interface ListStore {

    /** Sets the bytes of a list; the array is not touched afterwards. */
    void put(String graph, String id, byte[] bytes);

    /** Forgets a list. */
    void remove(String graph, String id);

    /** Visits every list in no particular order; the store is not changed meanwhile. */
    void forEach(Visitor visitor);

    /** Sees a list's bytes. */
    @FunctionalInterface
    interface Visitor {
        void visit(String graph, String id, byte[] bytes);
    }
}

package dev.freshet.graphjob;

/**
 * Packed updates of nodes, for everyone who scores lists: names and degrees ({@link dev.freshet.graph.incremental.NodeUpdates}), or
 * users' items ({@link dev.freshet.graph.incremental.UserLinks}); or how far time has come, or that there are vectors.
 */
public final class NodeBatch {

    public byte[] data = {};

    /** Greatest event time that an intake has seen, milliseconds; the least long for none. */
    public long eventTime = Long.MIN_VALUE;

    /** Whether some item has had a vector. */
    public boolean vectors;

    /** Whether someone is to be forgotten, so that no file may hold what earlier ones do. */
    public boolean erased;

    public NodeBatch() {}

    NodeBatch(byte[] data) {
        this.data = data;
    }
}

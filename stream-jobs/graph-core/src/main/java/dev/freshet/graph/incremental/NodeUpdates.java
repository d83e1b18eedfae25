package dev.freshet.graph.incremental;

/** Packs news of nodes for those who score rows: a sequence of id, kind of news or degree, and what belongs to it. */
public final class NodeUpdates {

    private static final int NAME = 0;
    private static final int GONE = 1;
    private static final int ERASED = 2;
    private static final int DEGREE = 3;

    private final Buffer out = new Buffer(1 << 10);

    /** Adds a node's name. */
    public void name(int node, String name) {
        out.putInt(node);
        out.putInt(NAME);
        out.putString(name);
    }

    /** Adds a node's degree. */
    public void degree(int node, int degree) {
        out.putInt(node);
        out.putInt(DEGREE + degree);
    }

    /** Adds that a node no longer exists: its name can be forgotten after the next scoring. */
    public void gone(int node) {
        out.putInt(node);
        out.putInt(GONE);
    }

    /** Adds that a node's records up to a time were erased. */
    public void erased(int node, long upTo) {
        out.putInt(node);
        out.putInt(ERASED);
        out.putSignedLong(upTo);
    }

    /** Length of the batch so far, in bytes. */
    public int size() {
        return out.size;
    }

    /** The batch; starts a new one. */
    public byte[] take() {
        byte[] batch = out.toBytes();
        out.clear();
        return batch;
    }

    /** Applies a batch to a table. */
    public static void apply(byte[] batch, NodeTable table) {
        Buffer in = Buffer.reading(batch);
        while (in.hasMore()) {
            int node = in.getInt();
            int kind = in.getInt();
            switch (kind) {
                case NAME -> table.setName(node, in.getString());
                case GONE -> table.setGone(node);
                case ERASED -> table.setErased(node, in.getSignedLong());
                default -> table.setDegree(node, kind - DEGREE);
            }
        }
    }
}

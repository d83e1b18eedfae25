package dev.freshet.graph.incremental;

/**
 * Packs changes of users' live items, by name: a sequence of user, or "" for the same as before, item, and whether it is live.
 */
public final class UserLinks {

    private final Buffer out = new Buffer(1 << 10);
    private String last = "";

    /** Receives changes. */
    @FunctionalInterface
    public interface Sink {
        void link(String user, String item, boolean live);
    }

    /** Adds a change; one that changes nothing does no harm. */
    public void change(String user, String item, boolean live) {
        out.putString(user.equals(last) ? "" : user);
        out.putString(item);
        out.putInt(live ? 1 : 0);
        last = user;
    }

    /** Length of the batch so far, in bytes. */
    public int size() {
        return out.size;
    }

    /** The batch; starts a new one. */
    public byte[] take() {
        byte[] batch = out.toBytes();
        out.clear();
        last = "";
        return batch;
    }

    /** Passes the changes of a batch on, in order. */
    public static void apply(byte[] batch, Sink sink) {
        Buffer in = Buffer.reading(batch);
        String user = "";
        while (in.hasMore()) {
            String name = in.getString();
            user = name.isEmpty() ? user : name;
            sink.link(user, in.getString(), in.getInt() == 1);
        }
    }
}

package dev.freshet.serving.stream;

import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.Stamp;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What serving holds of a user at hand: the newest live items, at most {@value #MAX_RECENT}, and how many there are in all. The
 * complete set lies in the pairs store; only a user with more items than fit here needs it.
 */
public final class UserProfile {

    /** Newest live items kept at hand. */
    public static final int MAX_RECENT = 200;

    private static final int FORMAT = 1;

    private long lastActivity;
    private String scoredVersion;
    private boolean embedded;
    private int live;
    private final List<HistoryItem> recent;

    UserProfile() {
        this(Long.MIN_VALUE, "", false, 0, new ArrayList<>());
    }

    private UserProfile(long lastActivity, String scoredVersion, boolean embedded, int live, List<HistoryItem> recent) {
        this.lastActivity = lastActivity;
        this.scoredVersion = scoredVersion;
        this.embedded = embedded;
        this.live = live;
        this.recent = recent;
    }

    /** Latest event time, milliseconds since 1970. */
    public long lastActivity() {
        return lastActivity;
    }

    /** Model version of the recommendations in force; empty for a fallback without a model. */
    public String scoredVersion() {
        return scoredVersion;
    }

    /** Number of live items. */
    public int live() {
        return live;
    }

    /** The newest live items, newest first. */
    public List<HistoryItem> recent() {
        return Collections.unmodifiableList(recent);
    }

    /** Whether an embedding of the user is in force. */
    public boolean embedded() {
        return embedded;
    }

    void scored(String version, boolean withVector) {
        scoredVersion = version;
        embedded = withVector;
    }

    /**
     * Takes an event that decides its pair.
     *
     * @param wasLive whether the pair was live before
     */
    void apply(String item, PairState event, boolean wasLive) {
        lastActivity = Math.max(lastActivity, event.stamp().eventTime());
        live += (event.live() ? 1 : 0) - (wasLive ? 1 : 0);
        if (wasLive) {
            recent.removeIf(entry -> entry.item().equals(item));
        }
        if (event.live()) {
            insert(event.asHistory(item));
        }
    }

    /** Whether live items that belong in {@link #recent} are missing, since a newer one was taken back. */
    boolean needsRefill() {
        return recent.size() < Math.min(live, MAX_RECENT);
    }

    /** Sets the newest items from all live ones, in any order. */
    void refill(Iterable<HistoryItem> all) {
        recent.clear();
        all.forEach(this::insert);
    }

    private void insert(HistoryItem entry) {
        int at = Collections.binarySearch(recent, entry, HistoryItem.NEWEST_FIRST);
        recent.add(at < 0 ? -at - 1 : at, entry);
        if (recent.size() > MAX_RECENT) {
            recent.remove(recent.size() - 1);
        }
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 + 48 * recent.size());
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(FORMAT);
            out.writeLong(lastActivity);
            out.writeUTF(scoredVersion);
            out.writeBoolean(embedded);
            out.writeInt(live);
            out.writeInt(recent.size());
            for (HistoryItem entry : recent) {
                out.writeUTF(entry.item());
                out.writeUTF(entry.action());
                out.writeDouble(entry.weight());
                PairState.write(entry.stamp(), out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A profile as the users store has it. */
    public static UserProfile decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int format = in.readByte();
            if (format != FORMAT) {
                throw new IllegalStateException("user profile of format " + format + "; this version reads " + FORMAT);
            }
            long lastActivity = in.readLong();
            String scoredVersion = in.readUTF();
            boolean embedded = in.readBoolean();
            int live = in.readInt();
            int size = in.readInt();
            List<HistoryItem> recent = new ArrayList<>(size);
            for (int n = 0; n < size; n++) {
                String item = in.readUTF();
                String action = in.readUTF();
                double weight = in.readDouble();
                Stamp stamp = PairState.readStamp(in);
                recent.add(new HistoryItem(item, action, weight, stamp));
            }
            return new UserProfile(lastActivity, scoredVersion, embedded, live, recent);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The latest event time of an encoded profile, without decoding the rest. */
    static long lastActivity(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getLong(1);
    }
}

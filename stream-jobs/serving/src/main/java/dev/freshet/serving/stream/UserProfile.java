package dev.freshet.serving.stream;

import dev.freshet.serving.experiment.Outcome;
import dev.freshet.serving.score.HistoryItem;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What serving holds of a user at hand: the newest live items, at most {@value #MAX_RECENT}, the newest that the user dislikes, at most
 * {@value #MAX_DISLIKED}, and how many there are in all. The complete set lies in the pairs store; only a user with more items than fit
 * here needs it.
 */
public final class UserProfile {

    /** Newest live items kept at hand. */
    public static final int MAX_RECENT = 200;

    /** Newest disliked items kept at hand. */
    static final int MAX_DISLIKED = 50;

    private static final int FORMAT = 4;

    /** The format without interactions that wait, which states and changelogs from before have. */
    private static final int WITHOUT_WAITING = 3;

    /** The format without measurements, which states and changelogs from before have. */
    private static final int WITHOUT_MEASUREMENTS = 2;

    /** The format without dislikes, which states and changelogs from before have. */
    private static final int WITHOUT_DISLIKES = 1;

    private static final long NOTHING_WAITS = Long.MIN_VALUE;

    /** Where the outcome of an encoded profile begins, and where it ends. */
    private static final int OUTCOME_AT = 1 + 2 * Long.BYTES;

    private static final int OUTCOME_END = OUTCOME_AT + 3 * Integer.BYTES + 2 * Double.BYTES;

    private long lastActivity = Long.MIN_VALUE;
    private long experiment;
    private Outcome outcome = Outcome.NONE;
    private long waiting = NOTHING_WAITS;
    private long waitingSince;
    private String scoredVersion = "";
    private boolean embedded;
    /** No event comes after that. */
    private long listedAt = Long.MAX_VALUE;

    private final NewestItems live = new NewestItems(MAX_RECENT);
    private final NewestItems disliked = new NewestItems(MAX_DISLIKED);

    UserProfile() {}

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
        return live.total();
    }

    /** The newest live items, newest first. */
    public List<HistoryItem> recent() {
        return live.items();
    }

    /** The newest items that the user dislikes, newest first. */
    List<HistoryItem> disliked() {
        return disliked.items();
    }

    /** Whether all items that must not be offered to the user, live or disliked, are at hand. */
    boolean complete() {
        return live.items().size() == live.total() && disliked.items().size() == disliked.total();
    }

    /** Whether an embedding of the user is in force. */
    public boolean embedded() {
        return embedded;
    }

    /** When the recommendations in force were there, milliseconds since 1970; before the first, the end of time. */
    long listedAt() {
        return listedAt;
    }

    /** What was measured of the user in an experiment: in another one, nothing. */
    Outcome outcome(long of) {
        return of == experiment ? outcome : Outcome.NONE;
    }

    /** Notes what was measured, in the experiment that the user was last scored in. */
    void measured(Outcome next) {
        outcome = next;
    }

    /** Whether the user was last scored in an experiment. */
    boolean scoredIn(long of) {
        return of == experiment;
    }

    /**
     * Notes that an interaction waits for the user's next recommendations.
     *
     * @param causedBy its event time
     * @param arrived when it was sent, milliseconds since 1970
     */
    void waits(Instant causedBy, long arrived) {
        waiting = causedBy.toEpochMilli();
        waitingSince = arrived;
    }

    /** Event time of the interaction that waits for recommendations, or null. */
    Instant waiting() {
        return waiting == NOTHING_WAITS ? null : Instant.ofEpochMilli(waiting);
    }

    /** When the interaction that waits was sent, milliseconds since 1970. */
    long waitingSince() {
        return waitingSince;
    }

    /**
     * Notes the recommendations in force; nothing waits for them any more.
     *
     * @param at when they were there
     * @param in number of the experiment; another one begins without measurements
     */
    void scored(String version, boolean withVector, long at, long in) {
        waiting = NOTHING_WAITS;
        scoredVersion = version;
        embedded = withVector;
        listedAt = at;
        outcome = outcome(in);
        experiment = in;
    }

    /**
     * Takes an event that decides its pair.
     *
     * @param before the event that decided it so far, or null
     */
    void apply(String item, PairState event, PairState before) {
        lastActivity = Math.max(lastActivity, event.stamp().eventTime());
        if (before != null && before.live()) {
            live.remove(item);
        } else if (before != null && before.disliked()) {
            disliked.remove(item);
        }
        if (event.live()) {
            live.add(event.asHistory(item));
        } else if (event.disliked()) {
            disliked.add(event.asHistory(item));
        }
    }

    /** Whether items that belong at hand are missing, since a newer one was taken back. */
    boolean needsRefill() {
        return live.lacks() || disliked.lacks();
    }

    /** Sets the newest items from all pairs of the user. */
    void refill(Map<String, PairState> pairs) {
        List<HistoryItem> allLive = new ArrayList<>();
        List<HistoryItem> allDisliked = new ArrayList<>();
        pairs.forEach((item, pair) -> {
            if (pair.live()) {
                allLive.add(pair.asHistory(item));
            } else if (pair.disliked()) {
                allDisliked.add(pair.asHistory(item));
            }
        });
        live.refill(allLive);
        disliked.refill(allDisliked);
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 + 48 * recent().size());
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(FORMAT);
            out.writeLong(lastActivity);
            out.writeLong(experiment);
            out.writeInt(outcome.events());
            out.writeInt(outcome.hits());
            out.writeDouble(outcome.reciprocalRanks());
            out.writeDouble(outcome.gains());
            out.writeInt(outcome.fallbacks());
            out.writeLong(waiting);
            out.writeLong(waitingSince);
            out.writeUTF(scoredVersion);
            out.writeBoolean(embedded);
            out.writeLong(listedAt);
            live.write(out);
            disliked.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A profile as the users store has it. */
    public static UserProfile decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int format = in.readByte();
            if (format < WITHOUT_DISLIKES || format > FORMAT) {
                throw new IllegalStateException("user profile of format " + format + "; this version reads "
                        + WITHOUT_DISLIKES + " to " + FORMAT);
            }
            UserProfile profile = new UserProfile();
            profile.lastActivity = in.readLong();
            if (format > WITHOUT_MEASUREMENTS) {
                profile.experiment = in.readLong();
                profile.outcome =
                        new Outcome(in.readInt(), in.readInt(), in.readDouble(), in.readDouble(), in.readInt());
            }
            if (format > WITHOUT_WAITING) {
                profile.waiting = in.readLong();
                profile.waitingSince = in.readLong();
            }
            profile.scoredVersion = in.readUTF();
            profile.embedded = in.readBoolean();
            if (format > WITHOUT_MEASUREMENTS) {
                profile.listedAt = in.readLong();
            }
            profile.live.read(in);
            if (format != WITHOUT_DISLIKES) {
                profile.disliked.read(in);
            }
            return profile;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether an interaction waits for the recommendations of an encoded profile, without decoding the rest. */
    static boolean waits(byte[] bytes) {
        return bytes[0] > WITHOUT_WAITING && ByteBuffer.wrap(bytes).getLong(OUTCOME_END) != NOTHING_WAITS;
    }

    /** What was measured of an encoded profile in an experiment, without decoding the rest. */
    static Outcome outcome(byte[] bytes, long of) {
        ByteBuffer at = ByteBuffer.wrap(bytes, OUTCOME_AT - Long.BYTES, bytes.length - OUTCOME_AT + Long.BYTES);
        return bytes[0] <= WITHOUT_MEASUREMENTS || at.getLong() != of
                ? Outcome.NONE
                : new Outcome(at.getInt(), at.getInt(), at.getDouble(), at.getDouble(), at.getInt());
    }

    /** The latest event time of an encoded profile, without decoding the rest. */
    static long lastActivity(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getLong(1);
    }
}

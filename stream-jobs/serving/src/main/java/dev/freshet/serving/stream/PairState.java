package dev.freshet.serving.stream;

import dev.freshet.serving.score.HistoryItem;
import dev.freshet.serving.score.Stamp;
import dev.freshet.topic.Intake;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;

/**
 * The deciding event of a (user, item) pair; a pair that was taken back stays as a tombstone, or an older event would
 * bring it back.
 *
 * @param live whether the user has the item
 * @param action what the user did
 * @param weight strength of the action
 * @param stamp when and where
 */
record PairState(boolean live, String action, double weight, Stamp stamp) {

    /** Whether the user does not want the item. */
    boolean disliked() {
        return !live && Intake.isDislike(action);
    }

    HistoryItem asHistory(String item) {
        return new HistoryItem(item, action, weight, stamp);
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(40);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeBoolean(live);
            out.writeUTF(action);
            out.writeDouble(weight);
            write(stamp, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static PairState decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            return new PairState(in.readBoolean(), in.readUTF(), in.readDouble(), readStamp(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void write(Stamp stamp, DataOutputStream out) throws IOException {
        out.writeLong(stamp.eventTime());
        out.writeInt(stamp.partition());
        out.writeLong(stamp.offset());
    }

    static Stamp readStamp(DataInputStream in) throws IOException {
        return new Stamp(in.readLong(), in.readInt(), in.readLong());
    }

    /** Key of a pair: the user's length in bytes, the user, the item; so that all pairs of a user lie together. */
    static Bytes key(String user, String item) {
        byte[] prefix = prefix(user);
        byte[] suffix = item.getBytes(StandardCharsets.UTF_8);
        byte[] key = Arrays.copyOf(prefix, prefix.length + suffix.length);
        System.arraycopy(suffix, 0, key, prefix.length, suffix.length);
        return Bytes.wrap(key);
    }

    /** What the keys of a user's pairs begin with. */
    static byte[] prefix(String user) {
        byte[] id = user.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Short.BYTES + id.length)
                .putShort((short) id.length)
                .put(id)
                .array();
    }

    /** The least key after a pair's. */
    static Bytes after(Bytes key) {
        return Bytes.wrap(Arrays.copyOf(key.get(), key.get().length + 1));
    }

    /** The item in a pair's key. */
    static String item(Bytes key) {
        byte[] bytes = key.get();
        int from = Short.BYTES + userLength(bytes);
        return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
    }

    /** The user in a pair's key. */
    static String user(Bytes key) {
        byte[] bytes = key.get();
        return new String(bytes, Short.BYTES, userLength(bytes), StandardCharsets.UTF_8);
    }

    private static int userLength(byte[] key) {
        return ByteBuffer.wrap(key).getShort() & 0xFFFF;
    }
}

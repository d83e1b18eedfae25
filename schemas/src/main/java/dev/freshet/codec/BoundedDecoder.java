package dev.freshet.codec;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.io.Decoder;
import org.apache.avro.util.Utf8;

/**
 * Avro's binary encoding from an array, for bytes that may be hostile: a length or a count is measured against the bytes that are
 * left before anything is allocated for it. Avro's own decoder allocates what a length claims, and a few garbage bytes can make
 * that gigabytes.
 */
final class BoundedDecoder extends Decoder {

    private static final char REPLACEMENT = '\uFFFD';

    private final byte[] bytes;
    private int position;

    /** Reads {@code bytes} from {@code position} on. */
    BoundedDecoder(byte[] bytes, int position) {
        this.bytes = bytes;
        this.position = position;
    }

    /** Bytes that have not been read. */
    int remaining() {
        return bytes.length - position;
    }

    private int take(long length, String what) throws EOFException {
        if (length < 0 || length > remaining()) {
            throw new EOFException(what + " of " + length + " bytes where " + remaining() + " are left");
        }
        int start = position;
        position += (int) length;
        return start;
    }

    /** Every item takes a byte at least. */
    private long count(long count) throws EOFException {
        if (count < 0 || count > remaining()) {
            throw new EOFException(count + " items where " + remaining() + " bytes are left");
        }
        return count;
    }

    @Override
    public void readNull() {}

    @Override
    public boolean readBoolean() throws IOException {
        return bytes[take(1, "a boolean")] == 1;
    }

    @Override
    public int readInt() throws IOException {
        long value = readLong();
        if (value != (int) value) {
            throw new AvroRuntimeException("int " + value + " has more than 32 bits");
        }
        return (int) value;
    }

    @Override
    public long readLong() throws IOException {
        long zigzag = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte next = bytes[take(1, "a number")];
            zigzag |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return (zigzag >>> 1) ^ -(zigzag & 1);
            }
        }
        throw new AvroRuntimeException("a number of more than 10 bytes");
    }

    @Override
    public float readFloat() throws IOException {
        return Float.intBitsToFloat(littleEndian(take(4, "a float")));
    }

    @Override
    public double readDouble() throws IOException {
        int start = take(8, "a double");
        return Double.longBitsToDouble(littleEndian(start) & 0xffff_ffffL | (long) littleEndian(start + 4) << 32);
    }

    private int littleEndian(int start) {
        return bytes[start] & 0xff
                | (bytes[start + 1] & 0xff) << 8
                | (bytes[start + 2] & 0xff) << 16
                | bytes[start + 3] << 24;
    }

    @Override
    public Utf8 readString(Utf8 old) throws IOException {
        return new Utf8(readString());
    }

    @Override
    public String readString() throws IOException {
        long length = readLong();
        int start = take(length, "a string");
        String text = new String(bytes, start, (int) length, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) >= 0
                && !ByteBuffer.wrap(bytes, start, (int) length)
                        .equals(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)))) {
            throw new AvroRuntimeException("a string is not UTF-8");
        }
        return text;
    }

    @Override
    public void skipString() throws IOException {
        take(readLong(), "a string");
    }

    @Override
    public ByteBuffer readBytes(ByteBuffer old) throws IOException {
        long length = readLong();
        int start = take(length, "bytes");
        byte[] copy = new byte[(int) length];
        System.arraycopy(bytes, start, copy, 0, copy.length);
        return ByteBuffer.wrap(copy);
    }

    @Override
    public void skipBytes() throws IOException {
        take(readLong(), "bytes");
    }

    @Override
    public void readFixed(byte[] target, int offset, int length) throws IOException {
        System.arraycopy(bytes, take(length, "fixed bytes"), target, offset, length);
    }

    @Override
    public void skipFixed(int length) throws IOException {
        take(length, "fixed bytes");
    }

    @Override
    public int readEnum() throws IOException {
        return readInt();
    }

    @Override
    public int readIndex() throws IOException {
        return readInt();
    }

    @Override
    public long readArrayStart() throws IOException {
        long count = readLong();
        if (count >= 0) {
            return count(count);
        }
        // A negative count is followed by the length of the block.
        long length = readLong();
        if (length < 0 || length > remaining()) {
            throw new EOFException("a block of " + length + " bytes where " + remaining() + " are left");
        }
        return count(-count);
    }

    @Override
    public long arrayNext() throws IOException {
        return readArrayStart();
    }

    @Override
    public long skipArray() throws IOException {
        for (long count; (count = readLong()) != 0; ) {
            if (count > 0) {
                return count(count);
            }
            take(readLong(), "a block");
        }
        return 0;
    }

    @Override
    public long readMapStart() throws IOException {
        return readArrayStart();
    }

    @Override
    public long mapNext() throws IOException {
        return readArrayStart();
    }

    @Override
    public long skipMap() throws IOException {
        return skipArray();
    }
}

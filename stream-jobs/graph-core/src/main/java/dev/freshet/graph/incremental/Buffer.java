package dev.freshet.graph.incremental;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing array of bytes and a cursor over it; integers are little-endian base-128 varints. */
final class Buffer {

    byte[] bytes;
    int size;
    /** Read position. */
    int at;

    Buffer(int capacity) {
        bytes = new byte[capacity];
    }

    private Buffer(byte[] bytes) {
        this.bytes = bytes;
        this.size = bytes.length;
    }

    static Buffer reading(byte[] bytes) {
        return new Buffer(bytes);
    }

    void clear() {
        size = 0;
        at = 0;
    }

    void ensure(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(size + more, size + (size >> 1)));
        }
    }

    void putInt(int value) {
        ensure(5);
        int rest = value;
        while ((rest & ~0x7F) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
    }

    void putLong(long value) {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
    }

    void putFixedLong(long value) {
        ensure(8);
        for (int shift = 0; shift < 64; shift += 8) {
            bytes[size++] = (byte) (value >>> shift);
        }
    }

    void putSignedLong(long value) {
        putLong((value << 1) ^ (value >> 63));
    }

    void putString(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        putInt(utf8.length);
        putBytes(utf8, 0, utf8.length);
    }

    void putBytes(byte[] from, int offset, int length) {
        ensure(length);
        System.arraycopy(from, offset, bytes, size, length);
        size += length;
    }

    boolean hasMore() {
        return at < size;
    }

    int getInt() {
        int value = 0;
        int shift = 0;
        while (true) {
            int next = bytes[at++];
            value |= (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
            shift += 7;
        }
    }

    long getLong() {
        long value = 0;
        int shift = 0;
        while (true) {
            int next = bytes[at++];
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
            shift += 7;
        }
    }

    long getFixedLong() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            value |= (long) (bytes[at++] & 0xFF) << shift;
        }
        return value;
    }

    long getSignedLong() {
        long value = getLong();
        return (value >>> 1) ^ -(value & 1);
    }

    String getString() {
        int length = getInt();
        String value = new String(bytes, at, length, StandardCharsets.UTF_8);
        at += length;
        return value;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }
}

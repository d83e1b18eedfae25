package dev.freshet.graph.content;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** How states are written: big-endian, strings as UTF-8 after their length. */
final class StateFormat {

    private StateFormat() {}

    static void writeString(DataOutput out, String value) throws IOException {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static String readString(DataInput in) throws IOException {
        byte[] bytes = new byte[readCount(in, "length of an id")];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int readCount(DataInput in, String what) throws IOException {
        int count = in.readInt();
        if (count < 0) {
            throw new IOException("damaged state: " + what + " is " + count);
        }
        return count;
    }

    static int readIndex(DataInput in, int size, String what) throws IOException {
        int index = in.readInt();
        if (index < 0 || index >= size) {
            throw new IOException("damaged state: " + what + " is " + index + " of " + size);
        }
        return index;
    }

    static void expect(DataInput in, int format, String what) throws IOException {
        int found = in.readInt();
        if (found != format) {
            throw new IOException("state of " + what + " has format " + found + "; this version reads " + format);
        }
    }
}

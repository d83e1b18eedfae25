package dev.freshet.dataset;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads and writes a matrix in NumPy's {@code .npy} format, versions 1.0, 2.0 and 3.0, in C order: float16, float32 and float64 as
 * {@link FloatMatrix}, int32 and int64 as {@link IntMatrix}; what is written is float32, version 1.0.
 */
public final class NpyFile {

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int MAX_HEADER = 1 << 20;
    private static final int CHUNK = 1 << 20;

    private static final Pattern DESCR = Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([^'\"]*)['\"]");
    private static final Pattern ORDER = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([^)]*)\\)");

    private record Header(String type, ByteOrder order, int rows, int columns) {
        int width() {
            return type.charAt(1) - '0';
        }
    }

    private interface Sink {
        void accept(int index, ByteBuffer bytes) throws DataSetException;
    }

    private NpyFile() {}

    /**
     * Reads a matrix of floats; float64 is rounded to float32.
     *
     * @throws DataSetException if the file is no such matrix
     */
    public static FloatMatrix readFloats(Path file) throws IOException {
        try (InputStream in = open(file)) {
            Header header = readHeader(file, in);
            float[] values = new float[header.rows * header.columns];
            switch (header.type) {
                case "f2" -> fill(file, in, header, (i, bytes) -> values[i] = halfToFloat(bytes.getShort()));
                case "f4" -> fill(file, in, header, (i, bytes) -> values[i] = bytes.getFloat());
                case "f8" -> fill(file, in, header, (i, bytes) -> values[i] = (float) bytes.getDouble());
                default -> throw wrongType(file, header, "float32");
            }
            return new FloatMatrix(header.rows, header.columns, values);
        }
    }

    /**
     * Reads a matrix of integers.
     *
     * @throws DataSetException if the file is no such matrix, or a number does not fit into 32 bits
     */
    public static IntMatrix readInts(Path file) throws IOException {
        try (InputStream in = open(file)) {
            Header header = readHeader(file, in);
            int[] values = new int[header.rows * header.columns];
            switch (header.type) {
                case "i4" -> fill(file, in, header, (i, bytes) -> values[i] = bytes.getInt());
                case "i8" -> fill(file, in, header, (i, bytes) -> {
                    long value = bytes.getLong();
                    if (value != (int) value) {
                        throw new DataSetException(file + ": row " + i / header.columns + " has " + value
                                + ", which does not fit into 32 bits; save indices as int32");
                    }
                    values[i] = (int) value;
                });
                default -> throw wrongType(file, header, "int32");
            }
            return new IntMatrix(header.rows, header.columns, values);
        }
    }

    /** Writes a matrix of float32, instead of what the file holds. */
    public static void write(Path file, FloatMatrix matrix) throws IOException {
        String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + matrix.rows() + ", " + matrix.columns()
                + "), }";
        // With magic, version and length, a multiple of 64, and a line end last.
        int length = (MAGIC.length + 4 + header.length() + 1 + 63) / 64 * 64 - MAGIC.length - 4;
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.write(MAGIC);
            out.writeByte(1);
            out.writeByte(0);
            out.writeShort(Short.reverseBytes((short) length));
            out.writeBytes(header + " ".repeat(length - header.length() - 1) + '\n');
            for (float value : matrix.values()) {
                out.writeInt(Integer.reverseBytes(Float.floatToRawIntBits(value)));
            }
        }
    }

    /** Number of rows of a matrix, from its header alone. */
    static int rows(Path file) throws IOException {
        try (InputStream in = open(file)) {
            return readHeader(file, in).rows;
        }
    }

    private static InputStream open(Path file) throws IOException {
        try {
            return new BufferedInputStream(Files.newInputStream(file));
        } catch (NoSuchFileException e) {
            throw new DataSetException(file + ": no such file", e);
        }
    }

    private static Header readHeader(Path file, InputStream stream) throws IOException {
        DataInputStream in = new DataInputStream(stream);
        byte[] magic = in.readNBytes(MAGIC.length);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new DataSetException(file + ": not a NumPy file; write it with numpy.save");
        }
        String text;
        try {
            int version = in.readUnsignedByte();
            in.readUnsignedByte();
            if (version < 1 || version > 3) {
                throw new DataSetException(
                        file + ": NumPy format version " + version + " is unknown; write it with numpy.save");
            }
            int length = version == 1
                    ? Short.toUnsignedInt(Short.reverseBytes(in.readShort()))
                    : Integer.reverseBytes(in.readInt());
            if (length < 0 || length > MAX_HEADER) {
                throw new DataSetException(file + ": the header claims " + Integer.toUnsignedString(length)
                        + " bytes; the file is corrupt, write it again");
            }
            byte[] bytes = new byte[length];
            in.readFully(bytes);
            text = new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (EOFException e) {
            throw new DataSetException(file + ": ends within the header; copy the file again", e);
        }
        String descr = find(file, DESCR, text, "descr");
        if (find(file, ORDER, text, "fortran_order").equals("True")) {
            throw new DataSetException(file + ": is in Fortran order; save numpy.ascontiguousarray(matrix) instead");
        }
        String[] shape = find(file, SHAPE, text, "shape").trim().split("\\s*,\\s*");
        if (shape.length != 2) {
            throw new DataSetException(
                    file + ": has shape (" + String.join(", ", shape) + "); a matrix of rows and columns is needed");
        }
        long rows;
        long columns;
        try {
            rows = Long.parseLong(shape[0]);
            columns = Long.parseLong(shape[1]);
        } catch (NumberFormatException e) {
            throw new DataSetException(file + ": the header has no readable shape; write it with numpy.save", e);
        }
        if (rows < 0 || columns < 0 || (columns > 0 && rows > (Integer.MAX_VALUE - 8) / columns)) {
            throw new DataSetException(
                    file + ": " + rows + " x " + columns + " is too large; at most 2^31 numbers are supported");
        }
        ByteOrder order = descr.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        return new Header(descr.replaceFirst("^[<>=|]", ""), order, (int) rows, (int) columns);
    }

    private static String find(Path file, Pattern pattern, String text, String key) throws DataSetException {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new DataSetException(file + ": the header has no readable " + key + "; write it with numpy.save");
        }
        return matcher.group(1);
    }

    private static DataSetException wrongType(Path file, Header header, String wanted) {
        return new DataSetException(file + ": holds " + header.type + "; save matrix.astype('" + wanted + "') instead");
    }

    private static void fill(Path file, InputStream in, Header header, Sink sink) throws IOException {
        byte[] chunk = new byte[CHUNK];
        ByteBuffer buffer = ByteBuffer.wrap(chunk).order(header.order);
        long bytes = (long) header.rows * header.columns * header.width();
        int index = 0;
        for (long left = bytes; left > 0; left -= buffer.limit()) {
            int wanted = (int) Math.min(left, CHUNK);
            if (in.readNBytes(chunk, 0, wanted) < wanted) {
                throw new DataSetException(file + ": ends before its " + header.rows + " x " + header.columns
                        + " numbers; copy the file again");
            }
            buffer.clear().limit(wanted);
            while (buffer.hasRemaining()) {
                sink.accept(index++, buffer);
            }
        }
        if (in.read() >= 0) {
            throw new DataSetException(
                    file + ": goes on after its " + header.rows + " x " + header.columns + " numbers; write it again");
        }
    }

    /** IEEE 754 binary16 to binary32, exactly. */
    static float halfToFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >>> 10) & 0x1f;
        int mantissa = half & 0x3ff;
        if (exponent == 0) {
            float magnitude = mantissa * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int bits = exponent == 0x1f ? 0x7f800000 | mantissa << 13 : (exponent + 112) << 23 | mantissa << 13;
        return Float.intBitsToFloat(sign | bits);
    }
}

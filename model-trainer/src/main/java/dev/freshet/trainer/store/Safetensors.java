package dev.freshet.trainer.store;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.freshet.trainer.tensor.Table;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file in the safetensors format: a header in JSON, then the tensors' bytes, little-endian. Holds matrices of float32, lists of
 * whole numbers and of strings (a JSON array in a tensor of bytes), and text by name.
 *
 * @param metadata text by name
 * @param matrices matrices by name
 * @param numbers lists of whole numbers by name
 * @param strings lists of strings by name
 */
public record Safetensors(
        Map<String, String> metadata,
        Map<String, Matrix> matrices,
        Map<String, int[]> numbers,
        Map<String, List<String>> strings) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String METADATA = "__metadata__";
    /** What the name of a file ends with that is being written. */
    public static final String PARTIAL = ".partial";

    private static final int MAX_HEADER = 100 << 20;
    private static final int CHUNK = 1 << 16;

    /**
     * A matrix.
     *
     * @param values rows × columns, row after row
     */
    @SuppressWarnings("ArrayRecordComponent") // the array is the point: it goes to numeric code as it is
    public record Matrix(int rows, int columns, float[] values) {
        /** A copy of a table. */
        public static Matrix of(Table table) {
            return new Matrix(table.rows(), table.columns(), table.toFloats());
        }
    }

    /** Writes the file in the place of one that is there; it is there whole, or not at all. */
    public void replace(Path file) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + PARTIAL);
        write(partial);
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Writes the file, through to the disk. */
    private void write(Path file) throws IOException {
        Map<String, byte[]> texts = new LinkedHashMap<>();
        for (Map.Entry<String, List<String>> list : strings.entrySet()) {
            texts.put(list.getKey(), JSON.writeValueAsBytes(list.getValue()));
        }
        ObjectNode header = JSON.createObjectNode();
        ObjectNode about = header.putObject(METADATA);
        metadata.forEach(about::put);
        long at = 0;
        for (Map.Entry<String, Matrix> matrix : matrices.entrySet()) {
            Matrix value = matrix.getValue();
            at = entry(header, matrix.getKey(), "F32", at, 4L * value.values.length, value.rows, value.columns);
        }
        for (Map.Entry<String, int[]> list : numbers.entrySet()) {
            at = entry(header, list.getKey(), "I32", at, 4L * list.getValue().length, list.getValue().length);
        }
        for (Map.Entry<String, byte[]> text : texts.entrySet()) {
            at = entry(header, text.getKey(), "U8", at, text.getValue().length, text.getValue().length);
        }
        byte[] json = JSON.writeValueAsBytes(header);
        byte[] padded = new byte[(json.length + 7) / 8 * 8];
        Arrays.fill(padded, (byte) ' ');
        System.arraycopy(json, 0, padded, 0, json.length);
        try (FileChannel channel = FileChannel.open(file, CREATE, TRUNCATE_EXISTING, WRITE);
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), CHUNK)) {
            ByteBuffer length =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(padded.length);
            out.write(length.array());
            out.write(padded);
            for (Matrix matrix : matrices.values()) {
                ByteBuffer bytes = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
                for (float value : matrix.values) {
                    bytes.putFloat(value);
                    if (!bytes.hasRemaining()) {
                        out.write(bytes.array());
                        bytes.clear();
                    }
                }
                out.write(bytes.array(), 0, bytes.position());
            }
            for (int[] list : numbers.values()) {
                ByteBuffer bytes = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
                for (int value : list) {
                    bytes.putInt(value);
                    if (!bytes.hasRemaining()) {
                        out.write(bytes.array());
                        bytes.clear();
                    }
                }
                out.write(bytes.array(), 0, bytes.position());
            }
            for (byte[] text : texts.values()) {
                out.write(text);
            }
            out.flush();
            channel.force(true);
        }
    }

    private static long entry(ObjectNode header, String name, String type, long at, long length, int... shape) {
        ObjectNode entry = header.putObject(name);
        entry.put("dtype", type);
        for (int size : shape) {
            entry.withArray("shape").add(size);
        }
        entry.putArray("data_offsets").add(at).add(at + length);
        return at + length;
    }

    /**
     * Reads a file that {@link #replace} wrote.
     *
     * @throws IOException if it is no such file, with a line that says so
     */
    public static Safetensors read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        try {
            long length = bytes.getLong();
            if (length < 0 || length > Math.min(MAX_HEADER, bytes.remaining())) {
                throw new IOException(file + ": no safetensors file; its header claims " + length + " bytes");
            }
            byte[] json = new byte[(int) length];
            bytes.get(json);
            JsonNode header = JSON.readTree(new String(json, StandardCharsets.UTF_8));
            int start = bytes.position();
            Map<String, String> metadata = new LinkedHashMap<>();
            Map<String, Matrix> matrices = new LinkedHashMap<>();
            Map<String, int[]> numbers = new LinkedHashMap<>();
            Map<String, List<String>> strings = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> field : header.properties()) {
                if (field.getKey().equals(METADATA)) {
                    field.getValue()
                            .properties()
                            .forEach(text ->
                                    metadata.put(text.getKey(), text.getValue().asText()));
                } else {
                    JsonNode offsets = field.getValue().path("data_offsets");
                    int from = start + offsets.path(0).asInt();
                    int to = start + offsets.path(1).asInt();
                    ByteBuffer data = bytes.slice(from, to - from).order(ByteOrder.LITTLE_ENDIAN);
                    String type = field.getValue().path("dtype").asText();
                    if (type.equals("F32")) {
                        JsonNode shape = field.getValue().path("shape");
                        int rows = shape.path(0).asInt();
                        int columns = shape.path(1).asInt();
                        if (rows < 0 || columns < 0 || 4L * rows * columns != data.remaining()) {
                            throw new IOException(file + ": truncated or corrupt safetensors file (" + field.getKey()
                                    + " has " + data.remaining() + " bytes for " + rows + " x " + columns + ")");
                        }
                        float[] values = new float[rows * columns];
                        data.asFloatBuffer().get(values);
                        matrices.put(field.getKey(), new Matrix(rows, columns, values));
                    } else if (type.equals("I32")) {
                        int[] values = new int[data.remaining() / 4];
                        data.asIntBuffer().get(values);
                        numbers.put(field.getKey(), values);
                    } else {
                        strings.put(field.getKey(), strings(data));
                    }
                }
            }
            return new Safetensors(metadata, matrices, numbers, strings);
        } catch (JsonProcessingException | IndexOutOfBoundsException | BufferUnderflowException e) {
            throw new IOException(file + ": truncated or corrupt safetensors file (" + e.getMessage() + ")", e);
        }
    }

    private static List<String> strings(ByteBuffer data) throws IOException {
        byte[] json = new byte[data.remaining()];
        data.get(json);
        List<String> values = new ArrayList<>();
        JSON.readTree(json).forEach(value -> values.add(value.asText()));
        return values;
    }
}

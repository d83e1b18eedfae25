package dev.freshet.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NpyFileTest {

    @TempDir
    Path folder;

    @Test
    void everyHalfIsExact() {
        for (int bits = 0; bits < 0x10000; bits++) {
            int exponent = bits >> 10 & 0x1f;
            int mantissa = bits & 0x3ff;
            double sign = bits >> 15 == 0 ? 1 : -1;
            double expected = exponent == 31
                    ? mantissa == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN
                    : exponent == 0
                            ? sign * mantissa * Math.pow(2, -24)
                            : sign * (1 + mantissa / 1024.0) * Math.pow(2, exponent - 15);
            assertThat(Double.valueOf(NpyFile.halfToFloat((short) bits)))
                    .as("bits %04x", bits)
                    .isEqualTo(Double.valueOf(expected));
        }
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Path file = folder.resolve("written.npy");
        float[] values = {-1.5f, Float.MIN_VALUE, 3, 0, Float.MAX_VALUE, .1f};
        NpyFile.write(file, new FloatMatrix(3, 2, values));
        FloatMatrix read = NpyFile.readFloats(file);
        assertThat(read.rows()).isEqualTo(3);
        assertThat(read.values()).containsExactly(values);
        // NumPy wants the numbers to begin at a multiple of 64.
        assertThat((Files.size(file) - 4L * values.length) % 64).isZero();
    }

    @Test
    void readsEachTypeVersionAndByteOrder() throws IOException {
        for (int version = 1; version <= 3; version++) {
            for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
                String sign = order == ByteOrder.LITTLE_ENDIAN ? "<" : ">";
                ByteBuffer floats = ByteBuffer.allocate(24).order(order);
                ByteBuffer doubles = ByteBuffer.allocate(48).order(order);
                ByteBuffer halves = ByteBuffer.allocate(12).order(order);
                ByteBuffer ints = ByteBuffer.allocate(24).order(order);
                ByteBuffer longs = ByteBuffer.allocate(48).order(order);
                for (int i = 0; i < 6; i++) {
                    floats.putFloat(i - 1.5f);
                    doubles.putDouble(i - 1.5);
                    halves.putShort((short) (0x3c00 + i * 0x400));
                    ints.putInt(i - 3);
                    longs.putLong(i - 3);
                }
                String shape = "(2, 3)";
                Path f4 = write(version, sign + "f4", "False", shape, floats);
                assertThat(NpyFile.readFloats(f4).values()).containsExactly(-1.5f, -.5f, .5f, 1.5f, 2.5f, 3.5f);
                assertThat(NpyFile.readFloats(f4).rows()).isEqualTo(2);
                assertThat(NpyFile.readFloats(f4).row(1)).containsExactly(1.5f, 2.5f, 3.5f);
                assertThat(NpyFile.readFloats(f4).get(1, 2)).isEqualTo(3.5f);
                assertThat(NpyFile.readFloats(write(version, sign + "f8", "False", shape, doubles))
                                .values())
                        .containsExactly(-1.5f, -.5f, .5f, 1.5f, 2.5f, 3.5f);
                assertThat(NpyFile.readFloats(write(version, sign + "f2", "False", shape, halves))
                                .values())
                        .containsExactly(1, 2, 4, 8, 16, 32);
                Path i4 = write(version, sign + "i4", "False", shape, ints);
                assertThat(NpyFile.readInts(i4).values()).containsExactly(-3, -2, -1, 0, 1, 2);
                assertThat(NpyFile.readInts(i4).row(0)).containsExactly(-3, -2, -1);
                assertThat(NpyFile.readInts(write(version, sign + "i8", "False", shape, longs))
                                .values())
                        .containsExactly(-3, -2, -1, 0, 1, 2);
            }
        }
    }

    @Test
    void readsMoreThanOneChunk() throws IOException {
        int rows = 300_001;
        ByteBuffer data = ByteBuffer.allocate(rows * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows; i++) {
            data.putInt(i);
        }
        IntMatrix matrix = NpyFile.readInts(write(1, "<i4", "False", "(" + rows + ", 1)", data));
        assertThat(matrix.get(rows - 1, 0)).isEqualTo(rows - 1);
        assertThat(matrix.get(262_144, 0)).isEqualTo(262_144);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "<f4 ; True  ; (2, 3) ; Fortran order",
                "<f4 ; False ; (6,)   ; shape",
                "<f4 ; False ; (1, 2, 3) ; shape",
                "<f4 ; False ; (3, 3) ; ends before",
                "<f4 ; False ; (1, 3) ; goes on",
                "<f4 ; False ; (100000, 100000) ; too large",
                "<f4 ; False ; (-1, 3) ; too large",
                "<f4 ; False ; (a, 3) ; readable shape",
                "<f4 ; Maybe ; (2, 3) ; fortran_order",
                "<c8 ; False ; (1, 3) ; astype('float32')",
                "|O  ; False ; (1, 3) ; astype('float32')",
                "<i4 ; False ; (2, 3) ; astype('float32')",
            })
    void namesTheFileAndTheRemedy(String type, String fortran, String shape, String message) throws IOException {
        Path file = write(1, type, fortran, shape, ByteBuffer.allocate(24));
        assertThatThrownBy(() -> NpyFile.readFloats(file))
                .isInstanceOf(DataSetException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesWhatIsNoNumpyFileAndEveryTruncation() throws IOException {
        Path missing = folder.resolve("missing.npy");
        assertThatThrownBy(() -> NpyFile.readFloats(missing)).hasMessage(missing + ": no such file");
        byte[] whole = Files.readAllBytes(write(2, "<f4", "False", "(2, 3)", ByteBuffer.allocate(24)));
        Path cut = folder.resolve("cut.npy");
        for (int length = 0; length < whole.length; length++) {
            Files.write(cut, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> NpyFile.readFloats(cut)).isInstanceOf(DataSetException.class);
        }
        whole[6] = 9;
        Files.write(cut, whole);
        assertThatThrownBy(() -> NpyFile.readFloats(cut)).hasMessageContaining("version 9");
    }

    @Test
    void refusesIntegersBeyond32Bits() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(1)
                .putLong(1L << 40);
        Path file = write(1, "<i8", "False", "(2, 1)", data);
        assertThatThrownBy(() -> NpyFile.readInts(file))
                .isInstanceOf(DataSetException.class)
                .hasMessageContaining("row 1 has 1099511627776");
    }

    private Path write(int version, String type, String fortran, String shape, ByteBuffer data) throws IOException {
        byte[] header = ("{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        ByteBuffer length =
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(header.length);
        out.write(length.array(), 0, version == 1 ? 2 : 4);
        out.writeBytes(header);
        out.writeBytes(data.array());
        return Files.write(folder.resolve("m.npy"), out.toByteArray());
    }
}

package dev.freshet.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import dev.freshet.schema.Interaction;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.apache.avro.specific.SpecificRecordBase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the bytes are, they are a record or a {@link BadRecordException}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileBytesTest {

    private static final int HEADER = 10;
    private static final int ROUNDS = 3_000;

    static Iterable<SpecificRecordBase> samples() {
        return Samples.all();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void everyTruncationIsRefused(SpecificRecordBase sample) {
        RecordCodec<SpecificRecordBase> codec = Samples.codec(sample);
        byte[] bytes = codec.encode(sample);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> codec.decode(cut))
                    .as("%d of %d bytes", length, bytes.length)
                    .isInstanceOf(BadRecordException.class)
                    .hasMessageStartingWith(sample.getClass().getSimpleName() + ": ")
                    .hasMessageNotContaining("\n");
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void randomBytesAndFlippedBitsNeverDoWorse(SpecificRecordBase sample) {
        RecordCodec<SpecificRecordBase> codec = Samples.codec(sample);
        byte[] good = codec.encode(sample);
        Random random = new Random(sample.getClass().getName().hashCode());
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes;
            switch (round % 3) {
                case 0 -> {
                    bytes = new byte[random.nextInt(200)];
                    random.nextBytes(bytes);
                }
                case 1 -> {
                    bytes = Arrays.copyOf(good, HEADER + random.nextInt(100));
                    for (int i = HEADER; i < bytes.length; i++) {
                        bytes[i] = (byte) random.nextInt(256);
                    }
                }
                default -> {
                    bytes = good.clone();
                    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                        bytes[HEADER + random.nextInt(bytes.length - HEADER)] ^= (byte) (1 << random.nextInt(8));
                    }
                }
            }
            try {
                codec.decode(bytes);
            } catch (BadRecordException e) {
                refused++;
                assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
            } catch (RuntimeException | Error e) {
                fail(
                        "%s in round %d: %s",
                        sample.getClass().getSimpleName(), round, HexFormat.of().formatHex(bytes), e);
            }
        }
        assertThat(refused).isGreaterThan(ROUNDS / 2);
    }

    /** A few bytes must not make the process allocate gigabytes. */
    @ParameterizedTest
    @MethodSource("samples")
    void everyLengthIsMeasuredAgainstTheBytesThereAre(SpecificRecordBase sample) {
        RecordCodec<SpecificRecordBase> codec = Samples.codec(sample);
        byte[] good = codec.encode(sample);
        decodeSilently(codec, good); // What is allocated once is not counted.
        // At every place: lengths of 2^20 to 2^40, as zigzag varints, positive and negative.
        for (int at = HEADER; at < good.length; at++) {
            for (int shift : new int[] {20, 28, 30, 31, 40}) {
                for (long length : new long[] {1L << shift, -(1L << shift)}) {
                    byte[] varint = varint(length);
                    byte[] bytes = Arrays.copyOf(good, at + varint.length);
                    System.arraycopy(varint, 0, bytes, at, varint.length);
                    long before = allocated();
                    try {
                        codec.decode(bytes);
                    } catch (BadRecordException e) {
                        // As it should be; some places are numbers or the end, and fine.
                    } catch (RuntimeException | Error e) {
                        fail("%s at %d, length %d", sample.getClass().getSimpleName(), at, length, e);
                    }
                    assertThat(allocated() - before)
                            .as("%s at %d, length %d", sample.getClass().getSimpleName(), at, length)
                            .isLessThan(1 << 20);
                }
            }
        }
    }

    @Test
    void theReasonSaysWhatToDo() {
        RecordCodec<Interaction> codec = SingleObjectCodec.of(Interaction.class);
        byte[] good = codec.encode(Samples.of(Interaction.class));
        assertThatThrownBy(() -> codec.decode(null)).hasMessageContaining("no tombstones");
        assertThatThrownBy(() -> codec.decode("{\"user\": 1}".getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("starts with C3 01");
        byte[] unknown = good.clone();
        unknown[5] ^= 1;
        assertThatThrownBy(() -> codec.decode(unknown))
                .hasMessageContaining("unknown writer schema")
                .hasMessageContaining("topic schemas");
        assertThatThrownBy(() -> codec.decode(Arrays.copyOf(good, good.length - 1)))
                .hasMessageContaining("truncated or corrupt");
        byte[] longer = Arrays.copyOf(good, good.length + 1);
        assertThatThrownBy(() -> codec.decode(longer)).hasMessageContaining("1 byte too many");
    }

    private static void decodeSilently(RecordCodec<SpecificRecordBase> codec, byte[] bytes) {
        try {
            codec.decode(bytes);
        } catch (BadRecordException e) {
            fail("the sample itself is refused", e);
        }
    }

    private static byte[] varint(long value) {
        byte[] bytes = new byte[10];
        int length = 0;
        for (long n = (value << 1) ^ (value >> 63); ; n >>>= 7) {
            bytes[length] = (byte) (n & 0x7f);
            if ((n & ~0x7fL) == 0) {
                return Arrays.copyOf(bytes, length + 1);
            }
            bytes[length++] |= (byte) 0x80;
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}

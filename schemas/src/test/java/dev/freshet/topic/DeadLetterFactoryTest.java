package dev.freshet.topic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.DeadLetter;
import org.junit.jupiter.api.Test;

class DeadLetterFactoryTest {

    private static DeadLetter letter(byte[] key, byte[] value, String reason) {
        return DeadLetterFactory.letter("items", 1, 2, 3, key, value, reason, "job 1");
    }

    @Test
    void theRecordIsInItsLetter() {
        DeadLetter letter = letter(new byte[] {7}, null, "bad");

        assertThat(letter.getKey().array()).containsExactly(7);
        assertThat(letter.getValue()).isNull();
        assertThat(letter.getReason()).isEqualTo("bad");
        assertThat(letter.getOffset()).isEqualTo(2);
        assertThat(letter.getTimestamp().toEpochMilli()).isEqualTo(3);
    }

    /** A broker takes a larger record where it is compressed; no producer of ours sends a larger letter. */
    @Test
    void noLetterIsTooLargeForItsTopic() {
        String name = "é".repeat(2_000_000);
        DeadLetter largest = letter(new byte[0], new byte[TopicCatalogue.MAX_RECORD_BYTES], name);
        DeadLetter larger = letter(new byte[1], new byte[TopicCatalogue.MAX_RECORD_BYTES], "bad");

        assertThat(largest.getValue().remaining()).isEqualTo(TopicCatalogue.MAX_RECORD_BYTES);
        assertThat(Topic.DEAD_LETTERS.codec().encode(largest))
                .hasSizeLessThan(TopicCatalogue.MAX_DEAD_LETTER_BYTES - 1024);
        assertThat(larger.getKey()).isNull();
        assertThat(larger.getValue()).isNull();
        assertThat(larger.getReason()).startsWith("bad (its bytes are too large");
    }
}

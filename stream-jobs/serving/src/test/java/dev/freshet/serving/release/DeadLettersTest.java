package dev.freshet.serving.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.DeadLetter;
import dev.freshet.serving.stream.Refusals.Refused;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class DeadLettersTest {

    private final MockProducer<byte[], byte[]> producer =
            new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    private final DeadLetters letters = new DeadLetters(producer, "serving test", () -> true);

    private static Refused refused(long offset) {
        return new Refused(
                Topic.NEIGHBORS.name(), 0, offset, 0, "key".getBytes(StandardCharsets.UTF_8), new byte[] {1, 2, 3});
    }

    static DeadLetter letter(String topic, long offset) {
        return DeadLetter.newBuilder()
                .setTopic(topic)
                .setPartition(0)
                .setOffset(offset)
                .setTimestamp(Instant.EPOCH)
                .setReason("bad")
                .setJob("test")
                .setRefusedAt(Instant.EPOCH)
                .build();
    }

    private List<Long> written() {
        return producer.history().stream()
                .map(record -> {
                    try {
                        return Topic.DEAD_LETTERS.codec().decode(record.value()).getOffset();
                    } catch (dev.freshet.codec.BadRecordException e) {
                        throw new AssertionError(e);
                    }
                })
                .toList();
    }

    @Test
    void writesWhatTheTopicDoesNotHave() {
        letters.refuse(refused(1), "bad");
        letters.refuse(refused(2), "bad");
        letters.seen(letter(Topic.NEIGHBORS.name(), 2));
        letters.flush();
        letters.refuse(refused(1), "bad");
        letters.flush();

        assertThat(written()).containsExactly(1L);
    }

    @Test
    void remembersNoMoreThanTheNewest() {
        for (long offset = 0; offset <= DeadLetters.MAX_KNOWN; offset++) {
            letters.seen(letter(Topic.NEIGHBORS.name(), offset));
        }
        letters.refuse(refused(0), "bad");
        letters.refuse(refused(1), "bad");
        letters.flush();

        assertThat(written()).containsExactly(0L);
    }
}

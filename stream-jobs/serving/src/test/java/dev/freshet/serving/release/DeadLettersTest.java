package dev.freshet.serving.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.schema.DeadLetter;
import dev.freshet.serving.stream.Refusals.Refused;
import dev.freshet.topic.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
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

    @Test
    void aRecordThatIsTooLargeForALetterIsReportedWithoutItsBytes() throws Exception {
        MockProducer<byte[], byte[]> broker =
                new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                    @Override
                    public synchronized Future<RecordMetadata> send(
                            ProducerRecord<byte[], byte[]> record, Callback callback) {
                        Future<RecordMetadata> sent = super.send(record, callback);
                        if (record.value().length > 1000) {
                            errorNext(new RecordTooLargeException("too large"));
                        }
                        return sent;
                    }
                };
        DeadLetters large = new DeadLetters(broker, "serving test", () -> true);
        large.refuse(new Refused(Topic.NEIGHBORS.name(), 0, 1, 0, new byte[2000], new byte[2000]), "bad");
        for (int flush = 0; flush < 5; flush++) {
            large.flush();
        }

        assertThat(broker.history()).hasSize(2);
        DeadLetter letter =
                Topic.DEAD_LETTERS.codec().decode(broker.history().get(1).value());
        assertThat(letter.getOffset()).isEqualTo(1);
        assertThat(letter.getKey()).isNull();
        assertThat(letter.getValue()).isNull();
        assertThat(letter.getReason()).startsWith("bad (its bytes are too large");
    }
}

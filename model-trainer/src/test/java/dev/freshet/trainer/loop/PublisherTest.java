package dev.freshet.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.schema.Evaluation;
import dev.freshet.schema.EvaluationKind;
import java.time.Instant;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class PublisherTest {

    /** Refuses every record, as a broker does: later, not in the call. */
    private final MockProducer<byte[], byte[]> refusing =
            new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                @Override
                public synchronized java.util.concurrent.Future<RecordMetadata> send(
                        ProducerRecord<byte[], byte[]> record, Callback callback) {
                    java.util.concurrent.Future<RecordMetadata> sent = super.send(record, callback);
                    errorNext(new RecordTooLargeException("too large"));
                    return sent;
                }
            };

    private final Publisher publisher = new Publisher(refusing, refusing);

    private static Evaluation evaluation(EvaluationKind kind) {
        return Evaluation.newBuilder()
                .setRunId("r")
                .setKind(kind)
                .setModel("m")
                .setAt(Instant.EPOCH)
                .build();
    }

    @Test
    void aDecisionThatIsNotWrittenIsAFailure() {
        assertThatThrownBy(() -> publisher.evaluation(evaluation(EvaluationKind.GATE)))
                .isInstanceOf(KafkaException.class)
                .hasMessage("too large");
    }

    @Test
    void progressThatIsNotWrittenIsNone() {
        publisher.evaluation(evaluation(EvaluationKind.EPOCH));
        assertThat(refusing.history()).hasSize(1);
    }
}

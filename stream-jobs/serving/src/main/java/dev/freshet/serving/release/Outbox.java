package dev.freshet.serving.release;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;

/** Sends what people ask for over HTTP, record by record, each acknowledged before it counts as sent. Thread-safe. */
public final class Outbox {

    /** Longest wait for the broker; {@link Clients#promptProducer} gives up before. */
    private static final long PATIENCE_SECONDS = 15;

    private final Producer<byte[], byte[]> producer;

    /** Where a record lies. */
    public record Place(String topic, int partition, long offset) {}

    public Outbox(Producer<byte[], byte[]> producer) {
        this.producer = producer;
    }

    /**
     * Sends a record, and waits until the broker has it.
     *
     * @return where it lies
     * @throws KafkaException if the broker has not taken it, or not said so in time
     */
    public Place send(String topic, byte[] key, byte[] value) {
        try {
            RecordMetadata at =
                    producer.send(new ProducerRecord<>(topic, key, value)).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return new Place(at.topic(), at.partition(), at.offset());
        } catch (ExecutionException e) {
            throw new KafkaException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new KafkaException("no answer within " + PATIENCE_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        }
    }
}

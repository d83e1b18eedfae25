package dev.freshet.codec;

import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/** A {@link RecordCodec} as a Kafka deserializer; null, a tombstone, stays null. */
public final class AvroDeserializer<T> implements Deserializer<T> {

    private final RecordCodec<T> codec;

    public AvroDeserializer(RecordCodec<T> codec) {
        this.codec = codec;
    }

    @Override
    public T deserialize(String topic, byte[] bytes) {
        try {
            return bytes == null ? null : codec.decode(bytes);
        } catch (BadRecordException e) {
            throw new SerializationException(e.getMessage(), e);
        }
    }
}

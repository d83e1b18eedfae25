package dev.freshet.codec;

import org.apache.kafka.common.serialization.Serializer;

/** A {@link RecordCodec} as a Kafka serializer; null stays null, a tombstone. */
public final class AvroSerializer<T> implements Serializer<T> {

    private final RecordCodec<T> codec;

    public AvroSerializer(RecordCodec<T> codec) {
        this.codec = codec;
    }

    @Override
    public byte[] serialize(String topic, T record) {
        return record == null ? null : codec.encode(record);
    }
}

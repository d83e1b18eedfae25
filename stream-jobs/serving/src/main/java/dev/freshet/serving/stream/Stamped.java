package dev.freshet.serving.stream;

import dev.freshet.codec.BadRecordException;
import dev.freshet.topic.Topic;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.avro.specific.SpecificRecordBase;

/**
 * A record as a store has it: what its copy on the topic alone tells, then the record.
 *
 * @param stamp its offset, or the broker's time of it
 */
record Stamped<T extends SpecificRecordBase>(long stamp, T record) {

    byte[] encode(Topic<T> topic) {
        byte[] bytes = topic.codec().encode(record);
        return ByteBuffer.allocate(Long.BYTES + bytes.length)
                .putLong(stamp)
                .put(bytes)
                .array();
    }

    static <T extends SpecificRecordBase> Stamped<T> decode(Topic<T> topic, byte[] bytes) throws BadRecordException {
        return new Stamped<>(
                ByteBuffer.wrap(bytes).getLong(),
                topic.codec().decode(Arrays.copyOfRange(bytes, Long.BYTES, bytes.length)));
    }
}

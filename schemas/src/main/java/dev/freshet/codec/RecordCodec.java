package dev.freshet.codec;

/**
 * Turns records into bytes and back; the one place that knows the wire format.
 *
 * @param <T> the record
 */
public interface RecordCodec<T> {

    /** The record as bytes, self-describing: a reader needs no more than the schema that wrote it. */
    byte[] encode(T record);

    /**
     * The record in {@code bytes}, resolved to this reader's version of the schema.
     *
     * @throws BadRecordException if the bytes are no record of this type, with a reason fit for a dead letter
     */
    T decode(byte[] bytes) throws BadRecordException;
}

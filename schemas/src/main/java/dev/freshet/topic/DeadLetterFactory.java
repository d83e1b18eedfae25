package dev.freshet.topic;

import dev.freshet.schema.DeadLetter;
import java.nio.ByteBuffer;
import java.time.Instant;

/** Makes the records of the topic dead-letters, none larger than the topic takes. */
public final class DeadLetterFactory {

    /** Longest reason, in characters: a record that breaks the rules may have a name of megabytes, which the reason quotes. */
    static final int MAX_REASON_LENGTH = 4096;

    private DeadLetterFactory() {}

    /**
     * The letter of a record that cannot be used. It holds the record's key and value, unless they are larger than any record of the loop
     * may be: then they are where the letter says.
     *
     * @param timestamp the broker's append time of the record, milliseconds since 1970
     * @param key the record's key, or null
     * @param value the record's value, or null
     * @param reason what is wrong with it, and how to mend it
     * @param job name and version of the job that refuses it
     */
    public static DeadLetter letter(
            String topic,
            int partition,
            long offset,
            long timestamp,
            byte[] key,
            byte[] value,
            String reason,
            String job) {
        boolean fits = length(key) + length(value) <= TopicCatalogue.MAX_RECORD_BYTES;
        String shown = reason.length() > MAX_REASON_LENGTH ? reason.substring(0, MAX_REASON_LENGTH) + "…" : reason;
        return DeadLetter.newBuilder()
                .setTopic(topic)
                .setPartition(partition)
                .setOffset(offset)
                .setKey(fits && key != null ? ByteBuffer.wrap(key) : null)
                .setValue(fits && value != null ? ByteBuffer.wrap(value) : null)
                .setTimestamp(Instant.ofEpochMilli(timestamp))
                .setReason(fits ? shown : shown + " (its bytes are too large for a dead letter: see the record itself)")
                .setJob(job)
                .setRefusedAt(Instant.now())
                .build();
    }

    private static long length(byte[] bytes) {
        return bytes == null ? 0 : bytes.length;
    }
}

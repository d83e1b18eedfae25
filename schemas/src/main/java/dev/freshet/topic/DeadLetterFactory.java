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
        DeadLetter letter = DeadLetter.newBuilder()
                .setTopic(topic)
                .setPartition(partition)
                .setOffset(offset)
                .setKey(key == null ? null : ByteBuffer.wrap(key))
                .setValue(value == null ? null : ByteBuffer.wrap(value))
                .setTimestamp(Instant.ofEpochMilli(timestamp))
                .setReason(reason.length() > MAX_REASON_LENGTH ? reason.substring(0, MAX_REASON_LENGTH) + "…" : reason)
                .setJob(job)
                .setRefusedAt(Instant.now())
                .build();
        return length(key) + length(value) > TopicCatalogue.MAX_RECORD_BYTES ? withoutBytes(letter) : letter;
    }

    /** A letter without its record's key and value, for a topic that takes no larger one. */
    public static DeadLetter withoutBytes(DeadLetter letter) {
        return DeadLetter.newBuilder(letter)
                .setKey(null)
                .setValue(null)
                .setReason(letter.getReason() + " (its bytes are too large for a dead letter: see the record itself)")
                .build();
    }

    private static long length(byte[] bytes) {
        return bytes == null ? 0 : bytes.length;
    }
}

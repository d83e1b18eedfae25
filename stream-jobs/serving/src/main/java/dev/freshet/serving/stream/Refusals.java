package dev.freshet.serving.stream;

/** Where records go that this process refuses: those of neighbors, models and model-embeddings. */
public interface Refusals {

    /**
     * A refused record, as it came.
     *
     * @param timestamp the broker's time of the record, milliseconds since 1970
     * @param key may be null
     * @param value may be null
     */
    record Refused(String topic, int partition, long offset, long timestamp, byte[] key, byte[] value) {}

    /**
     * Sends a record to the dead letters, once however often it is refused.
     *
     * @param reason one line: what is wrong and how to mend it
     */
    void refuse(Refused refused, String reason);
}

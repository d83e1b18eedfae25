package dev.freshet.graphjob;

/** A record as the broker has it. */
public final class RawRecord {

    public String topic;
    public int partition;
    public long offset;

    /** The broker's append time, milliseconds since 1970. */
    public long timestamp;

    public byte[] key;
    public byte[] value;
}

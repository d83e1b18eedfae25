package dev.freshet.graphjob;

/** A record on its way out, for any topic. */
public final class Outbound {

    public String topic;
    public byte[] key;

    /** Null for a tombstone. */
    public byte[] value;

    public Outbound() {}

    Outbound(String topic, byte[] key, byte[] value) {
        this.topic = topic;
        this.key = key;
        this.value = value;
    }
}

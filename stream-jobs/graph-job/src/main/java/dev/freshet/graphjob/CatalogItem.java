package dev.freshet.graphjob;

/** A checked record of the topic items. */
public final class CatalogItem {

    public String item;

    /** The item in Avro single-object encoding; null withdraws it. */
    public byte[] value;

    /** The broker's append time; of an erasure, the time up to which records are erased. Milliseconds since 1970. */
    public long appended;

    /** Whether it is withdrawn because it is to be forgotten. */
    public boolean erased;

    /** Of an erasure: whether the record in force came after it, and stays. */
    public boolean stays;
}

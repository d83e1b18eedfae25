package dev.freshet.graphjob;

/** What one subtask has to say about a cut: its files, its share of the counts, its input positions. */
public final class CutPart {

    /** What the files hold or the counts are of; "" for a part that has neither. */
    public String content = "";

    public int subtask;
    public int parallelism;

    /** Whether the files replace all earlier ones of this content and subtask. */
    public boolean base;

    /** Whether a snapshot was asked for. */
    public boolean requested;

    /** Whether files of earlier cuts hold what is erased. */
    public boolean erased;

    /** Number of the first snapshot whose files are free of all that was erased before it. */
    public long cleanSince;

    /** Whether lists of a job that has lost its state may still be on the topic neighbors. */
    public boolean unswept;

    /** Whether this content is behind the cut on purpose, so that the cut makes no snapshot. */
    public boolean behind;

    /** Whether this content is being computed for the cut, and comes with a later one. */
    public boolean late;

    /** Whether this is what was late. */
    public boolean completes;

    /** How many items changed their feature vectors. */
    public long featureChanges;

    /** A {@link dev.freshet.schema.SnapshotManifest} that has but files, counts and offsets, encoded. */
    public byte[] manifest;

    /** Greatest event time of each partition in the manifest's offsets, milliseconds; the least long for none. */
    public long[] eventTimes = {};
}

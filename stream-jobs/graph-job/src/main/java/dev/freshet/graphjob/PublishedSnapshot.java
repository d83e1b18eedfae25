package dev.freshet.graphjob;

/** What the {@link ManifestAssembler} keeps of a snapshot that is not retired. */
public final class PublishedSnapshot {

    public long number;

    /** Milliseconds since 1970. */
    public long createdAt;

    /** Paths of the files that no later snapshot names. */
    public String[] lastNamed;
}

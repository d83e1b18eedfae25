package dev.freshet.graphjob;

/** What a {@link SnapshotChain} keeps over a restart. */
public final class ChainState {

    public String content;
    public int subtask;
    public int parallelism;
    public long baseRows;
    public long deltaRows;
    public String[] paths;
}

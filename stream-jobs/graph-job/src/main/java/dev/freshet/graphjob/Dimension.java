package dev.freshet.graphjob;

/** The declared length of a modality's vectors. */
public final class Dimension {

    public String modality;
    public int length;
}

package dev.freshet.graphjob;

/** The vector of an item in one modality. */
public final class ItemVector {

    public String item;
    public String modality;

    /** Null where the item has none any more. */
    public float[] vector;

    /** Whether it has none because it is to be forgotten. */
    public boolean erased;

    public ItemVector() {}

    ItemVector(String item, String modality, float[] vector, boolean erased) {
        this.erased = erased;
        this.item = item;
        this.modality = modality;
        this.vector = vector;
    }
}

package dev.freshet.graphjob;

/** The vector of an item in one modality; or that the item is to be forgotten. */
public final class ItemVector {

    public String item;

    /** Null where the item is to be forgotten. */
    public String modality;

    /** Null where the item has none any more. */
    public float[] vector;

    public ItemVector() {}

    ItemVector(String item, String modality, float[] vector) {
        this.item = item;
        this.modality = modality;
        this.vector = vector;
    }

    /** No file may hold what earlier ones have of the item, whether it has vectors now or not. */
    static ItemVector erasure(String item) {
        return new ItemVector(item, null, null);
    }
}

package dev.freshet.serving.stream;

import dev.freshet.serving.score.HistoryItem;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The newest of a user's items of one kind, at most so many, and how many there are in all. */
final class NewestItems {

    private final int most;
    private final List<HistoryItem> items = new ArrayList<>();
    private int total;

    /** @param most how many are kept at hand */
    NewestItems(int most) {
        this.most = most;
    }

    /** How many there are in all. */
    int total() {
        return total;
    }

    /** Those at hand, newest first. */
    List<HistoryItem> items() {
        return Collections.unmodifiableList(items);
    }

    /** Takes an item that was not there. */
    void add(HistoryItem item) {
        total++;
        insert(item);
    }

    /** Takes out an item that was there. */
    void remove(String item) {
        total--;
        items.removeIf(entry -> entry.item().equals(item));
    }

    /** Whether items that belong here are missing, since a newer one was taken out. */
    boolean lacks() {
        return items.size() < Math.min(total, most);
    }

    /** Sets the newest from all that there are, in any order. */
    void refill(Iterable<HistoryItem> all) {
        items.clear();
        all.forEach(this::insert);
    }

    private void insert(HistoryItem entry) {
        int at = Collections.binarySearch(items, entry, HistoryItem.NEWEST_FIRST);
        items.add(at < 0 ? -at - 1 : at, entry);
        if (items.size() > most) {
            items.remove(items.size() - 1);
        }
    }

    void write(DataOutputStream out) throws IOException {
        out.writeInt(total);
        out.writeInt(items.size());
        for (HistoryItem entry : items) {
            out.writeUTF(entry.item());
            out.writeUTF(entry.action());
            out.writeDouble(entry.weight());
            PairState.write(entry.stamp(), out);
        }
    }

    void read(DataInputStream in) throws IOException {
        total = in.readInt();
        int size = in.readInt();
        for (int n = 0; n < size; n++) {
            items.add(new HistoryItem(in.readUTF(), in.readUTF(), in.readDouble(), PairState.readStamp(in)));
        }
    }
}
